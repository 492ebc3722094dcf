// Media out (prepare, upload) and in (download). Bytes lie on the simulated server under their direct path.
import { faults } from './config.js';
import { Model } from './models.js';
import { define } from './registry.js';

const base64 = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(''));
const sha256 = async (blob) => base64(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
const randomKey = () => base64(crypto.getRandomValues(new Uint8Array(32)));

class OpaqueData {
  #blob;
  #url = null;
  constructor(blob, mimetype) {
    this.#blob = blob;
    this.type = mimetype;
    this.size = blob.size;
  }
  static async createFromData(blob, mimetype) {
    return new OpaqueData(blob, mimetype);
  }
  url() {
    this.#url ??= URL.createObjectURL(this.#blob);
    return this.#url;
  }
  autorelease() {}
  formData() {
    return this.#blob;
  }
}

class MediaData extends Model {
  toJSON() {
    const plain = this.serialize();
    delete plain.mediaBlob;
    return plain;
  }
}

function typeOf(mimetype, { asSticker, asDocument, isPtt }) {
  if (asDocument) return 'document';
  if (asSticker) return 'sticker';
  const [kind] = mimetype.split('/');
  if (kind === 'audio') return isPtt ? 'ptt' : 'audio';
  return ['image', 'video'].includes(kind) ? kind : 'document';
}

async function dimensions(type, blob) {
  if (type !== 'image' && type !== 'sticker') return {};
  const bitmap = await createImageBitmap(blob).catch(() => null);
  return bitmap ? { width: bitmap.width, height: bitmap.height } : {};
}

async function prepare(opaque, params) {
  const blob = opaque.formData();
  const type = typeOf(opaque.type, params);
  const filehash = await sha256(blob);
  const data = new MediaData({
    type,
    mimetype: opaque.type,
    filehash,
    size: blob.size,
    mediaBlob: opaque,
    mediaStage: 'RESOLVED',
    isGif: Boolean(params.asGif),
    ...(type === 'document' ? { filename: blob.name } : {}),
    ...(await dimensions(type, blob)),
  });
  blobs.set(filehash, blob);
  Object.assign(mediaObject(filehash), { type, size: blob.size });
  return data;
}

const blobs = new Map();
const objects = new Map();

function mediaObject(filehash) {
  if (!objects.has(filehash)) {
    objects.set(filehash, { filehash, type: undefined, size: 0, contentInfo: {}, consolidate: () => {} });
  }
  return objects.get(filehash);
}

/** Puts bytes on the server. @throws when it does not take them */
export async function upload(blob, mimetype) {
  const response = await fetch('/__sim/media', {
    method: 'POST',
    body: blob,
    headers: { 'content-type': mimetype },
  });
  if (!response.ok) throw new Error(`media upload failed: ${response.status}`);
  const { directPath } = await response.json();
  return {
    directPath,
    url: `https://mmg.whatsapp.net${directPath}`,
    mediaKey: randomKey(),
    mediaKeyTimestamp: Math.floor(Date.now() / 1000),
    encFilehash: randomKey(),
  };
}

async function uploadMedia({ mimetype, mediaObject: object }) {
  const uploaded = await upload(blobs.get(object.filehash), mimetype);
  const mediaEntry = {
    ...uploaded,
    mmsUrl: uploaded.url,
    deprecatedMms3Url: uploaded.url,
    uploadHash: uploaded.encFilehash,
  };
  return { mediaEntry };
}

async function download({ directPath, signal }) {
  if (faults.mediaHangs) return new Promise(() => {});
  const response = await fetch(`/__sim/media${directPath}`, { signal });
  if (!response.ok) throw Object.assign(new Error('media not found'), { status: response.status });
  return response.arrayBuffer();
}

async function toWebp(file) {
  const bitmap = await createImageBitmap(file);
  const canvas = new OffscreenCanvas(512, 512);
  const scale = Math.min(512 / bitmap.width, 512 / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  canvas.getContext('2d').drawImage(bitmap, (512 - width) / 2, (512 - height) / 2, width, height);
  return canvas.convertToBlob({ type: 'image/webp' });
}

define('WAWebMediaOpaqueData', OpaqueData);
define('WAWebPrepRawMedia', {
  prepRawMedia: (opaque, params) => ({ waitForPrep: () => prepare(opaque, params) }),
});
define('WAWebMediaStorage', { getOrCreateMediaObject: mediaObject });
define('WAWebMmsMediaTypes', { msgToMediaType: ({ type }) => type, castToV4: (type) => type });
define('WAWebMediaDataUtils', { shouldUseMediaCache: (type) => ['image', 'sticker'].includes(type) });
define('WAWebMediaInMemoryBlobCache', {
  InMemoryMediaBlobCache: { put: (hash, blob) => blobs.set(hash, blob), get: (hash) => blobs.get(hash) },
});
define('WAWebMediaMmsV4Upload', { uploadMedia, uploadUnencryptedMedia: uploadMedia });
define('WAWebDownloadManager', { downloadManager: { downloadAndMaybeDecrypt: download } });
define('WAWebImageUtils', { toWebpSticker: toWebp });
define('WAWebStartMediaUploadQpl', { startMediaUploadQpl: () => ({}) });
define('WAWebUploadManager', {
  encryptAndUpload: async ({ blob, mediaKey }) => ({
    ...(await upload(blob, blob.type)),
    mediaKey: btoa(mediaKey),
    mimetype: blob.type,
  }),
});
