#!/usr/bin/env node
/**
 * The command `rolebridge-server`: starts main.ts, or says which Node.js it requires.
 *
 * This file is JavaScript, because an older Node.js cannot read TypeScript and could not say so.
 */
const REQUIRED = '24.12';

const [major, minor] = process.versions.node.split('.').map(Number);
const [requiredMajor, requiredMinor] = REQUIRED.split('.').map(Number);

if (major > requiredMajor || (major === requiredMajor && minor >= requiredMinor)) {
  await import('./main.ts');
} else {
  process.stderr.write(
    `rolebridge-server: Node.js ${REQUIRED} or newer is required, and this is ${process.versions.node} (${process.execPath}).\n` +
      'Install a newer Node.js, or run "npm ci" and "npm run serve", which bring their own.\n',
  );
  process.exitCode = 1;
}
