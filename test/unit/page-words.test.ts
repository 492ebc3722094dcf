import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { httpStatusOf, isErrorCode, type ErrorCode } from '../../src/errors.ts';
import { en, ru } from '../support/page-modules.ts';
import { PUBLIC_DIR } from '../support/page-server.ts';

const SERVICE_UNAVAILABLE = 503;

/** The compiler holds this list against the program's table: a code that is missing here is a type error. */
const EVERY_CODE = Object.keys({
  session_path_not_writable: true,
  session_path_not_creatable: true,
  session_path_not_a_directory: true,
  session_path_read_only: true,
  session_path_no_space: true,
  session_path_deleted: true,
  session_path_dangling_link: true,
  session_path_not_mounted: true,
  session_profile_not_writable: true,
  session_path_unusable: true,
  profile_in_use: true,
  browser_not_found: true,
  browser_failed: true,
  browser_crashed: true,
  browser_unresponsive: true,
  page_crashed: true,
  whatsapp_unreachable: true,
  load_timeout: true,
  sync_timeout: true,
  qr_stale: true,
  logged_out: true,
  unpaired: true,
  conflict: true,
  outdated: true,
  blocked: true,
  passkey_required: true,
  stopped: true,
  login_not_removed: true,
  unlink_unconfirmed: true,
  no_login: true,
  backup_failed: true,
  backup_invalid: true,
  invalid_request: true,
  unauthorized: true,
  forbidden_origin: true,
  not_found: true,
  method_not_allowed: true,
  not_acceptable: true,
  wrong_state: true,
  no_qr: true,
  not_connected: true,
  precondition_failed: true,
  payload_too_large: true,
  unsupported_media_type: true,
  range_not_satisfiable: true,
  unprocessable: true,
  pairing_failed: true,
  timeout: true,
  invalid_recipient: true,
  unknown_number: true,
  idempotency_conflict: true,
  media_refused: true,
  queue_full: true,
  too_busy: true,
  storage_full: true,
  storage_unavailable: true,
  storage_in_use: true,
  storage_newer: true,
  internal: true,
} satisfies Record<ErrorCode, true>) as ErrorCode[];

const sources = await pageSources();

describe('words', () => {
  test('Russian and English, compared, have the same keys', () => {
    expect(Object.keys(ru).sort()).toEqual(Object.keys(en).sort());
  });

  test('Russian and English, compared, have the same holes to fill in', () => {
    const holes = (words: string | undefined) => (words?.match(/\{\w+\}/g) ?? []).sort();
    for (const key of Object.keys(en)) expect([key, holes(ru[key])]).toEqual([key, holes(en[key])]);
  });

  test('Russian, read, holds Cyrillic wherever English is not a name', () => {
    const latin = Object.keys(ru).filter((key) => !/[а-яё]/i.test(ru[key] ?? ''));
    const names = [
      'progress.percent',
      'platform.android',
      'platform.iphone',
      'platform.smba',
      'platform.smbi',
    ];
    expect(latin.sort()).toEqual(names.sort());
  });

  test('every reason of a session, in both languages, has a title and a hint', () => {
    // The state of the storage is none of the session.
    const reasons = EVERY_CODE.filter(
      (code) => httpStatusOf(code) === SERVICE_UNAVAILABLE && !code.startsWith('storage_'),
    );
    expect(reasons.length).toBeGreaterThan(20);
    for (const words of [en, ru]) {
      const missing = reasons.flatMap((code) =>
        [`reason.${code}.title`, `reason.${code}.hint`].filter((key) => words[key] === undefined),
      );
      expect(missing).toEqual([]);
    }
  });

  test('reasons and errors, looked up in the table of codes, exist there', () => {
    const codes = Object.keys(en)
      .filter((key) => /^(reason|error)\./.test(key))
      .map((key) => key.split('.')[1] ?? '');
    // `unreachable` is what the page itself finds out, `other` what it says when it has no words.
    const unknown = codes.filter((code) => !isErrorCode(code) && code !== 'unreachable' && code !== 'other');
    expect(unknown).toEqual([]);
  });

  test('every key, looked for in the page, is used', () => {
    const composed = /^(state|reason|error|platform|retry|recheck|remedy|outbox\.(status|kind|reason))\./;
    const unused = Object.keys(en).filter(
      (key) => !composed.test(key) && !sources.includes(`'${key}'`) && !sources.includes(`"${key}"`),
    );
    expect(unused).toEqual([]);
  });

  test('every key that the page names, looked up, has words', () => {
    const named = [...sources.matchAll(/data-t(?:-label)?="([^"]+)"|\bt\('([^']+)'/g)];
    expect(named.length).toBeGreaterThan(50);
    const missing = named
      .map(([, inHtml, inScript]) => inHtml ?? inScript ?? '')
      .filter((key) => !(key in en));
    expect(missing).toEqual([]);
  });
});

/** The page without its words, as one text. */
async function pageSources(): Promise<string> {
  const folders = ['js', 'traffic'].map((name) => join(PUBLIC_DIR, 'assets', name));
  const listed = folders.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name)));
  const files = (await Promise.all(listed)).flat();
  const texts = await Promise.all(
    [join(PUBLIC_DIR, 'index.html'), ...files].map((file) => readFile(file, 'utf8')),
  );
  return texts.join('\n');
}
