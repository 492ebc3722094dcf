import { generate } from 'selfsigned';

let made: Promise<{ key: string; cert: string }> | undefined;

/** A self-signed certificate for web.whatsapp.com, made once a process. */
export function certificate(): Promise<{ key: string; cert: string }> {
  made ??= generate([{ name: 'commonName', value: 'web.whatsapp.com' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'web.whatsapp.com' }] }],
  }).then(({ private: key, cert }) => ({ key, cert }));
  return made;
}
