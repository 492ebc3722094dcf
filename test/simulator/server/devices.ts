import { randomBytes } from 'node:crypto';

/** A linked device, as the phone lists it. */
export interface Device {
  readonly id: string;
  readonly secret: string;
  readonly linkedAt: string;
  /** `qr` or `code`. */
  readonly by: 'qr' | 'code';
  /** What the device calls itself. */
  name: string;
  lastSeenAt: string;
  /** Set by a logout, from either side. */
  revokedAt: string | null;
}

/** The devices that the account knows, on the server side: they outlive every browser. */
export class Devices {
  readonly #devices = new Map<string, Device>();

  link(by: 'qr' | 'code'): Device {
    const now = new Date().toISOString();
    const device: Device = {
      id: `device-${this.#devices.size + 1}`,
      secret: randomBytes(16).toString('hex'),
      linkedAt: now,
      by,
      name: 'Browser',
      lastSeenAt: now,
      revokedAt: null,
    };
    this.#devices.set(device.id, device);
    return device;
  }

  /** The device of a stored login; null when it is unknown or no longer linked. */
  authenticate(id: string, secret: string): Device | null {
    const device = this.#devices.get(id);
    if (device?.secret !== secret || device.revokedAt !== null) return null;
    device.lastSeenAt = new Date().toISOString();
    return device;
  }

  revoke(id: string): Device | null {
    const device = this.#devices.get(id);
    if (device?.revokedAt !== null) return null;
    device.revokedAt = new Date().toISOString();
    return device;
  }

  /** All devices that were ever linked, the revoked ones too. */
  get all(): Device[] {
    return [...this.#devices.values()];
  }

  get linked(): Device[] {
    return this.all.filter((device) => device.revokedAt === null);
  }
}
