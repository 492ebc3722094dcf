import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';

import dotenv from 'dotenv';

import type { ConfigProblem } from './config.ts';
import { codeOf, messageOf } from './errors.ts';
import { ownIds, quoted } from './shell-text.ts';

/** The name of the file, and of what is wrong with it. */
export const ENV_FILE = '.env';

/**
 * Takes what `.env` in the working directory sets into the environment; what is set there already stays.
 * @returns what keeps an existing file from being read: without it a gateway would start with the defaults, which
 *   means without its API key. None when there is no file, or the environment has a key
 */
export function readEnvFile(): readonly ConfigProblem[] {
  const { error } = dotenv.config({ quiet: true });
  if (error === undefined) return [];
  const code = codeOf(error);
  const path = resolve(ENV_FILE);
  const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  // With a key in the environment somebody else has read it already: systemd's EnvironmentFile, as root.
  if (!isThere || (process.env['API_KEY'] ?? '').trim() !== '') return [];
  return [{ name: ENV_FILE, message: remedy(path, code ?? messageOf(error)) }];
}

function remedy(path: string, reason: string): string {
  switch (reason) {
    case 'EISDIR':
      return `${path} is a folder; remove it (rmdir ${quoted(path)}) and make a file, or none`;
    case 'ENOENT':
      return `${path} is a link to what does not exist; make that, or remove the link: rm ${quoted(path)}`;
    default:
      return `${path} cannot be read (${reason}); give it to the user of the gateway: sudo chown ${ownIds()} ${quoted(path)}`;
  }
}
