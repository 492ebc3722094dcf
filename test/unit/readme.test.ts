import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { environmentSchema } from '../../src/config.ts';

type Name = keyof typeof environmentSchema.shape;

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const [, section = ''] = /^## Configuration$([\s\S]*?)^## /m.exec(README) ?? [];

const code = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** The rows of the table: the variables of the first cell, and the second cell as it stands. */
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split(' | '))
  .map(([names = '', fallback = '']) => ({ names: code(names) as Name[], fallback: fallback.trim() }));

describe('README, configuration', () => {
  it('its variables, compared with the schema, are the same, once each, in the same order', () => {
    expect(rows.flatMap(({ names }) => names)).toEqual(Object.keys(environmentSchema.shape));
  });

  it.each(rows)('$names, compared with the schema, have the defaults that the table tells', (row) => {
    for (const [index, name] of row.names.entries()) {
      const { data: value } = environmentSchema.shape[name].safeParse(undefined);
      if (value === undefined || typeof value === 'object') {
        expect(row.fallback).toMatch(/^(empty|found by itself)/);
      } else {
        expect(code(row.fallback)[index]).toBe(String(value));
      }
    }
  });
});
