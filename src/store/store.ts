import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { AccountTable } from './account-table.ts';
import { openDatabase } from './database.ts';
import { isCorruption, storageError } from './errors.ts';
import { GroupCommit } from './group-commit.ts';
import { JournalTable } from './journal-table.ts';
import { MediaFolder } from './media-folder.ts';
import { OpenFile } from './open-file.ts';
import { OutboxTable } from './outbox-table.ts';
import { moveAside, salvage } from './salvage.ts';
import { WebhookTable } from './webhook-table.ts';

/** What the gateway keeps on the disk: one database and one folder of media, below `DATA_PATH`. */
export interface Store {
  readonly transactions: GroupCommit;
  readonly outbox: OutboxTable;
  readonly journal: JournalTable;
  readonly webhooks: WebhookTable;
  readonly account: AccountTable;
  /** Files of messages that are not sent yet. */
  readonly outgoingMedia: MediaFolder;
  /** The connection itself, for tests and maintenance. */
  readonly connection: DatabaseSync;
  /** Commits what has gathered, and closes. */
  close(): void;
}

/**
 * Opens the store. A damaged database is moved aside whole, loudly, and what can be read of it is carried over.
 * @throws GatewayError `storage_in_use`, `storage_newer`, `storage_full`, `storage_unavailable`
 */
export function openStore(dataPath: string, log: Logger): Store {
  const path = join(dataPath, 'gateway.db');
  const connection = openOrReplace(path, log);
  let file: OpenFile | null = null;
  const close = () => {
    connection.close();
    file?.close();
  };
  try {
    file = new OpenFile(path);
    const transactions = new GroupCommit(connection, path, file);
    return {
      transactions,
      outbox: new OutboxTable(connection),
      journal: new JournalTable(connection),
      webhooks: new WebhookTable(connection),
      account: new AccountTable(connection),
      outgoingMedia: new MediaFolder(join(dataPath, 'media', 'outbox')),
      connection,
      close() {
        transactions.close();
        close();
      },
    };
  } catch (error) {
    // Its lock would keep the next try out.
    close();
    throw storageError(error, path);
  }
}

function openOrReplace(path: string, log: Logger): DatabaseSync {
  try {
    return openDatabase(path);
  } catch (error) {
    if (!isCorruption(error)) throw error;
    const now = Date.now();
    const { kept, connection, rescued } = replaceDamaged(path, now);
    log.error(
      { reason: messageOf(error), kept, rescued },
      'The database is damaged. It was moved aside whole, a new one was begun, and what could be read was carried over. ' +
        'Check the disk; keep the damaged file until you know that nothing is missed',
    );
    return connection;
  }
}

function replaceDamaged(path: string, now: number) {
  try {
    const kept = moveAside(path, now);
    const connection = openDatabase(path);
    return { kept, connection, rescued: salvage(kept, connection, now) };
  } catch (error) {
    throw storageError(error, path);
  }
}
