import type { Browser, Page } from 'puppeteer';
import wwebjs from 'whatsapp-web.js';

/** The library's parts that its type declarations leave out. */
interface Injectable {
  inject(): Promise<void>;
}

/**
 * whatsapp-web.js's client, without its lifecycle. The library is used for what it is good at, the scripts
 * in the page and the messages; launching, navigating, ending and logging out are the driver's, because the
 * library's own versions cannot be interrupted, reject where nobody listens, and delete a live profile.
 *
 * The profile is given to the browser directly, in the place where the library's LocalAuth keeps it
 * (`<session path>/session-<client id>`), so that a login made with the plain library is found.
 */
export class PageClient extends wwebjs.Client {
  constructor() {
    super({
      // Does nothing on logout and disconnect, where LocalAuth removes the profile of the running browser.
      authStrategy: new wwebjs.NoAuth(),
      // The default writes `.wwebjs_cache` into the working directory; where that is not writable, the
      // client is never ready and says nothing.
      webVersionCache: { type: 'none' },
    });
  }

  /** Uses a page that the driver has opened. */
  attach(browser: Browser, page: Page): void {
    this.pupBrowser = browser;
    this.pupPage = page;
  }

  /**
   * Loads the library's scripts into the present document and, on an unlinked page, begins to emit QRs.
   * It may never settle: the caller keeps a deadline.
   * @throws whatever the page or the library throws, strings included
   */
  async inject(): Promise<void> {
    await (wwebjs.Client.prototype as unknown as Injectable).inject.call(this);
  }

  /** The library calls this by itself, unawaited, on some states. Ending the browser is the driver's. */
  override destroy(): Promise<void> {
    return Promise.resolve();
  }
}
