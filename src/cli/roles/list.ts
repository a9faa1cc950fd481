/** The roles of the user, cached so that names are matched and completed without a request. */
import {
  arrayOf,
  isAmount,
  isFlag,
  isInstant,
  isText,
  objectOf,
  optional,
  orNull,
  usable,
} from '../server/answers.ts';
import type { Client } from '../session/client.ts';
import { signedIn } from '../session/signed-in.ts';
import { readIfThere, writePrivately } from '../warm/private-files.ts';

/** What is configured of an account. Absent from older servers. */
interface AccountDetails {
  readonly environment?: string | null | undefined;
  readonly owner?: string | null;
}

/** What has the name of a role. */
export interface Named {
  readonly account: AccountDetails & { readonly id: string; readonly name: string };
  readonly role: string;
}

export interface Role {
  readonly account: AccountDetails & {
    readonly id: string;
    readonly name: string;
    readonly partition: string;
    readonly region: string;
    readonly via: string | null;
    /** Its own STS; such an account has no console. Absent from older servers. */
    readonly sts_endpoint?: string | null;
  };
  readonly role: string;
  readonly arn: string;
  readonly duration_seconds: number;
  readonly console_seconds: number | null;
  readonly rule: string;
  readonly group: string;
  /** False when a proof is missing, or when this login cannot use it. */
  readonly usable: boolean;
  /** Why not, one sentence each. */
  readonly missing: readonly string[];
  /** The approval by which the user has it. Absent from older servers. */
  readonly elevation?: { readonly id: string; readonly ends_at: string } | null;
  /** Where it, or an extension, can be requested. Absent from older servers. */
  readonly request_url?: string | null;
}

const isRoleList = objectOf({
  roles: arrayOf(
    objectOf({
      account: objectOf({
        ...{ id: isText, name: isText, region: isText, via: orNull(isText) },
        sts_endpoint: optional(orNull(isText)),
        environment: optional(orNull(isText)),
        owner: optional(orNull(isText)),
      }),
      role: isText,
      duration_seconds: isAmount,
      rule: isText,
      group: isText,
      usable: isFlag,
      missing: arrayOf(isText),
      elevation: optional(orNull(objectOf({ id: isText, ends_at: isInstant }))),
      request_url: optional(orNull(isText)),
    }),
  ),
});

const KEEP_MILLISECONDS = 5 * 60_000;

interface Kept {
  readonly at: number;
  readonly roles: readonly Role[];
}

/** `prod/Admin` */
export function nameOf({ account, role }: Named): string {
  return `${account.name}/${role}`;
}

export const PRODUCTION = 'production';

/** `production` where the account is, else undefined. */
export function warningOf({ environment }: AccountDetails): string | undefined {
  return environment === PRODUCTION ? PRODUCTION : undefined;
}

/** From the server; from the cache if it is a few minutes old at most, unless `fresh`. */
export async function rolesOf(client: Client, { fresh = false } = {}): Promise<readonly Role[]> {
  const kept = keptRoles(client.file('roles'));
  if (!fresh && kept !== undefined && Math.abs(Date.now() - kept.at) < KEEP_MILLISECONDS)
    return kept.roles;
  const answer = await client.terminal.progress('Asking for your roles', () =>
    signedIn(client).call<{ roles: readonly Role[] }>('GET', '/roles'),
  );
  const { roles } = usable(answer, isRoleList, 'roles');
  try {
    writePrivately(client.file('roles'), JSON.stringify({ at: Date.now(), roles } satisfies Kept));
  } catch {
    // The cache only saves time; commands that must write report a home that is not writable.
  }
  return roles;
}

/** The cached list, however old; undefined when there is none that can be read. */
export function keptRoles(file: string): Kept | undefined {
  try {
    const content = readIfThere(file);
    const kept = content && (JSON.parse(content.toString('utf8')) as Kept);
    return isRoleList(kept) && isAmount(kept?.at) ? kept : undefined;
  } catch {
    return undefined;
  }
}
