/**
 * The bridges in the settings file: changed by logins, by one process at a time.
 *
 * A file with a single bridge without a name stays `{ "server": "https://..." }`.
 */
import { join } from 'node:path';
import { CliError } from '../terminal/exit.ts';
import {
  type Bridge,
  isBridgeName,
  isNameOfHost,
  knownBridges,
  serverOrigin,
} from '../warm/bridges.ts';
import { writePrivately } from '../warm/private-files.ts';
import { type Settings, settingsFile } from '../warm/settings.ts';
import type { Client } from './client.ts';
import { settingsIn } from './home.ts';
import { withLock } from './lock.ts';

export interface Remembering {
  /** Its new name (`login --as`). */
  readonly name?: string | undefined;
  /** Commands that name no bridge use it. */
  readonly isCurrent?: boolean;
}

/**
 * Keeps this bridge, its name and which one is current; all else in the file stays. Throws `usage`
 * for a name that is taken.
 */
export function rememberBridge(
  client: Client,
  { name, isCurrent = false }: Remembering,
): Promise<void> {
  const { origin } = client.server;
  return changeSettings(client, settings => {
    if (name !== undefined) requireFreeName(settings, origin, name);
    const known = knownBridges(settings);
    const listed = known.some(({ server }) => server === origin)
      ? known
      : [...known, { server: origin, name: '', isNamed: false }];
    const bridges = knownBridges({
      bridges: listed.map(one => {
        if (one.server === origin && name !== undefined) return { server: origin, name };
        return { server: one.server, name: one.isNamed ? one.name : undefined };
      }),
    });
    return withBridges(
      settings,
      bridges,
      isCurrent || settings.server === undefined ? origin : settings.server,
    );
  });
}

/** Removes this bridge from the list; the first of the others becomes the current one. */
export function forgetBridge(client: Client): Promise<void> {
  const { origin } = client.server;
  // Profiles that name no bridge may have meant it: they must not mean another one now.
  writePrivately(client.file('forgotten'), '');
  return changeSettings(client, settings => {
    const rest = knownBridges(settings).filter(({ server }) => server !== origin);
    const isCurrent = serverOrigin(settings.server ?? '') === origin;
    return withBridges(settings, rest, isCurrent ? rest[0]?.server : settings.server);
  });
}

/** Throws `usage` for an invalid name, and for the name of another bridge. */
export function requireFreeName(settings: Settings, origin: string, name: string): void {
  if (!isBridgeName(name)) {
    throw new CliError('usage', `${JSON.stringify(name)} is not a valid bridge name`, {
      lines: [
        'A name consists of up to 40 letters, digits and dashes, and starts and ends with a letter or digit.',
      ],
    });
  }
  const holder = knownBridges(settings).find(one => one.name.toLowerCase() === name.toLowerCase());
  if (holder === undefined || holder.server === origin) return;
  throw new CliError('usage', `the name ${name} belongs to ${holder.server}`, {
    lines: [
      `Choose another name, or rename that bridge first: rolebridge login --server ${holder.server} --as NAME`,
    ],
  });
}

function withBridges(
  settings: Settings,
  bridges: readonly Bridge[],
  server: string | undefined,
): Settings {
  const { bridges: _bridges, server: _server, ...rest } = settings;
  const isPlain = bridges.every(one => !isGiven(one)) && bridges.length <= 1;
  return {
    ...(server !== undefined && { server }),
    ...(!isPlain && {
      bridges: bridges.map(one => ({
        server: one.server,
        ...(isGiven(one) && { name: one.name }),
      })),
    }),
    ...rest,
  };
}

/** Named by a user, or numbered because another bridge had the name of its host. */
function isGiven(bridge: Bridge): boolean {
  return bridge.isNamed || !isNameOfHost(bridge);
}

async function changeSettings(
  { directory }: Client,
  change: (settings: Settings) => Settings,
): Promise<void> {
  const waiting = {
    patienceSeconds: 30,
    what: 'another rolebridge process that changes the settings',
  };
  await withLock(join(directory, 'config.lock'), waiting, async () => {
    const before = settingsIn(directory);
    const after = change(before);
    const text = (settings: Settings): string => `${JSON.stringify(settings, null, 2)}\n`;
    if (text(before) !== text(after)) writePrivately(settingsFile(directory), text(after));
  });
}
