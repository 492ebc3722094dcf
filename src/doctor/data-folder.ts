import { access, constants, realpath } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { codeOf } from '../errors.ts';
import { attempt, locate } from '../session/folder-access.ts';
import { isInContainerOnly } from '../session/folder-advice.ts';
import { readHost } from '../session/folder-host.ts';
import { asGatewayError } from '../session/folder-inspection.ts';
import { judgeSpace, spaceOf } from '../session/folder-verdicts.ts';
import { failed, ok, warning, type Finding } from './finding.ts';

const CHECK = 'data folder';
const WRITE = constants.R_OK | constants.W_OK;

/** Whether messages and events can be kept in `DATA_PATH`. Makes nothing, so that a gateway may run beside it. */
export async function checkDataFolder(dataPath: string): Promise<Finding> {
  const path = resolve(dataPath);
  const host = await readHost();
  try {
    const { existing, missing } = await locate(path);
    const folder = { path, realPath: join(await realpath(existing), ...missing) };
    const [first] = missing;
    await attempt(first === undefined ? 'write' : 'create', join(existing, first ?? ''), () =>
      access(existing, WRITE | constants.X_OK),
    );
    for (const name of ['gateway.db', 'gateway.db-wal', 'media']) await assertWritable(join(path, name));
    if (isInContainerOnly(folder, host)) {
      return warning(
        CHECK,
        `${path} is inside the container and not on a mount: messages and events are lost with the container`,
        `Add this line under volumes: in the compose file and create the container again:  - ./${basename(path)}:${path}`,
      );
    }
    const space = judgeSpace(await spaceOf(existing), path);
    if (typeof space !== 'string') return warning(CHECK, space.message, space.action);
    return ok(CHECK, `${path} can be ${first === undefined ? 'written to' : 'made'}, ${space}`);
  } catch (error) {
    return failed(CHECK, asGatewayError(error, { folder: { path, realPath: path }, profile: path, host }));
  }
}

/** One that is not there yet will be made. */
async function assertWritable(path: string): Promise<void> {
  await attempt('write', path, () =>
    access(path, WRITE).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    }),
  );
}
