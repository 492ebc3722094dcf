import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { publicStateOf } from '../../src/session/status.ts';
import { PHASES } from '../support/session-states.ts';
import { reachableEdges } from '../support/session-graph.ts';

const text = await readFile(new URL('../../docs/architecture.md', import.meta.url), 'utf8');

describe('docs/architecture.md, the state diagram', () => {
  it('shows exactly the changes of phase that can happen', () => {
    const diagram = /```mermaid\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const drawn = [...diagram.matchAll(/^\s*(\w+) --> (\w+)/gm)].map(([, from, to]) => `${from} --> ${to}`);
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(drawn.sort()).toEqual([...reachableEdges()].sort());
  });

  it('groups the phases into the public states as the code does', () => {
    const groups = /The five public states are groups of phases: ([\s\S]*?)\. A test/.exec(text)?.[1] ?? '';
    const told = new Map(
      [...groups.matchAll(/`(\w+)`(?: \(([^)]*)\))?/g)].flatMap(([, state, phases]) =>
        (phases ?? state ?? '').split(/,\s*/).map((phase) => [phase, state] as const),
      ),
    );
    for (const phase of PHASES) expect(told.get(phase), phase).toBe(publicStateOf(phase));
  });
});
