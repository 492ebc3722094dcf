import QRCode from 'qrcode';
import type { QrImages } from './session/control.ts';

/** Quiet zone in modules, as ISO/IEC 18004 asks for. */
const MARGIN = 4;
/** Pixels a module. A WhatsApp QR has 57 to 65 modules, so that the picture is about 400 pixels wide. */
const SCALE = 6;

/** White on black whatever the colours of the terminal are: a phone does not read an inverted QR reliably. */
const WHITE_ON_BLACK = '\u001b[97;40m';
const RESET = '\u001b[0m';

/**
 * Draws a QR in every form in which it is asked for.
 * @param payload what the QR says
 * @throws Error when the payload does not fit into a QR (about 2.9 kB)
 */
export async function encodeQr(payload: string): Promise<QrImages> {
  const [png, svg, text] = await Promise.all([
    QRCode.toBuffer(payload, { type: 'png', margin: MARGIN, scale: SCALE }),
    QRCode.toString(payload, { type: 'svg', margin: MARGIN }),
    QRCode.toString(payload, { type: 'utf8', margin: 2 }),
  ]);
  return {
    png,
    dataUrl: `data:image/png;base64,${png.toString('base64')}`,
    svg,
    text: `${text
      .trimEnd()
      .split('\n')
      .map((line) => `${WHITE_ON_BLACK}${line}${RESET}`)
      .join('\n')}\n`,
    raw: payload,
  };
}
