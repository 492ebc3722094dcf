import { parseArgs } from 'node:util';

/**
 * How large a benchmark is: `--<name> <number>` for each name, `--smoke` for sizes that only show that it runs.
 * @param known the size of each name: the usual one, and the one of `--smoke`
 * @throws Error for an option that the benchmark does not have, or a value that is no positive number
 */
export function sizes<Name extends string>(
  known: Readonly<Record<Name, readonly [usual: number, smoke: number]>>,
): Record<Name, number> {
  const names = Object.keys(known) as Name[];
  const { values } = parseArgs({
    options: {
      smoke: { type: 'boolean', default: false },
      ...Object.fromEntries(names.map((name) => [name, { type: 'string' } as const])),
    },
  }) as { values: Partial<Record<Name, string>> & { smoke: boolean } };
  const size = (name: Name) => {
    const [usual, smoke] = known[name];
    const number = Number(values[name] ?? (values.smoke ? smoke : usual));
    if (!(number > 0)) throw new Error(`--${name}: expected a positive number`);
    return [name, number] as const;
  };
  return Object.fromEntries(names.map(size)) as Record<Name, number>;
}
