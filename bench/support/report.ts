/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** The value below which `part` (0–1) of the values lie. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? NaN;
}

/** Median, minimum and maximum of the ratios of two series, pair by pair. */
export function ratios(a: readonly number[], b: readonly number[]): string {
  const all = a.map((value, index) => value / (b[index] ?? NaN));
  return `${median(all).toFixed(2)} (${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)})`;
}

/** Prints one table of a benchmark. */
export function print(title: string, rows: readonly (readonly string[])[]): void {
  const width = Math.max(...rows.map(([name = '']) => name.length));
  process.stdout.write(`\n${title}\n`);
  for (const [name = '', ...cells] of rows)
    process.stdout.write(`  ${name.padEnd(width)}  ${cells.join('   ')}\n`);
}
