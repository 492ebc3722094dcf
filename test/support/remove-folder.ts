import { rm } from 'node:fs/promises';

/** Removes a folder in which a browser may still write: that of a gateway that was killed does so for a moment. */
export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 10 });
}
