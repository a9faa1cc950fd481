/**
 * Makes the package of the client of what tsc has compiled: `npm run build:cli` writes dist/client,
 * ready for `npm pack` and `npm install -g`.
 */
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { importedPackages, pinned, ROOT, readLockfile, readManifest } from './project.ts';

const target = new URL('dist/client/', ROOT);

const { version, license, optionalDependencies = {} } = readManifest();
const lockfile = readLockfile();
const imported = importedPackages(target);
const isOptional = (name: string): boolean => name in optionalDependencies;

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
      dependencies: pinned(
        imported.filter(name => !isOptional(name)),
        lockfile,
      ),
      optionalDependencies: pinned(imported.filter(isOptional), lockfile),
    },
    null,
    2,
  )}\n`,
);
copyFileSync(new URL('LICENSE', ROOT), new URL('LICENSE', target));
chmodSync(fileURLToPath(new URL('cli/main.js', target)), 0o755);
