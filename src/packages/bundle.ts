/**
 * Copies the packages that some packages need into a node_modules directory: exactly what npm has
 * installed here by the lockfile, also what they depend on.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LockedPackage, Lockfile } from './project.ts';

interface Bundle {
  readonly from: URL;
  readonly to: URL;
  readonly lockfile: Lockfile;
}

/** Replaces node_modules in `to`. Throws if a package is not installed in `from`. */
export function bundle(names: readonly string[], { from, to, lockfile }: Bundle): void {
  rmSync(new URL('node_modules', to), { recursive: true, force: true });
  for (const place of placesNeeded(names, lockfile)) {
    const source = fileURLToPath(new URL(place, from));
    const target = fileURLToPath(new URL(place, to));
    mkdirSync(target, { recursive: true });
    // What is below it in node_modules has a place of its own, if it is needed.
    const filter = (file: string): boolean =>
      !file.slice(source.length).startsWith('/node_modules');
    cpSync(source, target, { recursive: true, filter });
  }
}

/** The places of these packages and of everything that they depend on, parents first. */
export function placesNeeded(names: readonly string[], lockfile: Lockfile): readonly string[] {
  const found = new Set<string>();
  const visit = (from: string, wanted: readonly string[]): void => {
    for (const name of wanted) {
      const place = placeOf(name, from, lockfile);
      if (place === undefined || found.has(place)) continue;
      found.add(place);
      visit(place, dependenciesOf(lockfile[place]!));
    }
  };
  visit('', names);
  return [...found].sort();
}

/** Where Node finds the package: as near to the one that imports it as possible. */
function placeOf(name: string, from: string, lockfile: Lockfile): string | undefined {
  const place = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
  if (lockfile[place] !== undefined) return place;
  if (from === '') return undefined;
  return placeOf(name, parentOf(from), lockfile);
}

/** `node_modules/a` of `node_modules/a/node_modules/b`; the root is an empty text. */
function parentOf(place: string): string {
  return place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')));
}

function dependenciesOf(locked: LockedPackage): readonly string[] {
  const { peerDependencies = {}, peerDependenciesMeta = {} } = locked;
  return [
    ...Object.keys(locked.dependencies ?? {}),
    ...Object.keys(peerDependencies).filter(name => peerDependenciesMeta[name]?.optional !== true),
  ];
}
