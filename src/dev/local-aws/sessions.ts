/**
 * Role sessions and who signs requests: what the local AWS handed out, and whether it is still
 * alive.
 *
 * A deleted role ends its sessions; a changed trust policy does not; changed permissions count at
 * once, because the role is looked up in the world each time.
 */
import { type CredentialTriple, newCredentials } from './identifiers.ts';
import type { IdentityPolicy } from './policy-document.ts';
import type { SessionTags } from './session-tags.ts';
import type { Role, World } from './world.ts';

/** More sessions than this push the oldest out. */
const MAX_SESSIONS = 20_000;
/** How long an expired session is remembered, so that its owner is told that it expired. */
const REMEMBER_MS = 24 * 3600 * 1000;

export interface RoleSession extends CredentialTriple {
  readonly roleArn: string;
  /** Of the role as it was: a role that was deleted and made again has no part in its sessions. */
  readonly role: Role;
  readonly roleSessionName: string;
  readonly arn: string;
  /** `AROA...:name` */
  readonly userId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly tags: SessionTags;
  readonly sourceIdentity: string | undefined;
  /**
   * Assumed from another role's session: an hour at most, and no SessionDuration for the console.
   */
  readonly chained: boolean;
  /** ARN of the identity provider at the start of the chain. */
  readonly federatedProvider: string | undefined;
  /** The condition keys that survive into the session (`saml:sub` and the like). */
  readonly contextKeys: Readonly<Record<string, string>>;
  /** Undefined: none were passed, the role's permissions hold undiminished. */
  readonly sessionPolicies: readonly IdentityPolicy[] | undefined;
}

export type NewSession = Omit<RoleSession, keyof CredentialTriple>;

export interface Sessions {
  open(session: NewSession): RoleSession;
  find(accessKeyId: string): RoleSession | undefined;
  isRoleAlive(session: RoleSession): boolean;
}

export function createSessions(world: World, now: () => number): Sessions {
  const sessions = new Map<string, RoleSession>();

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
