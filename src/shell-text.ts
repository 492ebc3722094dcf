/** A path as a shell takes it, always in quotes. */
export function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

/** The ids that this process runs with, as `chown` takes them. */
export function ownIds(): string {
  return `${process.getuid?.() ?? '<user>'}:${process.getgid?.() ?? '<group>'}`;
}
