import type { GatewayError } from '../../src/errors.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/session/policy.ts';
import type { QrImages } from '../../src/session/control.ts';
import type { SessionLog } from '../../src/session/ports.ts';
import { Session } from '../../src/session/session.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeDriver } from './fake-driver.ts';

/** A log that keeps its lines. */
export class RecordingLog implements SessionLog {
  readonly lines: { level: string; fields: object; message: string }[] = [];
  debug(fields: object, message: string): void {
    this.lines.push({ level: 'debug', fields, message });
  }
  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', fields, message });
  }
  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', fields, message });
  }
  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', fields, message });
  }
  /** The messages that hold `text`. */
  with(text: string): string[] {
    return this.lines.map(({ message }) => message).filter((message) => message.includes(text));
  }
}

/** A session over a scriptable driver, with time that a test moves. */
export function sessionRig(options: { policy?: Partial<Policy> } = {}) {
  const clock = new FakeClock();
  const driver = new FakeDriver();
  const log = new RecordingLog();
  const rig = {
    clock,
    driver,
    log,
    /** Thrown by the next checks until it is null again. */
    checkError: null as Error | null,
    checks: 0,
    removeError: null as Error | null,
    /** What is found to be wrong with the stored login. */
    loginProblem: null as GatewayError | null,
    /** What a look at it waits for. */
    loginLook: Promise.resolve(),
    /** Why it cannot be looked at. */
    lookError: null as Error | null,
    removals: 0,
    encoded: [] as string[],
    encodeError: null as Error | null,
    session: null as unknown as Session,
  };
  rig.session = new Session({
    driver,
    clock,
    log,
    random: () => 0.5,
    policy: { ...DEFAULT_POLICY, ...options.policy },
    preflight: async () => {
      rig.checks += 1;
      if (rig.checkError !== null) throw rig.checkError;
      return Promise.resolve();
    },
    login: {
      problem: async () => {
        if (rig.lookError !== null) throw rig.lookError;
        await rig.loginLook;
        return Promise.resolve(rig.loginProblem);
      },
      remove: async () => {
        if (driver.alive.length > 0) throw new Error('the login is removed under a living browser');
        rig.removals += 1;
        if (rig.removeError !== null) throw rig.removeError;
        return Promise.resolve();
      },
    },
    encodeQr: async (payload) => {
      rig.encoded.push(payload);
      if (rig.encodeError !== null) throw rig.encodeError;
      return Promise.resolve(fakeImages(payload));
    },
  });
  return rig;
}

function fakeImages(payload: string): QrImages {
  return {
    png: Buffer.from(payload),
    dataUrl: `data:${payload}`,
    svg: `<svg>${payload}`,
    text: payload,
    raw: payload,
  };
}

/** Lets everything run that waits for nothing but a promise. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
