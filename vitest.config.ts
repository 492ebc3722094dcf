import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of few lines that take minutes; the longest first. */
const LONG = [
  'test/crash/core.test.ts',
  'test/integration/bare-machine.test.ts',
  'test/crash/gateway.test.ts',
];

/**
 * On a fresh checkout vitest begins with the largest files. What takes long comes before them: begun last, it would
 * run alone at the end.
 */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONG.findIndex((path) => moduleId.endsWith(path));
      return place === -1 ? LONG.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Most tests wait for a browser or another process, so that three have work for two cores.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongFirst },
    coverage: {
      provider: 'v8',
      // What the gate is for; measuring the rest as well would take its time from the tests.
      include: ['src/session/**/*.ts'],
      reporter: ['text-summary', 'html'],
      thresholds: { 'src/session/**': { branches: 100 } },
    },
  },
});
