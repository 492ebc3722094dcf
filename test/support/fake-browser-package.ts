import { createWriteStream } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { brotliCompressSync, constants, createBrotliCompress } from 'node:zlib';
import { pack } from 'tar-fs';

export interface FakePackage {
  readonly version?: string;
  /** The shell script that stands for the executable. */
  readonly script?: string;
  /** Bytes that follow the script, which make unpacking take its time. */
  readonly ballast?: number;
}

/** A package of the shape of `@sparticuz/chromium`, with a shell script for a browser: small and quick. */
export async function fakeBrowserPackage(folder: string, options: FakePackage = {}): Promise<string> {
  const { version = '1.2.3', script = 'echo Chromium 1.2.3', ballast = 0 } = options;
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ version }));
  const executable = Buffer.concat([Buffer.from(`#!/bin/sh\n${script}\nexit 0\n`), Buffer.alloc(ballast)]);
  await writeFile(
    join(bin, 'chromium.br'),
    brotliCompressSync(executable, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  );
  const content = {
    'swiftshader.tar.br': ['libEGL.so', 'libGLESv2.so'],
    'al2023.tar.br': ['lib/libnss3.so', 'lib/libsoftokn3.so'],
    'fonts.tar.br': ['fonts.conf', 'fonts/Open_Sans/OpenSans-Regular.ttf'],
  };
  for (const [archive, files] of Object.entries(content)) {
    const source = join(folder, 'source', archive);
    for (const file of files) {
      await mkdir(dirname(join(source, file)), { recursive: true });
      await writeFile(join(source, file), `content of ${file}`);
      await chmod(join(source, file), 0o755);
    }
    await pipeline(pack(source), createBrotliCompress(), createWriteStream(join(bin, archive)));
  }
  return folder;
}
