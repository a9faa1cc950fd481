/**
 * Compiles the server and makes its package: `npm run build:server` writes dist/server, ready for
 * `npm pack` and `npm install -g`. Node reads no TypeScript below node_modules, so the sources
 * cannot be installed as a package.
 *
 * The compiled files are in lib/, as deep as they are in src/: the paths to views/ are the same.
 * Its dependencies are bundled, because npm would choose other versions of what they depend on, and
 * the overrides of this project would not count.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';
import { importedPackages, pinned, ROOT, readLockfile, readManifest } from './project.ts';

const target = new URL('dist/server/', ROOT);
const ENTRY = 'lib/rolebridge-server.js';
/** Directories and files that the package has as they are. */
const COPIED = [
  ...['views', 'docs', 'examples/rolebridge.yaml', 'examples/systemd'],
  'examples/organization-accounts.sh',
];

rmSync(target, { recursive: true, force: true });
compile();
const { version, license } = readManifest();
const lockfile = readLockfile();
const imported = importedPackages(new URL('lib/', target));
/** The version that the command requires of Node.js. */
const [, node] = /REQUIRED = '([\d.]+)'/.exec(readFileSync(new URL(ENTRY, target), 'utf8'))!;

writeFileSync(
  new URL('package.json', target),
  `${JSON.stringify(
    {
      name: 'rolebridge-server',
      version,
      description: 'Self-hosted federation bridge for AWS: the server of rolebridge.',
      license,
      type: 'module',
      engines: { node: `>=${node}` },
      bin: { 'rolebridge-server': `./${ENTRY}` },
      dependencies: pinned(imported, lockfile),
      bundleDependencies: imported,
    },
    null,
    2,
  )}\n`,
);
for (const name of COPIED)
  cpSync(new URL(name, ROOT), new URL(name, target), {
    recursive: true,
    filter: source => !source.endsWith('/docs/images'),
  });
bundle(imported, { from: ROOT, to: target, lockfile });
copyFileSync(new URL('LICENSE', ROOT), new URL('LICENSE', target));
chmodSync(fileURLToPath(new URL(ENTRY, target)), 0o755);

/** Into lib/; `npm run types` checks the types. */
function compile(): void {
  const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', ROOT));
  const project = fileURLToPath(new URL('tsconfig.server.json', ROOT));
  execFileSync(process.execPath, [tsc, '-p', project, '--noCheck'], { stdio: 'inherit' });
}
