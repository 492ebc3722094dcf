/** What travels between the page and the simulated server: plain JSON, wids as text. */
export interface WireKey {
  fromMe: boolean;
  /** The chat's id. */
  remote: string;
  id: string;
  /** The sender, in groups. */
  participant?: string;
}

export interface WireMessage {
  id: WireKey;
  type: string;
  body?: string;
  /** Seconds since 1970. */
  t: number;
  from: string;
  to: string;
  author?: string;
  ack: number;
  [field: string]: unknown;
}

/** A message key as text: `true_15550002222@c.us_3EB0…`, with the participant at the end in groups. */
export function keyText(key: WireKey): string {
  return [String(key.fromMe), key.remote, key.id, ...(key.participant ? [key.participant] : [])].join('_');
}

/** A reason that a caller of the simulator can act on; travels to the page and over the control port by `code`. */
export class SimulatorError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'SimulatorError';
    this.code = code;
  }
}
