/**
 * The digits of an international phone number as people write it: `+7 (912) 345-67-89`, `0049 151 …`.
 * @returns 7 to 15 digits with country code (ITU-T E.164), or null when the text is something else
 */
export function phoneDigits(text: string): string | null {
  if (text.length > 40) return null;
  const bare = text.trim().replace(/[\s().\-–\u2011]/gu, '');
  return /^(?:\+|00)?([1-9]\d{6,14})$/.exec(bare)?.[1] ?? null;
}
