import { join } from 'node:path';
import { findProcessesUsingProfile, type ProcessInfo } from '../../src/whatsapp/processes.ts';

/** The profile that a gateway with the default client id has below its session path. */
export function profileOf(sessionPath: string): string {
  return join(sessionPath, 'session-whatsapp-client');
}

/** Helpers are told by their type; they may have rewritten their command line into one word. */
export const isMain = ({ argv }: ProcessInfo): boolean => !argv.some((arg) => arg.includes('--type='));

export const isRenderer = ({ argv }: ProcessInfo): boolean =>
  argv.some((arg) => arg.includes('--type=renderer'));

/** Sends a signal to those of a profile's processes that are wanted. @returns their pids */
export async function signalBrowser(
  profile: string,
  signal: NodeJS.Signals,
  wanted: (entry: ProcessInfo) => boolean = () => true,
): Promise<number[]> {
  const pids = (await findProcessesUsingProfile(profile)).filter(wanted).map(({ pid }) => pid);
  if (pids.length === 0) throw new Error(`no process to send ${signal}`);
  for (const pid of pids) process.kill(pid, signal);
  return pids;
}
