/**
 * What the local AWS handed out: sessions of roles (AssumeRole*) and of IAM users
 * (GetSessionToken), and whether they are still alive.
 *
 * A deleted role ends its sessions; a changed trust policy does not; changed permissions count at
 * once, because the role is looked up in the world each time.
 */

import type { IamUser } from './iam-users.ts';
import { type CredentialTriple, newCredentials } from './identifiers.ts';
import type { IdentityPolicy } from './policy-document.ts';
import type { SessionTags } from './session-tags.ts';
import type { Role, World } from './world.ts';
import type { XmlTree } from './xml-writer.ts';

/** More sessions than this push the oldest out. */
const MAX_SESSIONS = 20_000;
/** How long an expired session is remembered, so that its owner is told that it expired. */
const REMEMBER_MS = 24 * 3600 * 1000;

interface Temporary extends CredentialTriple {
  /** Epoch milliseconds, as `expiresAt`. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface RoleSession extends Temporary {
  readonly kind: 'role';
  readonly roleArn: string;
  /** Of the role as it was: a role that was deleted and made again has no part in its sessions. */
  readonly role: Role;
  readonly roleSessionName: string;
  readonly arn: string;
  /** `AROA...:name` */
  readonly userId: string;
  readonly tags: SessionTags;
  readonly sourceIdentity: string | undefined;
  /** Assumed with temporary credentials: no SessionDuration for the console. */
  readonly chained: boolean;
  /** ARN of the identity provider at the start of the chain. */
  readonly federatedProvider: string | undefined;
  /** The condition keys that survive into the session (`saml:sub` and the like). */
  readonly contextKeys: Readonly<Record<string, string>>;
  /** Undefined: none were passed, the role's permissions hold undiminished. */
  readonly sessionPolicies: readonly IdentityPolicy[] | undefined;
}

/** What GetSessionToken gives: the user, for a time, and perhaps with MFA. */
export interface UserSession extends Temporary {
  readonly kind: 'user';
  readonly user: IamUser;
  /** When the user passed MFA, epoch milliseconds. */
  readonly mfaAt: number | undefined;
}

export type Session = RoleSession | UserSession;
export type NewRoleSession = Omit<RoleSession, keyof CredentialTriple>;
export type NewUserSession = Omit<UserSession, keyof CredentialTriple>;

export interface Sessions {
  open<T extends NewRoleSession | NewUserSession>(session: T): T & CredentialTriple;
  find(accessKeyId: string): Session | undefined;
  isRoleAlive(session: RoleSession): boolean;
}

export function createSessions(world: World, now: () => number): Sessions {
  const sessions = new Map<string, Session>();

  const forgetOld = (): void => {
    for (const [id, session] of sessions) {
      if (sessions.size <= MAX_SESSIONS && session.expiresAt + REMEMBER_MS > now()) break;
      sessions.delete(id);
    }
  };
  return {
    open: session => {
      const opened = { ...session, ...newCredentials() };
      sessions.set(opened.accessKeyId, opened);
      forgetOld();
      return opened;
    },
    find: accessKeyId => sessions.get(accessKeyId),
    isRoleAlive: session => world.roles.get(session.roleArn)?.uniqueId === session.role.uniqueId,
  };
}

/** The element Credentials, which every answer with a session has. */
export function credentialsOf(session: Session): XmlTree {
  return {
    AccessKeyId: session.accessKeyId,
    SecretAccessKey: session.secretAccessKey,
    SessionToken: session.sessionToken,
    Expiration: new Date(session.expiresAt).toISOString().replace('.000Z', 'Z'),
  };
}

/** When a session ends: STS tells whole seconds. */
export function endOf(issuedAt: number, seconds: number): number {
  return Math.floor((issuedAt + seconds * 1000) / 1000) * 1000;
}
