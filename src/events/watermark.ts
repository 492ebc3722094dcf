/** How far a chat is known: what is older has been written down, or is this account's own. */
export interface Watermark {
  /** The time of the newest message, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The ids of the messages of that second which are known: WhatsApp counts in whole seconds, and more may come. */
  readonly ids: readonly string[];
}

/** The second of a time, in milliseconds. */
export function secondOf(at: number): number {
  return Math.floor(at / 1000) * 1000;
}

/** The further of two; of one second, what either knows. */
export function further(a: Watermark | null, b: Watermark): Watermark {
  if (a === null) return b;
  const difference = secondOf(a.at) - secondOf(b.at);
  if (difference !== 0) return difference > 0 ? a : b;
  return { at: Math.max(a.at, b.at), ids: [...new Set([...a.ids, ...b.ids])] };
}

/** Whether a message is one of those that a watermark stands for. */
export function covers(watermark: Watermark, message: { readonly id: string; readonly at: number }): boolean {
  const difference = secondOf(watermark.at) - secondOf(message.at);
  return difference === 0 ? watermark.ids.includes(message.id) : difference > 0;
}
