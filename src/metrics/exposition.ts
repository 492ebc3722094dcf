/** A sample: its labels and its value. Labels come from fixed lists of the program, never from what people write. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Writes one metric in the Prometheus text format. */
export function metric(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly Sample[],
): string {
  const lines = samples.map(([labels, value]) => `${name}${labelled(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

/** Counts by one label. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(label: string): void {
    this.#counts.set(label, this.get(label) + 1);
  }

  get(label: string): number {
    return this.#counts.get(label) ?? 0;
  }

  samples(name: string): Sample[] {
    return [...this.#counts].map(([label, count]) => [{ [name]: label }, count]);
  }
}

/** How often a value was at most each of some bounds. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #buckets: number[];
  #sum = 0;
  #count = 0;

  /** @param bounds ascending */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#buckets = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count += 1;
    for (const [index, bound] of this.#bounds.entries()) {
      if (value <= bound) this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    }
  }

  /** Writes it in the Prometheus text format. */
  text(name: string, help: string): string {
    const buckets = this.#bounds.map(
      (bound, index) => `${name}_bucket{le="${bound}"} ${this.#buckets[index] ?? 0}\n`,
    );
    return (
      `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${buckets.join('')}` +
      `${name}_bucket{le="+Inf"} ${this.#count}\n${name}_sum ${this.#sum}\n${name}_count ${this.#count}\n`
    );
  }
}

function labelled(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
