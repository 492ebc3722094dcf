/** Polls `condition` until it returns a truthy value and returns that value.
 *
 * @param condition called every `intervalMs`; a throw counts as "not yet" and is the cause of the final error
 * @param options.timeoutMs deadline in milliseconds (default 30 000: generous, so that a loaded machine passes)
 * @throws Error naming `what` when the deadline passes
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { what?: string; timeoutMs?: number; intervalMs?: number } = {},
): Promise<NonNullable<T>> {
  const { what = 'condition', timeoutMs = 30_000, intervalMs = 20 } = options;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`timed out after ${timeoutMs} ms waiting for ${what}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
