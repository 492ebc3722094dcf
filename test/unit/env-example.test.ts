import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { environmentSchema, readConfig } from '../../src/config.ts';

/** The variables of a part of `.env.example`, commented out or not, with their values; the names in order. */
function variablesOf(text: string): { name: string; value: string; active: boolean }[] {
  return [...text.matchAll(/^(#?) ?([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, hash, name, value]) => ({
    name: name!,
    value: value!,
    active: hash === '',
  }));
}

async function parts(): Promise<{ gateway: string; docker: string }> {
  const text = await readFile('.env.example', 'utf8');
  const [gateway, docker, more] = text.split(/^# --- Docker only -+$/m);
  expect(more).toBeUndefined();
  return { gateway: gateway!, docker: docker! };
}

describe('.env.example', () => {
  it('its variables, compared with the schema, are the same, once each, in the same order', async () => {
    const { gateway } = await parts();
    expect(variablesOf(gateway).map(({ name }) => name)).toEqual(Object.keys(environmentSchema.shape));
  });

  it('its values, all taken, are the defaults', async () => {
    const { gateway } = await parts();
    const environment = Object.fromEntries(variablesOf(gateway).map(({ name, value }) => [name, value]));
    expect(readConfig(environment)).toEqual(readConfig({}));
    // An empty value would pass for any default: a default that can be written down is written down.
    for (const name of Object.keys(environmentSchema.shape) as (keyof typeof environmentSchema.shape)[]) {
      const fallback: unknown = environmentSchema.shape[name].safeParse(undefined).data;
      const written = typeof fallback === 'object' ? '' : JSON.stringify(fallback ?? '').replaceAll('"', '');
      expect([name, environment[name]]).toEqual([name, written]);
    }
  });

  it('its lines, every one, are a variable, a comment or empty; each variable is explained just above', async () => {
    const lines = (await readFile('.env.example', 'utf8')).split('\n');
    let explained = false;
    for (const line of lines) {
      const variable = /^#?[A-Z][A-Z0-9_]*=\S*$/.test(line);
      expect([line, variable || line === '' || line.startsWith('# ')]).toEqual([line, true]);
      if (variable) expect([line, explained]).toEqual([line, true]);
      explained = line.startsWith('# ') || variable;
    }
  });

  it('its Docker part, compared with the compose file, has what that reads and the gateway does not', async () => {
    const { docker } = await parts();
    const compose = await readFile('docker-compose.synology.yml', 'utf8');
    const read = new Map(
      [...compose.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name, value]) => [name!, value!]),
    );
    for (const name of Object.keys(environmentSchema.shape)) read.delete(name);
    expect(new Map(variablesOf(docker).map(({ name, value }) => [name, value]))).toEqual(read);
  });
});
