/**
 * Web and mobile applications: programs that reach a few roles in the name of their users (RFC 6749
 * with PKCE and DPoP).
 */
import type { AccountId, RoleName } from './role.ts';
import { MINUTE, type Seconds } from './time.ts';

/** `spa`: JavaScript in a browser. `mobile`: a program that claims an https address on a phone. */
export type ApplicationKind = 'spa' | 'mobile';

/** What an application can reach at most, and from where. */
export interface ApplicationTerms {
  /** The origins of its pages, as browsers send them; empty for `mobile`. */
  readonly origins: readonly string[];
  readonly roles: readonly ApplicationRole[];
  /** The longest time from consent to the end of a session; undefined: `cli.max` alone counts. */
  readonly maxSeconds?: Seconds | undefined;
}

/** A role that an application can reach, if its user has it. */
export interface ApplicationRole {
  readonly account: AccountId;
  readonly accountName: string;
  readonly role: RoleName;
}

/** The longest lifetime of an access token: a page that is closed leaves nothing for long. */
export const APPLICATION_ACCESS_TOKEN_SECONDS: Seconds = 10 * MINUTE;
