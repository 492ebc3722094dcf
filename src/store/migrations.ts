import { readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import { GatewayError } from '../errors.ts';

/** One step forward; the position in the list is the schema version it leads to. Steps are never edited once released. */
const STEPS = ['outbox.sql', 'journal.sql', 'webhooks.sql', 'sizes.sql'] as const;

/**
 * What older programs do not know and need not know: it has no version, so that a program that is rolled back can
 * still open the file.
 */
const UNVERSIONED = ['account.sql', 'watermark-ids.sql', 'refusals.sql'] as const;

/** The schema version of this program. */
export const SCHEMA_VERSION = STEPS.length;

/** @throws GatewayError `storage_newer` when a newer program has written the file */
export function refuseNewer(connection: DatabaseSync, path: string): void {
  const found = versionOf(connection);
  if (found > SCHEMA_VERSION) {
    throw new GatewayError({
      code: 'storage_newer',
      message: `${path} was written by a newer version (schema ${found}, this one knows ${SCHEMA_VERSION})`,
      action:
        'Run the newer version again; or move gateway.db out of DATA_PATH, and a new one is begun without its queue, events and webhooks',
    });
  }
}

/** Brings the schema forward, each step in a transaction of its own with the version it leads to. */
export function migrate(connection: DatabaseSync): void {
  const found = versionOf(connection);
  for (const [index, file] of STEPS.entries()) {
    const version = index + 1;
    if (version <= found) continue;
    const sql = sqlOf(file);
    connection.exec('BEGIN IMMEDIATE');
    try {
      connection.exec(sql);
      connection.exec(`PRAGMA user_version = ${version}`);
      connection.exec('COMMIT');
    } catch (error) {
      if (connection.isTransaction) connection.exec('ROLLBACK');
      throw error;
    }
  }
  for (const file of UNVERSIONED) connection.exec(sqlOf(file));
}

function sqlOf(file: string): string {
  return readFileSync(new URL(`sql/${file}`, import.meta.url), 'utf8');
}

function versionOf(connection: DatabaseSync): number {
  return Number(connection.prepare('PRAGMA user_version').get()?.['user_version']);
}
