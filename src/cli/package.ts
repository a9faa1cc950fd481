/**
 * Makes the package of the client of what tsc has compiled: `npm run build:cli` writes dist/client,
 * ready for `npm pack` and `npm install -g`.
 *
 * Runs at build time only. The versions are those of the lockfile, so that a client is made of what
 * was tested.
 */
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const target = new URL('dist/client/', root);

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version: string }>>;
}

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, root), 'utf8')) as T;

/** What the compiled files import beside themselves and Node. */
function importedPackages(): string[] {
  const files = readdirSync(target, { recursive: true, encoding: 'utf8' }).filter(
    name => name.endsWith('.js') && !name.includes('node_modules'),
  );
  const texts = files.map(name =>
    readFileSync(new URL(name.replaceAll('\\', '/'), target), 'utf8'),
  );
  const specifiers = texts.flatMap(text =>
    [...text.matchAll(/(?:from|import\()\s*'([^'.][^']*)'/g)].map(([, specifier]) => specifier!),
  );
  const names = specifiers.filter(
    name => !name.startsWith('node:') && !builtinModules.includes(name),
  );
  return [
    ...new Set(
      names.map(name =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
    ),
  ].sort();
}

const { version, license, optionalDependencies = {} } = read<Manifest>('package.json');
const { packages } = read<Lockfile>('package-lock.json');
const versionOf = (name: string): [string, string] => [
  name,
  packages[`node_modules/${name}`]!.version,
];
const imported = importedPackages();

writeFileSync(
  new URL('package.json', target),
  `${JSON.stringify(
    {
      name: 'rolebridge',
      version,
      description: 'AWS roles with your company login: the command line client of rolebridge.',
      license,
      type: 'module',
      engines: { node: '>=20.18.1' },
      bin: { rolebridge: './cli/main.js' },
      dependencies: Object.fromEntries(
        imported.filter(name => !(name in optionalDependencies)).map(versionOf),
      ),
      optionalDependencies: Object.fromEntries(
        imported.filter(name => name in optionalDependencies).map(versionOf),
      ),
    },
    null,
    2,
  )}\n`,
);
copyFileSync(new URL('LICENSE', root), new URL('LICENSE', target));
chmodSync(fileURLToPath(new URL('cli/main.js', target)), 0o755);
