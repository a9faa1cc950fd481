/**
 * Credentials for a session of a length that the user chose. They are neither taken from the cache
 * nor kept there, where every other program would get them.
 */
import { formatDuration, type Seconds } from '../../core/time.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import { type CachedCredentials, isUsable } from '../warm/cached-credentials.ts';
import { withSuggestions } from './choice.ts';
import {
  type CredentialsOptions,
  credentialsFor,
  fetchCredentials,
  heldToTheEnd,
  tooShort,
} from './credentials.ts';
import type { NamedRole } from './matching.ts';

export interface LastingOptions extends CredentialsOptions {
  /** Undefined: as long as the rule gives, from the cache where possible. */
  readonly durationSeconds: Seconds | undefined;
}

/** Throws as `credentialsFor`, and `failed` for a server that gives more than was asked for. */
export async function credentialsLasting(
  client: Client,
  role: NamedRole,
  { minimumSeconds, durationSeconds }: LastingOptions,
): Promise<CachedCredentials> {
  if (durationSeconds === undefined) return credentialsFor(client, role, { minimumSeconds });
  const given = await fetchLasting(client, role, { minimumSeconds, durationSeconds });
  if (given.durationSeconds < durationSeconds) sayReduced(client, given, durationSeconds);
  return given;
}

interface ChosenOptions extends LastingOptions {
  readonly durationSeconds: Seconds;
}

async function fetchLasting(
  client: Client,
  role: NamedRole,
  { minimumSeconds, durationSeconds }: ChosenOptions,
): Promise<CachedCredentials> {
  const given = await fetchCredentials(client, role, durationSeconds).catch(
    async (thrown: unknown) => {
      throw thrown instanceof CliError ? await withSuggestions(client, role, thrown) : thrown;
    },
  );
  requireLength(given.durationSeconds, durationSeconds);
  if (!isUsable(given, minimumSeconds, Date.now())) throw tooShort(given, minimumSeconds);
  return given;
}

/**
 * What renews `first` while a command runs. Near the end of an elevation, a session is shorter than
 * asked for, and the last one is used to its end.
 */
export function renewalOf(
  client: Client,
  role: NamedRole,
  { first, ...options }: LastingOptions & { readonly first: CachedCredentials },
): () => Promise<CachedCredentials> {
  const { durationSeconds, minimumSeconds } = options;
  if (durationSeconds === undefined) return () => credentialsFor(client, role, options);
  let last = first;
  return async () => {
    try {
      last = await renewed(client, role, { minimumSeconds, durationSeconds });
      return last;
    } catch (thrown) {
      const held = heldToTheEnd(client, { role, cached: last, minimumSeconds }, thrown);
      if (held === undefined) throw thrown;
      last = held;
      return held;
    }
  };
}

async function renewed(
  client: Client,
  role: NamedRole,
  options: ChosenOptions,
): Promise<CachedCredentials> {
  try {
    return await fetchLasting(client, role, options);
  } catch (thrown) {
    if (!(thrown instanceof CliError && thrown.code === 'duration_refused')) throw thrown;
    const given = await fetchCredentials(client, role);
    if (given.durationSeconds > options.durationSeconds) throw thrown;
    return given;
  }
}

/** Servers older than `--duration` ignore it. Throws `failed`. */
export function requireLength(given: unknown, asked: Seconds): void {
  if (typeof given === 'number' && given <= asked) return;
  throw new CliError('failed', 'the server ignored --duration', {
    lines: [
      'The credentials were not used. Leave out --duration, or ask your administrator to update the server.',
    ],
  });
}

function sayReduced({ terminal }: Client, given: CachedCredentials, asked: Seconds): void {
  const { durationSeconds, account, role } = given;
  terminal.warn(
    printable(
      `AWS allows ${formatDuration(durationSeconds)} for ${account.name}/${role}, not ${formatDuration(asked)}.`,
    ),
  );
}
