/**
 * AWS credentials for a role: from the cache where they have enough life left, else from the
 * server, which one process asks for all.
 */
import { rmSync } from 'node:fs';
import { isPlain } from '../../core/aws-config.ts';
import { formatCredentials } from '../../core/credential-formats.ts';
import { listed } from '../../core/listed.ts';
import { formatDuration, MINUTE } from '../../core/time.ts';
import type { Client } from '../session/client.ts';
import { withLock } from '../session/lock.ts';
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
import type { Named } from './list.ts';
import type { NamedRole } from './matching.ts';

export interface CredentialsOptions {
  /** The least life that the credentials must have left; default `defaultMinimumSeconds`. */
  readonly minimumSeconds?: number | undefined;
}

const PATIENCE_SECONDS = 60;

interface CredentialsAnswer {
  readonly account: { readonly id: string; readonly name: string; readonly region: string };
  readonly role: string;
  readonly assumed_role_arn: string;
  readonly access_key_id: string;
  readonly secret_access_key: string;
  readonly session_token: string;
  readonly expires_at: string;
  readonly duration_seconds: number;
  readonly reduced_from_seconds: number | null;
  /** Absent from older servers. */
  readonly elevation?: { readonly ends_at: string } | null;
  readonly packed_policy_percent?: number | null;
  readonly tags_left_out?: readonly string[];
}

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
  const found = await usable();
  if (found !== undefined) return found;

  const waiting = {
    patienceSeconds: PATIENCE_SECONDS,
    what: `another rolebridge process that asks for ${role.account}/${role.role}`,
  };
  return withLock(`${file}.lock`, waiting, async () => {
    const fetchedMeanwhile = await usable();
    if (fetchedMeanwhile !== undefined) return fetchedMeanwhile;
    const asked = { role, file, minimumSeconds };
    const fetched = await fetch(client, role).catch(async (thrown: unknown) => {
      const held = await heldToTheEnd(client, asked, thrown);
      if (held !== undefined) return held;
      throw await explained(client, asked, thrown);
    });
    if (!isUsable(fetched, minimumSeconds, Date.now())) throw tooShort(fetched, minimumSeconds);
    await client.vault.write(file, fetched);
    return fetched;
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
      `the session of ${account.name}/${role} lacks optional tags: ${listed(tagsLeftOut)}. Where policies in AWS use them, you can have less access.`,
    ),
  );
}

/** Removes the cached credentials of a role that has ended, under both names of its account. */
export function forgetCredentials(client: Client, { account, role }: Named): void {
  for (const name of [account.name, account.id])
    rmSync(fileOf(client, { account: name, role }), { force: true });
}

async function fetch(client: Client, role: NamedRole): Promise<CachedCredentials> {
  const before = await readLogin(client);
  const answer = await client.terminal.progress(`Asking for ${role.account}/${role.role}`, () =>
    signedIn(client).call<CredentialsAnswer>('POST', '/credentials', {
      account: role.account,
      role: role.role,
    }),
  );
  const after = await readLogin(client);
  // Credentials of the user before must not be handed to the user after.
  if (before !== undefined && after !== undefined && before.person.id !== after.person.id) {
    throw new CliError('notSignedIn', 'another user has signed in meanwhile', {
      lines: ['Run the command again.'],
    });
  }
  if (!isUsableAnswer(answer)) {
    throw new CliError('failed', 'the server answered with credentials that cannot be used', {
      lines: [
        'A key, name or time in them is malformed. Nothing was stored. Contact the administrators of the server.',
      ],
    });
  }
  return cacheable(answer, client.server.clockOffset());
}

function cacheable(answer: CredentialsAnswer, clockOffset: number): CachedCredentials {
  const { account } = answer;
  const expiresAt = Date.parse(answer.expires_at);
  const secrets = {
    accessKeyId: answer.access_key_id,
    secretAccessKey: answer.secret_access_key,
    sessionToken: answer.session_token,
    expiresAt,
  };
  return {
    ...secrets,
    account: { id: account.id, name: account.name, region: account.region },
    role: answer.role,
    assumedRoleArn: answer.assumed_role_arn,
    durationSeconds: answer.duration_seconds,
    reducedFromSeconds: answer.reduced_from_seconds,
    packedPolicyPercent: Number.isInteger(answer.packed_policy_percent)
      ? answer.packed_policy_percent
      : null,
    tagsLeftOut: textsOf(answer.tags_left_out),
    fetchedLocally: Date.now(),
    expiresLocally: expiresAt - clockOffset,
    elevationEndsLocally: elevationEnd(answer.elevation, clockOffset),
    process: formatCredentials('process', secrets, { accountId: account.id }),
  };
}

/** The texts of a list that the server sent; of anything else, none. */
function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter(item => typeof item === 'string') : [];
}

function elevationEnd(
  elevation: CredentialsAnswer['elevation'],
  clockOffset: number,
): number | undefined {
  const endsAt = Date.parse(elevation?.ends_at ?? '');
  return Number.isNaN(endsAt) ? undefined : endsAt - clockOffset;
}

/**
 * Keys go into shells and files, names into environments: printable ASCII without blanks, and
 * nothing else.
 */
function isUsableAnswer(answer: CredentialsAnswer | null): answer is CredentialsAnswer {
  if (answer === null) return false;
  const isKey = (text: unknown): boolean => typeof text === 'string' && /^[\x21-\x7e]+$/.test(text);
  const { access_key_id, secret_access_key, session_token, assumed_role_arn, account, role } =
    answer;
  return (
    [access_key_id, secret_access_key, session_token, assumed_role_arn].every(isKey) &&
    typeof account === 'object' &&
    account !== null &&
    isPlain({ account, role }) &&
    Number.isFinite(Date.parse(answer.expires_at)) &&
    Number.isFinite(answer.duration_seconds)
  );
}

interface Asked {
  readonly role: NamedRole;
  readonly file: string;
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
async function heldToTheEnd(
  client: Client,
  { role, file, minimumSeconds }: Asked,
  thrown: unknown,
): Promise<CachedCredentials | undefined> {
  if (!(thrown instanceof CliError) || thrown.requestUrl === undefined) return undefined;
  if (minimumSeconds !== undefined) return undefined;
  const cached = await client.vault.read<CachedCredentials>(file);
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
  { role, file, minimumSeconds }: Asked,
  thrown: unknown,
): Promise<unknown> {
  if (!(thrown instanceof CliError)) return thrown;
  if (thrown.exit === 'refused') return withSuggestions(client, role, thrown);
  const cached =
    thrown.exit === 'unreachable' ? await client.vault.read<CachedCredentials>(file) : undefined;
  const left = cached === undefined ? 0 : Math.floor((cached.expiresLocally - Date.now()) / 1000);
  if (cached === undefined || left <= 0) return thrown;
  const wanted = minimumSeconds ?? defaultMinimumSeconds(cached);
  return new CliError(thrown.exit, thrown.message, {
    lines: [
      ...thrown.lines,
      `The cached credentials expire in ${formatDuration(left)}, and at least ${formatDuration(wanted)} are required. To use them: --minimum ${Math.max(1, Math.floor(left / 60))}m`,
    ],
    cause: thrown,
  });
}

function tooShort(
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
