/** What a simulated WhatsApp can be told before it starts. Every field has a default. */
export interface SimulatorOptions {
  /** How long one QR ref lives, in milliseconds (20 000 in life). */
  qrRotateMs: number;
  /** After this many refs the page goes to UNPAIRED_IDLE and issues none until `Cmd.refreshQR()`. */
  refsBeforeIdle: number;
  /** `serialized`: message keys own `_serialized`. `minified`: the builds of 2026, see `minifiedName`. */
  vintage: 'serialized' | 'minified';
  /** Name of the only field that holds a message key's text in the `minified` vintage. */
  minifiedName: string;
  /** `window.Debug.VERSION`; the default depends on the vintage. */
  version: string;
  account: AccountSeed;
  contacts: readonly ContactSeed[];
  groups: readonly GroupSeed[];
  /** Duration from CONNECTED to synced, in milliseconds, spread over `progress`. */
  syncMs: number;
  /** Percentages that the page reports while it syncs. */
  progress: readonly number[];
  /** Delay between the page's scripts running and `Debug.VERSION` appearing, in milliseconds. */
  bootMs: number;
  /**
   * Where the login of a device must be found. `both`: IndexedDB and localStorage, as in life, where Chromium
   * loses the latter when it is killed within some seconds. `indexedDB` survives every kill.
   */
  loginIn: 'both' | 'indexedDB';
  /** How many messages of a chat are in the page's memory after a load; the rest comes by `loadEarlierMsgs`. */
  initialMessages: number;
  /** The receipts that follow a delivered message by themselves: 1 server, 2 device, 3 read. */
  autoAck: 0 | 1 | 2 | 3;
  /** Delay before each automatic receipt, in milliseconds. */
  autoAckDelayMs: number;
  /** Whether a message that was added but not handed over when the page died is sent again by the next load. */
  resendOnReload: boolean;
  /**
   * What happens with messages that arrive while no page is connected: `silent` puts them into the store
   * before the sync ends, so that no event is heard (as in life); `events` fires them once a listener is there.
   */
  offlineDelivery: 'silent' | 'events';
  /** Whether a 1:1 chat is addressed by the privacy id (`@lid`) when the contact has one. */
  lidChats: boolean;
  /** Numbers that are registered under other digits (the extra 9 of Brazil, for example). */
  aliases: Readonly<Record<string, string>>;
  /** Whether a number that is neither contact nor alias has an account. */
  isRegistered: (digits: string) => boolean;
  /** Address of the control server (the "phone"). */
  controlHost: string;
  controlPort: number;
}

export interface AccountSeed {
  /** Digits with country code. */
  pn: string;
  lid: string;
  pushname: string;
  platform: string;
}

export interface ContactSeed {
  pn: string;
  lid?: string;
  name?: string;
  pushname?: string;
  isBusiness?: boolean;
  /** Privacy setting: nobody adds this person to a group; an invitation is sent instead. */
  groupInviteOnly?: boolean;
}

export interface GroupSeed {
  /** The part before `@g.us`. */
  id: string;
  subject: string;
  /** Digits of the members; the account itself is added as an admin unless `admin` is false. */
  participants: readonly string[];
  admin?: boolean;
  /** Whether the account is in it; false for a group that it can join by its invitation. Default true. */
  member?: boolean;
}

export const VERSIONS = { serialized: '2.3000.1030110000', minified: '2.3000.1042401057' } as const;

export const DEFAULTS: Omit<SimulatorOptions, 'version'> = {
  qrRotateMs: 20_000,
  refsBeforeIdle: 6,
  vintage: 'serialized',
  minifiedName: '$1',
  account: { pn: '15550001111', lid: '100000000001111', pushname: 'Gateway', platform: 'android' },
  contacts: [
    { pn: '15550002222', lid: '200000000002222', name: 'Alice Example', pushname: 'Alice' },
    { pn: '15550003333', lid: '300000000003333', name: 'Bob Example', pushname: 'Bob' },
  ],
  groups: [{ id: '120363000000000001', subject: 'Family', participants: ['15550002222', '15550003333'] }],
  syncMs: 60,
  progress: [0, 40, 80, 100],
  bootMs: 0,
  loginIn: 'both',
  initialMessages: 1,
  autoAck: 1,
  autoAckDelayMs: 0,
  resendOnReload: true,
  offlineDelivery: 'silent',
  lidChats: false,
  aliases: {},
  isRegistered: (digits) => /^[1-9]\d{6,14}$/.test(digits) && !digits.endsWith('0000'),
  controlHost: '127.0.0.1',
  controlPort: 0,
};

/** Fills the gaps of `given` with the defaults. */
export function resolveOptions(given: Partial<SimulatorOptions>): SimulatorOptions {
  const merged = { ...DEFAULTS, ...given };
  return { ...merged, version: given.version ?? VERSIONS[merged.vintage] };
}
