/**
 * Takes the pictures of the page that the README shows: `node test/support/page-pictures-main.ts`.
 * The files are as the browser writes them; pngquant makes them a third of that.
 */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { StatusBody } from '../../src/session/status.ts';
import { launchPageBrowser } from './page-browser.ts';
import { PHONE, Reader, type Look } from './page-reader.ts';
import { PageServer } from './page-server.ts';
import { CHOWN, qrStatus, statusIn, troubleStatus } from './page-statuses.ts';

interface Picture {
  readonly name: string;
  readonly status: () => StatusBody | Promise<StatusBody>;
  readonly look: Look;
  /** The button that is pressed before. */
  readonly press?: string;
  /** What has to be there when the picture is taken. */
  readonly awaits: string;
}

const account = { id: '15550001111@c.us', phone: '15550001111', name: 'Corner Bakery', platform: 'android' };
const desk: Look = { width: 860, height: 600 };
const qr = () => qrStatus({ seconds: 47 });

const PICTURES: readonly Picture[] = [
  { name: 'page-connect', status: qr, look: desk, press: 'Connect', awaits: 'Scan this code' },
  {
    name: 'page-connect-ru',
    status: qr,
    look: { ...PHONE, touch: false, height: 780, dark: true, languages: ['ru'] },
    press: 'Подключить',
    awaits: 'Отсканируйте код',
  },
  {
    name: 'page-connected',
    status: () => statusIn('ready', { account }),
    look: { ...desk, height: 430 },
    awaits: 'Corner Bakery',
  },
  {
    name: 'page-folder',
    status: () =>
      troubleStatus('failed', 'session_path_not_writable', 6, {
        message: 'Cannot write to /app/.wwebjs_auth: permission denied',
        action: `On the host, in the folder of the compose file: sudo ./fix-permissions.sh  (or: ${CHOWN})`,
      }),
    look: { ...desk, height: 650 },
    awaits: 'sudo ./fix-permissions.sh',
  },
];

const folder = fileURLToPath(new URL('../../docs/images', import.meta.url));
await mkdir(folder, { recursive: true });
const browser = await launchPageBrowser();
const server = await PageServer.start({ version: '0.1.0' });
for (const { name, status, look, press, awaits } of PICTURES) {
  server.session.become(await status());
  await using reader = await Reader.open(browser, server.url, look);
  if (press !== undefined) await reader.press(press);
  await reader.sees(awaits);
  // The focus ring is for whoever is there, not for a picture.
  await reader.ask('document.activeElement.blur()');
  await reader.page.screenshot({ path: `${folder}/${name}.png` });
}
await server[Symbol.asyncDispose]();
await browser.close();
