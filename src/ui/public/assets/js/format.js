/**
 * A time span as a clock shows it: `0:07`, `12:30`, `1:05:00`. Rounded up, so that it reaches 0:00 only when it is over.
 * @param {number} ms
 */
export function formatSpan(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const tail = two(seconds % 60);
  return minutes < 60 ? `${minutes}:${tail}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${tail}`;
}

/**
 * A moment in the reader's own time zone; the day only when it is not today.
 * @param {string} iso
 * @param {string} language
 * @param {Date} today
 */
export function formatMoment(iso, language, today) {
  const moment = new Date(iso);
  const sameDay = moment.toDateString() === today.toDateString();
  return new Intl.DateTimeFormat(language, {
    ...(sameDay ? {} : { day: 'numeric', month: 'short' }),
    hour: 'numeric',
    minute: '2-digit',
  }).format(moment);
}

/**
 * A phone number as people read it. Only the two plans that need no table of the world's area codes are grouped.
 * @param {string} digits with country code
 */
export function formatPhone(digits) {
  const russian = /^7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(digits);
  if (russian) return `+7 ${russian[1]} ${russian[2]}-${russian[3]}-${russian[4]}`;
  const american = /^1(\d{3})(\d{3})(\d{4})$/.exec(digits);
  if (american) return `+1 ${american[1]} ${american[2]}-${american[3]}`;
  return `+${digits}`;
}

/**
 * The digits of a phone number as people type it. A Russian mobile number that begins with the trunk
 * prefix 8 is taken for what it is: no country code begins with 89.
 * @param {string} typed
 * @returns {string | null} 7 to 15 digits with country code, or null
 */
export function phoneDigits(typed) {
  const bare = typed.trim().replace(/[\s().\-–‑]/gu, '');
  const digits = /^(?:\+|00)?([1-9]\d{6,14})$/.exec(bare)?.[1];
  if (digits === undefined) return null;
  return /^89\d{9}$/.test(bare) ? `7${digits.slice(1)}` : digits;
}

/**
 * A pairing code as WhatsApp shows it on the phone: `ABCD-1234`.
 * @param {string} code
 */
export function formatCode(code) {
  const bare = code.replace(/[^0-9A-Za-z]/g, '').toUpperCase();
  return bare.length === 8 ? `${bare.slice(0, 4)}-${bare.slice(4)}` : bare;
}
