import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { PUBLIC_DIR } from '../support/page-server.ts';

const ASSETS = join(PUBLIC_DIR, 'assets');
const html = await readFile(join(PUBLIC_DIR, 'index.html'), 'utf8');

describe('index.html', () => {
  test('scripts, listed in the folder, are all asked for at once', async () => {
    const files = [...(await list('js')), ...(await list('words'))].filter((file) => file !== 'js/main.js');
    const expected = [...files, 'socket.io.esm.min.js'].map((file) => `/whatsapp/assets/${file}`);
    const preloaded = [...html.matchAll(/rel="modulepreload" href="([^"]+)"/g)].map(([, href]) => href);
    expect(preloaded.sort()).toEqual(expected.sort());
  });

  test('style sheets, listed in the folder, are all linked', async () => {
    const linked = [...html.matchAll(/rel="stylesheet" href="\/whatsapp\/assets\/([^"]+)"/g)].map(
      ([, href]) => href,
    );
    expect(linked.sort()).toEqual((await list('css')).sort());
  });

  test('addresses, in every file of the page, stay on the gateway', async () => {
    const files = [
      '../index.html',
      'icon.svg',
      ...(await list('js')),
      ...(await list('traffic')),
      ...(await list('css')),
      ...(await list('words')),
    ];
    for (const file of files) {
      const text = await readFile(join(ASSETS, file), 'utf8');
      const remote = [...text.matchAll(/(?:https?:)?\/\/[\w.-]+\.\w+[^\s'"]*/g)].map(([url]) => url);
      expect([file, remote.filter((url) => url !== 'http://www.w3.org/2000/svg')]).toEqual([file, []]);
    }
  });

  test('scripts and styles, under the security policy, are never inline', () => {
    expect(html).not.toMatch(/<style|\sstyle="|\son\w+="/);
    expect([...html.matchAll(/<script(?![^>]*\ssrc=)/g)]).toEqual([]);
  });
});

describe('colours', () => {
  /** Text on its ground: WCAG 2.2 asks for 4.5. */
  const TEXT: readonly (readonly [string, string])[] = [
    ['--ink', '--ground'],
    ['--ink', '--surface'],
    ['--ink', '--sunken'],
    ['--ink-soft', '--ground'],
    ['--ink-soft', '--surface'],
    ['--ink-soft', '--sunken'],
    ['--accent', '--sunken'],
    ['--accent', '--accent-wash'],
    ['--accent-ink', '--accent'],
    ['--accent-ink', '--accent-strong'],
    ['--ink', '--warn-wash'],
    ['--warn', '--warn-wash'],
    ['--bad', '--surface'],
    ['--bad', '--bad-wash'],
    ['--surface', '--bad'],
  ];
  /** Borders of controls and what has the focus: 3. */
  const EDGES: readonly (readonly [string, string])[] = [
    ['--edge', '--ground'],
    ['--edge', '--surface'],
    ['--accent', '--surface'],
    ['--accent', '--ground'],
  ];

  test.each(['light', 'dark'] as const)('%s, measured, has enough contrast', async (scheme) => {
    const css = await readFile(join(ASSETS, 'css/base.css'), 'utf8');
    const colours = coloursOf(css, scheme);
    const poor = (pairs: typeof TEXT, least: number) =>
      pairs.filter(([front, back]) => contrast(colour(colours, front), colour(colours, back)) < least);
    expect(poor(TEXT, 4.5)).toEqual([]);
    expect(poor(EDGES, 3)).toEqual([]);
  });
});

async function list(folder: string): Promise<string[]> {
  return (await readdir(join(ASSETS, folder))).map((name) => `${folder}/${name}`);
}

function coloursOf(css: string, scheme: 'light' | 'dark'): Map<string, string> {
  const blocks = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, block]) => block ?? '');
  const used = scheme === 'light' ? blocks.slice(0, 1) : blocks.slice(0, 2);
  const pairs = used.join('\n').matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g);
  return new Map([...pairs].map(([, name = '', value = '']) => [name, value]));
}

function colour(colours: ReadonlyMap<string, string>, name: string): string {
  const value = colours.get(name);
  if (value === undefined) throw new Error(`there is no colour ${name}`);
  return value;
}

/** Contrast ratio of two colours, as WCAG 2.2 defines it. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
