/**
 * Waits for `work` at most `ms` milliseconds. The work itself goes on: a late rejection of it is taken up
 * here, so that it can never become an unhandled one.
 * @throws what `work` throws, or what `late` makes when the deadline passes first
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(late()), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
