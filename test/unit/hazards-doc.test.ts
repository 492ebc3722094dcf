import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const TESTS = ['unit', 'integration', 'e2e'].map((folder) => join(ROOT, 'test', folder));

/** The text of the test file of this name, whichever folder it is in. */
function sourceOf(name: string): string {
  for (const folder of TESTS) {
    const file = readdirSync(folder).find((entry) => entry === `${name}.test.ts` || entry === `${name}.ts`);
    if (file !== undefined) return readFileSync(join(folder, file), 'utf8');
  }
  throw new Error(`no test file is called ${name}`);
}

const rows = readFileSync(join(ROOT, 'docs/hazards.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| (?:-|Hazard)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, hazard = '', , tests = '']) => ({ hazard, tests }));

test.each(rows)('hazard in docs/hazards.md, $hazard, its tests exist', ({ tests }) => {
  if (tests.startsWith('none possible: ')) return;
  const references = tests.split('; ');
  expect(references.length).toBeGreaterThan(0);
  for (const reference of references) {
    const [file, titles] = splitOnce(reference);
    const source = file === 'every hazards file' ? sourceOf('hazards-page') : sourceOf(file);
    const fragments = [...titles.matchAll(/`([^`]+)`/g)].map(([, fragment = '']) => fragment);
    expect(fragments.length, reference).toBeGreaterThan(0);
    for (const fragment of fragments) expect(source, reference).toContain(fragment);
  }
});

function splitOnce(reference: string): [string, string] {
  const at = reference.indexOf(': ');
  return [reference.slice(0, at), reference.slice(at + 2)];
}
