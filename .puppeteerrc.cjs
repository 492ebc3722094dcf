// The browser is found or unpacked by src/whatsapp/browser.ts. Puppeteer's own
// download comes from a host that many networks do not reach, and then fails
// the whole `npm ci`.
module.exports = { skipDownload: true };
