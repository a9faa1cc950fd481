/**
 * Who asks: one value, built once where a request is read. Decisions and audit events take it from
 * there.
 *
 * A new kind of subject is a row of `Subject`; the compiler shows who must know.
 */
import type { Origin } from './audit-event.ts';
import type { Session } from './browser-session.ts';
import type { CliSessionSummary } from './cli-session.ts';
import type { Elevation } from './elevation.ts';
import { BridgeError } from './errors.ts';
import type { Identity, Unconfirmed } from './identity.ts';
import type { RoleScope } from './role-scope.ts';
import type { CorporateProof } from './sign-in.ts';
import { ANY_SIGN_IN, type NeededStepUp } from './step-up.ts';
import { formatInstant } from './time.ts';
import type { Workload } from './workload.ts';

/** A user whose identity provider has vouched for them. */
interface User {
  readonly kind: 'user';
  readonly identity: Identity;
}

/** A workload that its platform has vouched for. */
interface WorkloadSubject {
  readonly kind: 'workload';
  readonly workload: Workload;
  /** A rule applies to it. Anyone can have a token of a public issuer. */
  readonly isKnown: boolean;
}

/** A caller who has not proved anything. */
interface Anonymous {
  readonly kind: 'anonymous';
}

export type Subject = User | WorkloadSubject | Anonymous;

/** Elevations of the subject, as far as they can matter now: read when a decision needs them. */
export type HeldElevations = () => Promise<readonly Elevation[]>;

export interface Requester {
  readonly subject: Subject;
  readonly origin: Origin;
  readonly corporateProof?: CorporateProof | undefined;
  /** The roles that can be reached at most; undefined means every role of the subject. */
  readonly scope?: RoleScope | undefined;
  /** Set when the provider has not confirmed the subject in time: nothing is handed out then. */
  readonly unconfirmed?: Unconfirmed | undefined;
  /** Set for a device-code login that must not be stepped up. */
  readonly stepUp?: 'not-for-device-login' | undefined;
  /** Undefined where no rule has `elevation`. */
  readonly elevations?: HeldElevations | undefined;
  /** How the login of the CLI session was confirmed, and for which program. */
  readonly cliLogin?: Pick<CliSessionSummary, 'grant' | 'client'> | undefined;
  /** The public id of the CLI session that the request came with. */
  readonly cliSession?: string | undefined;
  /** The public id of the container token that the request came with. */
  readonly containerToken?: string | undefined;
  /** The public id of the browser session that the request came with. */
  readonly browserSession?: string | undefined;
}

/** A user who is signed in. */
export interface AuthenticatedRequester extends Requester {
  readonly subject: User;
}

export interface WorkloadRequester extends Requester {
  readonly subject: WorkloadSubject;
  /** The public id of the workload token that the request came with. */
  readonly workloadToken?: string | undefined;
}

/** A user in a browser. */
export interface Viewer extends AuthenticatedRequester {
  readonly session: Session;
}

/** `elevations` as in `Requester`. */
export function viewerOf(session: Session, origin: Origin, elevations?: HeldElevations): Viewer {
  const { identity, corporateProof, unconfirmed, publicId: browserSession } = session;
  const subject = { kind: 'user', identity } as const;
  return { subject, origin, corporateProof, unconfirmed, elevations, session, browserSession };
}

/** The sender of a request that proves nothing yet. */
export function anonymousFrom(origin: Origin): Requester {
  return { subject: { kind: 'anonymous' }, origin };
}

/**
 * Comes before anything is handed out. `wanted` is the step-up that also gives what was asked for.
 * Throws `identity_unconfirmed`, `sign_in_needed`.
 */
export function requireConfirmed(
  { unconfirmed, cliSession, stepUp }: Requester,
  wanted?: NeededStepUp,
): void {
  if (unconfirmed === undefined) return;
  const since = formatInstant(unconfirmed.since);
  if (unconfirmed.why === 'provider-failed')
    throw new BridgeError('identity_unconfirmed', `no confirmation since ${since}`, {
      hint: `The last confirmation was at ${since}. Try again in a minute. If the problem persists, sign in again or contact your administrator.`,
    });
  throw new BridgeError('sign_in_needed', `the provider requires a sign-in since ${since}`, {
    hint: `It has required this since ${since}. Sign in again in your browser, then repeat what you did.`,
    ...(stepUp === undefined && { stepUp: wanted ?? { wish: ANY_SIGN_IN, cliSession } }),
  });
}
