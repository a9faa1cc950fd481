/**
 * Jazzer.js is built for glibc 2.38, and Debian 12 has 2.36. Its addon needs only three symbols
 * that are newer: two variants of `strtol` that accept binary numbers, which no option of the
 * engine is, and one that is referred to and never called. A copy with the older names runs on both
 * (docs/adr/0052-fuzzing.md).
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';

// The addon is in a package of its own, which only Jazzer.js depends on.
const require = createRequire(createRequire(import.meta.url).resolve('@jazzer.js/core'));
const PACKAGE = '@jazzer.js/fuzzer';
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/rolebridge-fuzz');
const COPY = join(CACHE, 'addon.node');
const ADDON = join(
  dirname(require.resolve(`${PACKAGE}/package.json`)),
  `prebuilds/fuzzer-${process.platform}-${process.arch}.node`,
);

/** Loads the addon before Jazzer.js does, if the library of this machine is too old for it. */
export function loadAddon(): void {
  try {
    require(ADDON);
  } catch (cause) {
    if (!(cause instanceof Error && cause.message.includes('GLIBC'))) throw cause;
    const loaded = new Module(ADDON);
    process.dlopen(loaded, copyForOlderGlibc());
    require.cache[ADDON] = loaded;
  }
}

/** In one step: another target can be loading it. */
function copyForOlderGlibc(): string {
  const copy = join(CACHE, `addon-${process.pid}.node`);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(copy, forOlderGlibc(readFileSync(ADDON)));
  renameSync(copy, COPY);
  return COPY;
}

const TOO_NEW: readonly string[] = ['GLIBC_2.38', 'GLIBCXX_3.4.32'];
const NEWER_NAME = '__isoc23_';
/** Only ensures that libstdc++ is new enough: nothing calls it. */
const NEVER_CALLED = '_ZSt21ios_base_library_initv';

/** Offsets and values of ELF-64 (System V ABI): little-endian, as x64 and arm64 are. */
const [LOAD, DYNAMIC] = [1, 2];
const [STRINGS, SYMBOLS, VERSIONS, NEEDS, NEED_COUNT] = [
  ...[5, 6, 0x6ffffff0, 0x6ffffffe, 0x6fffffff],
] as const;
const SYMBOL_SIZE = 24;
const [WEAK_VERSION, WEAK_SYMBOL] = [2, 0x20];

/** The same library without the symbols that glibc 2.36 does not have. */
function forOlderGlibc(original: Buffer): Buffer {
  const file = Buffer.from(original);
  const { tag, strings, symbols } = readDynamic(file);
  const nameAt = (offset: number): string =>
    file.toString('latin1', strings + offset, file.indexOf(0, strings + offset));
  const oldest = weakenVersions(file, tag, nameAt);
  // The table of strings follows that of symbols.
  for (let at = symbols, index = 0; at < strings; at += SYMBOL_SIZE, index++) {
    const name = nameAt(file.readUInt32LE(at));
    if (name.startsWith(NEWER_NAME)) {
      file.writeUInt32LE(file.readUInt32LE(at) + NEWER_NAME.length, at);
      file.writeUInt16LE(oldest, tag(VERSIONS) + index * 2);
    } else if (name === NEVER_CALLED) {
      file[at + 4] = (file[at + 4]! & 0x0f) | WEAK_SYMBOL;
    }
  }
  return file;
}

function readDynamic(file: Buffer) {
  const word = (at: number): number => Number(file.readBigUInt64LE(at));
  const [table, size, count] = [word(0x20), file.readUInt16LE(0x36), file.readUInt16LE(0x38)];
  const segments = Array.from({ length: count }, (_, index) => {
    const at = table + index * size;
    const [type, offset] = [file.readUInt32LE(at), word(at + 8)];
    return { type, offset, address: word(at + 16), length: word(at + 32) };
  });
  const tags = new Map<number, number>();
  const { offset } = segments.find(({ type }) => type === DYNAMIC)!;
  for (let at = offset; word(at) !== 0; at += 16) tags.set(word(at), word(at + 8));
  const fileOffset = (address: number): number => {
    const segment = segments.find(
      ({ type, address: from, length }) =>
        type === LOAD && address >= from && address < from + length,
    )!;
    return address - segment.address + segment.offset;
  };
  const tag = (name: number): number =>
    name === NEED_COUNT ? tags.get(name)! : fileOffset(tags.get(name)!);
  return { tag, strings: tag(STRINGS), symbols: tag(SYMBOLS) };
}

/** Lets the loader accept their absence. Returns the number of the oldest version of glibc. */
function weakenVersions(
  file: Buffer,
  tag: (name: number) => number,
  nameAt: (offset: number) => string,
): number {
  let oldest = 1;
  let need = tag(NEEDS);
  for (let left = tag(NEED_COUNT); left > 0; left--) {
    const library = nameAt(file.readUInt32LE(need + 4));
    let version = need + file.readUInt32LE(need + 8);
    for (let versions = file.readUInt16LE(need + 2); versions > 0; versions--) {
      const name = nameAt(file.readUInt32LE(version + 8));
      if (TOO_NEW.includes(name)) file.writeUInt16LE(WEAK_VERSION, version + 4);
      const isOldest = name === 'GLIBC_2.2.5' || name === 'GLIBC_2.17';
      if (library.startsWith('libc.so') && isOldest) oldest = file.readUInt16LE(version + 6);
      version += file.readUInt32LE(version + 12);
    }
    need += file.readUInt32LE(need + 12);
  }
  return oldest;
}
