#!/usr/bin/env node
/**
 * The command `rolebridge-server`: starts main.ts, or says what is missing: a newer Node.js, or a
 * package.
 *
 * This file is JavaScript, because an older Node.js cannot read TypeScript and could not say so.
 */
const REQUIRED = '24.12';

const isCheckout = import.meta.url.endsWith('/src/rolebridge-server.js');
const reinstall = isCheckout
  ? 'Run "npm ci --omit=dev" in the directory of rolebridge.'
  : 'Install rolebridge-server again.';

/** What the code of an error says of an installation. */
const FAULTS = {
  ERR_MODULE_NOT_FOUND: `The installation is incomplete. ${reinstall}`,
  MODULE_NOT_FOUND: `The installation is incomplete. ${reinstall}`,
  ERR_INVALID_PACKAGE_CONFIG: `The installation is damaged. ${reinstall}`,
  ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING:
    'These are the sources, and Node.js reads no TypeScript in node_modules. ' +
    'Install the package that "npm run build:server" makes in dist/server.',
};

if (isOldNode()) {
  fail(
    `Node.js ${REQUIRED} or newer is required, and this is ${process.versions.node} (${process.execPath}).\n` +
      (isCheckout
        ? 'Install a newer Node.js, or run "npm ci" and "npm run serve", which bring their own.'
        : 'Install a newer Node.js.'),
  );
} else {
  await keepCompiledCode();
  await import('./main.ts').catch(explain);
}

/**
 * Keeps compiled code in the directory that systemd makes for the service (`CacheDirectory=`).
 * Node.js does it by itself for `NODE_COMPILE_CACHE`. What is in there is run, so it is nowhere
 * where another user can write, such as the default of Node.js below /tmp.
 */
async function keepCompiledCode() {
  const { NODE_COMPILE_CACHE: chosen, CACHE_DIRECTORY: directory } = process.env;
  if (chosen !== undefined || directory === undefined || process.getuid === undefined) return;
  const [{ lstatSync }, { join }, { enableCompileCache }] = await Promise.all([
    import('node:fs'),
    import('node:path'),
    import('node:module'),
  ]);
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (found === undefined || !found.isDirectory() || found.uid !== process.getuid()) return;
  if ((found.mode & 0o022) === 0) enableCompileCache(join(directory, 'code'));
}

function isOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [requiredMajor, requiredMinor] = REQUIRED.split('.').map(Number);
  return major < requiredMajor || (major === requiredMajor && minor < requiredMinor);
}

function explain(error) {
  const fault = FAULTS[error.code];
  if (fault === undefined) throw error;
  const missing = /^Cannot find (?:package|module) '([^']+)'/.exec(error.message);
  fail(missing === null ? fault : `${missing[1]} is missing. ${fault}`);
}

function fail(message) {
  process.stderr.write(`rolebridge-server: ${message}\n`);
  process.exitCode = 1;
}
