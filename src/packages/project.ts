/**
 * The project as a package is made of it: its manifest, and the versions of its lockfile, so that a
 * package is made of what was tested.
 *
 * Runs at build time only.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';

export const ROOT: URL = new URL('../../', import.meta.url);

export interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** An entry of the lockfile: a place in node_modules with what it contains. */
export interface LockedPackage {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** By place: `node_modules/a/node_modules/b`. */
export type Lockfile = Readonly<Record<string, LockedPackage>>;

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, ROOT), 'utf8')) as T;

export function readManifest(): Manifest {
  return read<Manifest>('package.json');
}

export function readLockfile(): Lockfile {
  return read<{ readonly packages: Lockfile }>('package-lock.json').packages;
}

/** An import of a package, as tsc writes it; paths begin with a dot. */
const IMPORT = /(?:^(?:import|export) (?:[^'"\n]* from )?|\bimport\()['"]([^'".][^'"]*)['"]/gm;

/** The packages that the compiled files below a directory import beside themselves and Node. */
export function importedPackages(directory: URL): readonly string[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    name => name.endsWith('.js') && !name.includes('node_modules'),
  );
  const texts = files.map(name =>
    readFileSync(new URL(name.replaceAll('\\', '/'), directory), 'utf8'),
  );
  const specifiers = texts.flatMap(text => [...text.matchAll(IMPORT)].map(match => match[1]!));
  const packages = specifiers
    .filter(name => !name.startsWith('node:') && !builtinModules.includes(name))
    .map(packageOf);
  return [...new Set(packages)].sort();
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The packages with the versions that the lockfile has of them. */
export function pinned(names: readonly string[], lockfile: Lockfile): Record<string, string> {
  return Object.fromEntries(names.map(name => [name, lockfile[`node_modules/${name}`]!.version]));
}
