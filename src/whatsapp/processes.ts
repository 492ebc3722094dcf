/** The processes of a browser: which there are, how they end, and whose they were. */
export { killProcessTree, type KillResult } from './kill-process-tree.ts';
export { processGroupMembers, type ProcessInfo } from './process-table.ts';
export { findProcessesUsingProfile, reapOrphans, type ReapResult } from './reap-orphans.ts';
