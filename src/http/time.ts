/** Years 0000 and 9999: what RFC 3339 can say. A zone or a `ttl` moves a time that was given beyond them. */
const EARLIEST = Date.parse('0000-01-01T00:00:00Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

/** A time as every answer has it. @param time milliseconds since the Unix epoch; what RFC 3339 cannot say is cut off */
export function iso(time: number): string {
  return new Date(Math.min(Math.max(time, EARLIEST), LATEST)).toISOString();
}

/** As `iso`. */
export function isoOrNull(time: number | null): string | null {
  return time === null ? null : iso(time);
}
