/**
 * A shared library in place of libsqlite3.so.0, for machines that have none.
 *
 * NSS, which Chromium needs for TLS, keeps certificates of the user in SQLite files. Its module libsoftokn3.so
 * therefore does not load without libsqlite3.so.0, also when there is no such file, and Chromium then ends at
 * the first https page (`crypto/nss_util.cc`, error -5925). The npm package brings NSS and not SQLite.
 *
 * Every function of the stand-in fails, so that NSS finds no database and goes on without, as it does for users
 * who have none. The certificates that Chromium trusts come with Chromium itself.
 */

const PAGE = 4096;
const SONAME = 'libsqlite3.so.0';

/** `mov eax, 1; ret`: SQLITE_ERROR. */
const FAILS = Buffer.from([0xb8, 1, 0, 0, 0, 0xc3]);
/** `xor eax, eax; ret`: NULL. */
const NOTHING = Buffer.from([0x31, 0xc0, 0xc3]);
const RETURN_POINTERS =
  /^sqlite3_(?:v?mprintf|malloc|realloc|errmsg|column_(?:blob|text|name|value)|libversion)/;

/** The functions of SQLite that a library refers to, by the names in its string table. */
export function sqliteFunctionsOf(library: Buffer): string[] {
  return [...new Set(library.toString('latin1').match(/(?<=\0)sqlite3_\w+(?=\0)/g))].sort();
}

/**
 * The bytes of the library: ELF for x86-64 as in the System V ABI, with the functions that are named.
 *
 * One segment to read and execute, one for the dynamic section, which the loader writes to, and a mark that the
 * stack need not be executable.
 */
export function sqliteStandIn(functions: readonly string[]): Buffer {
  const names = Buffer.from(`\0${[SONAME, ...functions].join('\0')}\0`, 'latin1');
  const nameAt = (name: string) => names.indexOf(`\0${name}\0`, 0, 'latin1') + 1;
  const symbols = functions.length + 1;

  const hashAt = align(64 + 4 * 56, 8);
  const symbolsAt = align(hashAt + 4 * (3 + symbols), 8);
  const namesAt = symbolsAt + 24 * symbols;
  const codeAt = align(namesAt + names.length, 16);
  const textSize = codeAt + FAILS.length + NOTHING.length;
  const dynamicAt = align(textSize, PAGE);
  const dynamic: [tag: number, value: number][] = [
    [14, nameAt(SONAME)],
    [4, hashAt],
    [5, namesAt],
    [6, symbolsAt],
    [10, names.length],
    [11, 24],
    [0, 0],
  ];

  const file = Buffer.alloc(dynamicAt + 16 * dynamic.length);
  const u16 = (at: number, ...values: number[]) =>
    values.forEach((value, index) => file.writeUInt16LE(value, at + 2 * index));
  const u32 = (at: number, ...values: number[]) =>
    values.forEach((value, index) => file.writeUInt32LE(value, at + 4 * index));
  const u64 = (at: number, ...values: number[]) =>
    values.forEach((value, index) => file.writeBigUInt64LE(BigInt(value), at + 8 * index));

  // 64 bit, little endian, a shared object for x86-64; the table of segments follows at 64.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  u16(16, 3, 62);
  u32(20, 1);
  u64(24, 0, 64, 0);
  u16(52, 64, 56, 4, 64, 0, 0);

  const segment = (
    index: number,
    type: number,
    flags: number,
    at: number,
    size: number,
    alignment: number,
  ) => {
    u32(64 + 56 * index, type, flags);
    u64(64 + 56 * index + 8, at, at, at, size, size, alignment);
  };
  const [load, dynamicSection, stack] = [1, 2, 0x6474e551];
  const [execute, write, read] = [1, 2, 4];
  segment(0, load, read | execute, 0, textSize, PAGE);
  segment(1, load, read | write, dynamicAt, 16 * dynamic.length, PAGE);
  segment(2, dynamicSection, read | write, dynamicAt, 16 * dynamic.length, 8);
  segment(3, stack, read | write, 0, 0, 16);

  // One bucket that chains all symbols: there are few, and each is looked up once.
  const [global, inSomeSection] = [0x12, 1];
  u32(hashAt, 1, symbols, functions.length > 0 ? 1 : 0);
  functions.forEach((name, index) => {
    const symbol = index + 1;
    u32(hashAt + 4 * (3 + symbol), symbol < functions.length ? symbol + 1 : 0);
    const at = symbolsAt + 24 * symbol;
    u32(at, nameAt(name));
    file[at + 4] = global;
    u16(at + 6, inSomeSection);
    u64(at + 8, RETURN_POINTERS.test(name) ? codeAt + FAILS.length : codeAt, 0);
  });
  file.set(names, namesAt);
  file.set(FAILS, codeAt);
  file.set(NOTHING, codeAt + FAILS.length);
  dynamic.forEach(([tag, value], index) => u64(dynamicAt + 16 * index, tag, value));
  return file;
}

function align(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}
