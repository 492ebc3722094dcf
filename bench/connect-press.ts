/**
 * From the press of Connect to the QR on the screen, when there is a QR: until the frame is painted in which
 * the image is visible and decoded. The real page in a real browser, over the real REST and Socket.IO.
 *
 *   node bench/connect-press.ts [--presses 30] [--smoke]
 */
import { launchPageBrowser } from '../test/support/page-browser.ts';
import { Reader } from '../test/support/page-reader.ts';
import { PageServer } from '../test/support/page-server.ts';
import { qrStatus } from '../test/support/page-statuses.ts';
import { median, percentile, print } from './support/report.ts';
import { sizes } from './support/sizes.ts';

const GOAL = 100;
const { presses } = sizes({ presses: [30, 2] });

const PRESS = `(async () => {
  const button = [...document.querySelectorAll('button')].find((each) => each.textContent.trim() === 'Connect');
  const started = performance.now();
  button.click();
  const image = document.querySelector('#qr-image');
  await image.decode();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  if (!image.checkVisibility()) throw new Error('the QR is not visible');
  return performance.now() - started;
})()`;

await using server = await PageServer.start();
const browser = await launchPageBrowser();
const times: number[] = [];
try {
  server.session.become(await qrStatus());
  await using reader = await Reader.open(browser, server.url);
  await reader.sees('Waiting for your phone');
  for (let press = 0; press < presses; press += 1) {
    times.push(await reader.ask<number>(PRESS));
    await reader.key('Escape');
  }
} finally {
  await browser.close();
}
print('press of Connect -> QR on the screen, when there is one', [
  ['median', `${median(times).toFixed(0)} ms`, `goal <= ${GOAL} ms`],
  ['p90', `${percentile(times, 0.9).toFixed(0)} ms`],
  ['longest', `${Math.max(...times).toFixed(0)} ms`],
]);
