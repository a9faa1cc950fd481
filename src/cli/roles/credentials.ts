/**
 * AWS credentials for a role: from the cache where they have enough life left, else from the
 * server, which one process asks for all.
 */
import { rmSync } from 'node:fs';
import { listed } from '../../core/listed.ts';
import { formatDuration, MINUTE } from '../../core/time.ts';
import type { Client } from '../session/client.ts';
import { heldOrFetched } from '../session/lock.ts';
import { readLogin } from '../session/login-state.ts';
import { signedIn } from '../session/signed-in.ts';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import {
  type CachedCredentials,
  credentialsFile,
  defaultMinimumSeconds,
  isUsable,
} from '../warm/cached-credentials.ts';
import { withSuggestions } from './choice.ts';
import { type CredentialsAnswer, readCredentials } from './credentials-answer.ts';
import type { Named } from './list.ts';
import type { NamedRole } from './matching.ts';

export interface CredentialsOptions {
  /** The least life that the credentials must have left; default `defaultMinimumSeconds`. */
  readonly minimumSeconds?: number | undefined;
}

const PATIENCE_SECONDS = 60;

/** Throws `notSignedIn`, `refused`, `unreachable`, `local`. */
export async function credentialsFor(
  client: Client,
  role: NamedRole,
  { minimumSeconds }: CredentialsOptions = {},
): Promise<CachedCredentials> {
  const file = fileOf(client, role);
  const usable = async (): Promise<CachedCredentials | undefined> => {
    const cached = await client.vault.read<CachedCredentials>(file);
    return cached !== undefined && isUsable(cached, minimumSeconds, Date.now())
      ? cached
      : undefined;
  };
  const waiting = {
    patienceSeconds: PATIENCE_SECONDS,
    what: `another rolebridge process that asks for ${role.account}/${role.role}`,
  };
  return heldOrFetched(`${file}.lock`, waiting, {
    held: usable,
    fetch: async () => {
      const fetched = await fetchCredentials(client, role).catch(async (thrown: unknown) => {
        const cached = await client.vault.read<CachedCredentials>(file);
        const asked = { role, cached, minimumSeconds };
        const held = heldToTheEnd(client, asked, thrown);
        if (held !== undefined) return held;
        throw await explained(client, asked, thrown);
      });
      if (!isUsable(fetched, minimumSeconds, Date.now())) throw tooShort(fetched, minimumSeconds);
      await client.vault.write(file, fetched);
      return fetched;
    },
  });
}

function fileOf({ directory, server }: Client, { account, role }: NamedRole): string {
  return credentialsFile(directory, server.origin, `${account}/${role}`);
}

/** Tells the user which optional tags the session lacks. */
export function sayLacking({ terminal }: Client, credentials: CachedCredentials): void {
  const { account, role, tagsLeftOut = [] } = credentials;
  if (tagsLeftOut.length === 0) return;
  terminal.warn(
    printable(
      `the session of ${account.name}/${role} lacks optional tags: ${listed(tagsLeftOut)}. If policies in AWS use them, you may have less access.`,
    ),
  );
}

/** Removes the cached credentials of a role that has ended, under both names of its account. */
export function forgetCredentials(client: Client, { account, role }: Named): void {
  for (const name of [account.name, account.id])
    rmSync(fileOf(client, { account: name, role }), { force: true });
}

/** New ones from the server. `durationSeconds`: default what the rule gives. */
export async function fetchCredentials(
  client: Client,
  role: NamedRole,
  durationSeconds?: number,
): Promise<CachedCredentials> {
  const before = await readLogin(client);
  const answer = await client.terminal.progress(`Asking for ${role.account}/${role.role}`, () =>
    signedIn(client).call<CredentialsAnswer>('POST', '/credentials', {
      account: role.account,
      role: role.role,
      ...(durationSeconds !== undefined && { duration_seconds: durationSeconds }),
    }),
  );
  const after = await readLogin(client);
  // Credentials of the user before must not be handed to the user after.
  if (before !== undefined && after !== undefined && before.person.id !== after.person.id) {
    throw new CliError('notSignedIn', 'another user has signed in meanwhile', {
      lines: ['Run the command again.'],
    });
  }
  return readCredentials(answer, client.server.clockOffset());
}

interface Asked {
  readonly role: NamedRole;
  readonly cached: CachedCredentials | undefined;
  readonly minimumSeconds: number | undefined;
}

/**
 * STS gives nothing shorter than 15 minutes, so the bridge renews nothing that ends sooner. One
 * minute is added, because the two clocks are compared by the second.
 */
const SHORTEST_MILLISECONDS = 16 * MINUTE * 1000;

/**
 * The cached credentials, when the bridge refuses new ones because their elevation is about to end:
 * they are good until then. Undefined for any other error.
 */
export function heldToTheEnd(
  client: Client,
  { role, cached, minimumSeconds }: Asked,
  thrown: unknown,
): CachedCredentials | undefined {
  if (!(thrown instanceof CliError) || thrown.requestUrl === undefined) return undefined;
  if (minimumSeconds !== undefined) return undefined;
  const now = Date.now();
  const { elevationEndsLocally: end } = cached ?? {};
  const isEnding = end !== undefined && end - now < SHORTEST_MILLISECONDS;
  if (cached === undefined || !isEnding || now >= cached.expiresLocally) return undefined;
  if (cached.heldLocally === undefined) sayEnding(client, role, cached.expiresLocally - now);
  return { ...cached, heldLocally: now };
}

function sayEnding({ terminal, bridge }: Client, { account, role }: NamedRole, left: number): void {
  const name = printable(`${account}/${role}`);
  terminal.warn(
    `your time for ${name} ends in ${formatDuration(Math.floor(left / 1000))}. To extend it: rolebridge request${bridge.selector} ${name}`,
  );
}

/** The error with what helps: names of roles for a denial, the cache for a network that is down. */
async function explained(
  client: Client,
  { role, cached, minimumSeconds }: Asked,
  thrown: unknown,
): Promise<unknown> {
  if (!(thrown instanceof CliError)) return thrown;
  if (thrown.exit === 'refused') return withSuggestions(client, role, thrown);
  const left = cached === undefined ? 0 : Math.floor((cached.expiresLocally - Date.now()) / 1000);
  if (thrown.exit !== 'unreachable' || cached === undefined || left <= 0) return thrown;
  const wanted = minimumSeconds ?? defaultMinimumSeconds(cached);
  return new CliError(thrown.exit, thrown.message, {
    lines: [
      ...thrown.lines,
      `The cached credentials expire in ${formatDuration(left)}, and at least ${formatDuration(wanted)} are required. To use them: --minimum ${Math.max(1, Math.floor(left / 60))}m`,
    ],
    cause: thrown,
  });
}

export function tooShort(
  { durationSeconds, fetchedLocally, expiresLocally }: CachedCredentials,
  minimumSeconds: number | undefined,
): CliError {
  const left = Math.floor((expiresLocally - fetchedLocally) / 1000);
  return new CliError(
    'refused',
    `credentials of this role expire after ${formatDuration(Math.min(durationSeconds, left))}, and --minimum requires ${formatDuration(minimumSeconds ?? 0)}`,
    {
      lines: ['Give a shorter --minimum.'],
    },
  );
}
