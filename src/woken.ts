/**
 * Resolves when what was subscribed to calls back, or when `signal` aborts; never rejects.
 * @param subscribe is given the callback, and returns the function that ends the subscription
 */
export function woken(subscribe: (wake: () => void) => () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      unsubscribe();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const unsubscribe = subscribe(end);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
