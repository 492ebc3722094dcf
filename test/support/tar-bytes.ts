/** One entry of an archive, as bad as a test wants it. */
export interface TarEntry {
  readonly name: string;
  /** The letter of the type: 0 file, 1 hard link, 2 symbolic link, 3 and 4 devices, 5 folder, 6 pipe, x and g extended headers. */
  readonly type?: string;
  readonly link?: string;
  readonly mode?: number;
  readonly data?: string | Buffer;
  /** What the header claims; default: what `data` has. */
  readonly size?: number;
}

/** A tar archive (POSIX ustar), byte by byte: honest tools refuse to make most of what tests need. */
export function tarBytes(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const data = Buffer.from(entry.data ?? '');
    return [headerOf(entry, data.length), data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function headerOf({ name, type = '0', link = '', mode = 0o644, size }: TarEntry, length: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, digits: number) =>
    header.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  header.write(name, 0, 100, 'utf8');
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size ?? length, 124, 11);
  octal(0, 136, 11);
  header.write(' '.repeat(8), 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write(link, 157, 100, 'utf8');
  header.write('ustar\u000000', 257, 'latin1');
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  header.write('\0 ', 154, 'latin1');
  return header;
}

/** An extended header that says `keyword=value` of the entry after it. */
export function paxEntry(keyword: string, value: string): TarEntry {
  const body = ` ${keyword}=${value}\n`;
  let length = Buffer.byteLength(body) + 1;
  while (Buffer.byteLength(`${length}${body}`) !== length) length = Buffer.byteLength(`${length}${body}`);
  return { name: 'PaxHeader', type: 'x', data: `${length}${body}` };
}
