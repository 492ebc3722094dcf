import { randomBytes } from 'node:crypto';
import type { PageLink } from './page-hub.ts';
import type { SimulatorOptions } from '../options.ts';
import { SimulatorError } from './wire.ts';

/** One QR as the page was given it. */
export interface IssuedQr {
  /** The text that the library draws: ref, noise key, identity key, ADV secret, platform. */
  readonly text: string;
  readonly ref: string;
  readonly noise: string;
  readonly identity: string;
  readonly adv: string;
  readonly platform: string;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly pageId: string;
}

interface Series {
  timer: NodeJS.Timeout | null;
  /** The refs that a phone may still scan: the current one and, shortly, the one before. */
  valid: IssuedQr[];
  count: number;
}

/** Issues refs to the pages that wait to be linked, and knows which of them a phone may still scan. */
export class QrIssuer {
  readonly issued: IssuedQr[] = [];
  readonly #options: SimulatorOptions;
  readonly #onIssued: () => void;
  readonly #series = new Map<PageLink, Series>();

  constructor(options: SimulatorOptions, onIssued: () => void) {
    this.#options = options;
    this.#onIssued = onIssued;
  }

  /** Begins a series of refs for a page. Resolves with the first; the following are pushed. */
  start(page: PageLink): string {
    this.stop(page);
    const series: Series = { timer: null, valid: [], count: 0 };
    this.#series.set(page, series);
    series.timer = setInterval(() => {
      if (series.count >= this.#options.refsBeforeIdle) {
        this.stop(page);
        void page.call('qrIdle');
      } else {
        void page.call('ref', { ref: this.#issue(page, series) });
      }
    }, this.#options.qrRotateMs);
    return this.#issue(page, series);
  }

  /** Ends the series of a page; none of its codes can be scanned any more. */
  stop(page: PageLink): void {
    const series = this.#series.get(page);
    if (series?.timer) clearInterval(series.timer);
    this.#series.delete(page);
  }

  stopAll(): void {
    for (const page of [...this.#series.keys()]) this.stop(page);
  }

  /** The code that a phone would see now, or null. */
  current(): IssuedQr | null {
    const series = [...this.#series.values()].at(-1);
    return series?.valid[0] ?? null;
  }

  /**
   * The page that shows this text; without a text, the one that shows the newest code.
   * @throws SimulatorError `no_qr` or `qr_stale`
   */
  scanned(text?: string): PageLink {
    for (const [page, series] of [...this.#series].reverse()) {
      if (series.valid.some((qr) => text === undefined || qr.text === text)) return page;
    }
    if (text === undefined) throw new SimulatorError('no_qr', 'no page shows a QR code');
    throw new SimulatorError('qr_stale', 'this QR code is not valid (any more)');
  }

  #issue(page: PageLink, series: Series): string {
    if (!page.keys) throw new SimulatorError('no_keys', 'the page has not said its keys');
    const ref = `2@${randomBytes(48).toString('base64')}`;
    const { noise, identity, adv, platform } = page.keys;
    const text = [ref, noise, identity, adv, platform].join(',');
    const qr = { text, ref, noise, identity, adv, platform, issuedAt: Date.now(), pageId: page.id };
    this.issued.push(qr);
    series.valid = [qr, ...series.valid.slice(0, 1)];
    series.count += 1;
    this.#onIssued();
    return ref;
  }
}
