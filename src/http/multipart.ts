import busboy from 'busboy';
import type { Request } from 'express';

import { GatewayError, messageOf } from '../errors.ts';
import type { MediaIntake } from '../media/intake.ts';
import type { StoredMedia } from '../messages/schema.ts';

/** A text of 65,536 characters in UTF-8 and what else a message says; in bytes, of all fields together. */
const FIELDS_LIMIT = 1_048_576;
const LIMITS = { files: 1, fields: 40, fieldSize: FIELDS_LIMIT, parts: 41 };

export interface MultipartMessage {
  readonly fields: Record<string, unknown>;
  /** The file of the part `media`, stored and to be released; null when there is none. */
  readonly media: StoredMedia | null;
}

/** Whether a request is a form with an upload. */
export function isMultipart(request: Request): boolean {
  return request.is('multipart/form-data') !== false && request.is('multipart/form-data') !== null;
}

/**
 * Reads a form: its fields as text, its file streamed to the disk.
 * @throws GatewayError `invalid_request`, and what the intake throws
 */
export function readMultipart(request: Request, intake: MediaIntake): Promise<MultipartMessage> {
  return new Promise((resolve, reject) => {
    const fields: Record<string, unknown> = {};
    let stored: Promise<StoredMedia> | null = null;
    let form: busboy.Busboy | null = null;
    let fieldBytes = 0;
    let isDone = false;
    const fail = (error: unknown) => {
      if (isDone) return;
      isDone = true;
      stored?.then(
        (media) => intake.release(media),
        () => undefined,
      );
      request.unpipe();
      // A file that is on its way ends with the form, or its bytes would be waited for for ever.
      form?.destroy();
      // What is still coming is read and thrown away, so that the answer gets through.
      request.resume();
      reject(error instanceof GatewayError ? error : malformed(messageOf(error)));
    };
    try {
      form = busboy({ headers: request.headers, limits: LIMITS, defParamCharset: 'utf8' });
    } catch (error) {
      fail(error);
      return;
    }
    form.on('field', (name, value, info) => {
      fieldBytes += Buffer.byteLength(value);
      if (info.valueTruncated) fail(malformed(`the field ${name} is too long`));
      else if (fieldBytes > FIELDS_LIMIT) fail(malformed('its fields are too long together'));
      else if (name === '__proto__') fail(malformed('a field has a name that is not allowed'));
      else fields[name] = value;
    });
    form.on('file', (name, content, info) => {
      content.on('error', () => undefined);
      // What has come together with that for which the form is refused is still read through.
      if (isDone) {
        content.resume();
        return;
      }
      if (name !== 'media') {
        fail(malformed('the file belongs into a part named media'));
        content.resume();
        return;
      }
      stored = intake.upload({
        content,
        mimetype: info.mimeType,
        filename: info.filename === '' ? null : (info.filename ?? null),
      });
      stored.catch((error: unknown) => {
        content.resume();
        fail(error);
      });
    });
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
      form.on(limit, () => fail(malformed('the form has too many parts')));
    }
    form.on('error', fail);
    form.on('close', () => {
      Promise.resolve(stored).then((media) => {
        if (isDone) return;
        isDone = true;
        resolve({ fields, media });
      }, fail);
    });
    request.on('aborted', () => fail(malformed('the upload broke off')));
    request.pipe(form);
  });
}

function malformed(message: string): GatewayError {
  return new GatewayError({
    code: 'invalid_request',
    message: `The form cannot be read: ${message}`,
    action: 'Send multipart/form-data with the fields of the message and the file in a part named media',
  });
}
