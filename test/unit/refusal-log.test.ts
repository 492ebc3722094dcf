import { describe, expect, test } from 'vitest';

import { refusalLog } from '../../src/border/refusal-log.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLogger } from '../support/serve.ts';

function start() {
  const clock = new FakeClock();
  const { logger, lines } = recordingLogger();
  return { clock, lines, refused: refusalLog(logger, clock, 'refused') };
}

describe('refusal log', () => {
  test('one refusal, told at once and never again', () => {
    const { clock, lines, refused } = start();
    refused({ path: '/a' });
    expect(lines).toMatchObject([{ level: 'warn', msg: 'refused', path: '/a' }]);
    clock.advance(600_000);
    expect(lines).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('a flood of ten minutes, one line a minute, and together they count every refusal', () => {
    const { clock, lines, refused } = start();
    for (let second = 0; second < 600; second += 1) {
      for (let n = 0; n < 100; n += 1) refused({ n });
      clock.advance(1_000);
    }
    clock.advance(60_000);
    expect(lines).toHaveLength(11);
    const counts = lines.map(({ count }) => (count as number | undefined) ?? 1);
    expect(counts.reduce((sum, count) => sum + count)).toBe(60_000);
    expect(lines.at(-1)).toMatchObject({ n: 99 });
  });

  test('after a quiet time, told at once again', () => {
    const { clock, lines, refused } = start();
    refused({});
    clock.advance(60_000);
    refused({});
    expect(lines).toHaveLength(2);
  });
});
