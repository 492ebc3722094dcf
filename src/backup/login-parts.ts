import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, GatewayError } from '../errors.ts';

/**
 * What of a profile is the login; without the first there is none. The rest is cache and preferences, which Chromium
 * makes anew, and which would make an archive a hundred times as large.
 */
export const LOGIN_PARTS = ['Default/IndexedDB', 'Default/Local Storage'] as const;

/** Who a file is given to when root has made it. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A folder's owner, for what root makes in its name; null for everybody else, who can give nothing away. */
export async function ownerFor(folder: string): Promise<Owner | null> {
  if (process.geteuid?.() !== 0) return null;
  const { uid, gid } = await stat(folder);
  return { uid, gid };
}

/**
 * The parts of the login that a profile has, as paths inside it.
 * @throws GatewayError `no_login`
 */
export async function loginParts(profile: string): Promise<string[]> {
  const found: string[] = [];
  for (const part of LOGIN_PARTS) if (await isFolder(join(profile, part))) found.push(part);
  if (found.includes(LOGIN_PARTS[0])) return found;
  throw new GatewayError({
    code: 'no_login',
    message: `There is no WhatsApp login in ${profile}`,
    action:
      'Check WHATSAPP_SESSION_PATH and WHATSAPP_CLIENT_ID, or link a phone first; npm run doctor shows what is there',
  });
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      // What may not be looked at may well be there.
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return false;
      throw error;
    },
  );
}
