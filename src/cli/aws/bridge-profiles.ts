/**
 * How the profiles of one bridge are told from those of another in the same file: by the name of
 * the bridge in front.
 *
 * A bridge that was given a name has it in front. One that was not keeps to what its part of the
 * file has already. Where there is none, its profiles have plain names in a file without another
 * bridge, else the name after its host. So a name that is one bridge's profile is never taken over
 * by another one because somebody signs in.
 */
import { type ConfiguredRole, profileNames } from '../../core/aws-config.ts';
import type { Client } from '../session/client.ts';
import { type Bridge, knownBridges } from '../warm/bridges.ts';
import { sectionsByOwner } from './config-file.ts';

/** The name of this bridge here; before the first login it comes from the host. */
export function bridgeOf({ settings, server }: Client): Bridge {
  return [...knownBridges(settings), ...knownBridges({ server: server.origin })].find(
    one => one.server === server.origin,
  )!;
}

/**
 * In front of profiles with keys: nothing for the first bridge without a name, so that no other one
 * writes over its keys.
 */
export function keysPrefix(client: Client): string {
  const { name, server, isNamed } = bridgeOf(client);
  const [first] = knownBridges(client.settings);
  return isNamed || (first !== undefined && first.server !== server) ? `${name}-` : '';
}

/**
 * What stands in front of every profile name; empty for plain names. `text` is the file as it is
 * now.
 */
export function namePrefix(client: Client, text: string, roles: readonly ConfiguredRole[]): string {
  const { server } = client;
  const bridge = bridgeOf(client);
  const prefix = `${bridge.name}-`;
  if (bridge.isNamed) return prefix;
  const parts = sectionsByOwner(text);
  const own = new Set(parts.get(server.origin));
  const names = [...profileNames(roles).values()];
  if (names.some(name => own.has(prefix + name))) return prefix;
  if (names.some(name => own.has(name))) return '';
  return [...parts.keys()].some(owner => owner !== server.origin) ? prefix : '';
}
