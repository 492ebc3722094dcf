/**
 * `npm test`: every runner of the suite, side by side, and one line that adds them up.
 * `npm test -- PATTERN` gives the pattern to vitest and leaves the shell suite out.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Result {
  readonly count: Count;
  readonly ok: boolean;
}

interface Finished {
  readonly ok: boolean;
  readonly output: string;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

/**
 * The tests of the session alone hold its coverage to the threshold (vitest.config.ts). The others run without: to
 * count costs them a fifth of their time. These are the beginnings of their paths.
 */
const SESSION_TESTS = [
  'test/unit/',
  'test/integration/session-',
  'test/integration/folder-lock',
  'test/integration/profile-locks',
  'test/integration/backup-archive',
  'test/integration/http-',
  'test/integration/driver-contract-fake',
  'test/integration/doctor',
];

const patterns = process.argv.slice(2);
// Both wait a lot: for browsers and for a fake docker. What the second says is shown when the first is done.
const beside = patterns.length === 0 ? run('bash', ['test/shell/run.sh'], { show: false }) : null;
const results: Result[] = [];
if (patterns.length > 0) {
  results.push(await vitest(patterns));
} else {
  results.push(await vitest([...SESSION_TESTS, '--coverage']));
  results.push(await vitest(SESSION_TESTS.map((start) => `--exclude=${start}**`)));
}
if (beside !== null) results.push(await shell(beside));

const total = (key: keyof Count) => results.reduce((sum, { count }) => sum + count[key], 0);
process.stdout.write(`\n${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped\n`);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

/** Runs vitest with arguments of its own: which tests, and how. */
async function vitest(given: readonly string[]): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'whatsapp-gateway-test-'));
  const report = join(folder, 'report.json');
  try {
    const args = ['run', ...given, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { ok } = await run('node_modules/.bin/vitest', args);
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      await readFile(report, 'utf8'),
    ) as VitestReport;
    return {
      ok,
      count: { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The suites of the shell scripts; they end with a line of the same form. */
async function shell(running: Promise<Finished>): Promise<Result> {
  const { ok, output } = await running;
  process.stdout.write(`\n${output}`);
  const line = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/m.exec(output);
  if (line === null) return { ok: false, count: { passed: 0, failed: 1, skipped: 0 } };
  return { ok, count: { passed: Number(line[1]), failed: Number(line[2]), skipped: Number(line[3] ?? 0) } };
}

async function run(command: string, args: readonly string[], { show = true } = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (show) process.stdout.write(text);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}
