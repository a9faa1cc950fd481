/**
 * Every way to a role ends here: only this file decides, obtains credentials and records it.
 *
 * Owns: the decision, the settings of role sessions, the order "decide, obtain, record, hand out".
 * Does not own: which STS call is made (aws/sts), what a rule means (core/policy), how answers look
 * (flows, apis).
 */
import type { Entitlement } from '../core/access-rule.ts';
import type { AssumedRole, ConsoleLink } from '../core/assumed-role.ts';
import type { Purpose } from '../core/audit-event.ts';
import { consoleRegion } from '../core/console-address.ts';
import type { DecisionTrace } from '../core/decision-trace.ts';
import { isRecorded, statusOf } from '../core/elevation.ts';
import { asBridgeError, BridgeError, type ErrorCode } from '../core/errors.ts';
import { didYouMean, nextStepFor } from '../core/explanation.ts';
import { type NamedRole, nearestRole } from '../core/near-role.ts';
import type { Circumstances, Decision, Evaluation, Policy } from '../core/policy.ts';
import type { Clock, ConsoleFederation, CredentialBroker, Elevations } from '../core/ports.ts';
import { type AuthenticatedRequester, requireConfirmed } from '../core/requester.ts';
import { type Account, isOfAws, roleSessionName } from '../core/role.ts';
import { isUnlisted, isWithin, type RoleScope } from '../core/role-scope.ts';
import { type RoleSession, roleSessionFor, type SessionSettings } from '../core/session.ts';
import { consoleLasting, credentialsLasting, ownConsoleSeconds } from '../core/session-length.ts';
import { ANY_SIGN_IN, type NeededStepUp, type StepUpWish } from '../core/step-up.ts';
import type { Seconds } from '../core/time.ts';
import { denial, withRenewal } from './denial.ts';
import { handOutDetails, type OpenedRole, openRole, recordedRole } from './hand-out.ts';
import type { Recorder } from './recorder.ts';
import type { SharedCredentials } from './shared-credentials.ts';
import type { UseNotes } from './use-notes.ts';

/** A role as the requester names it: the account by name or id. */
export interface AskedRole {
  readonly account: string;
  readonly role: string;
}

/** A role for a time. */
interface AskedSession extends AskedRole {
  /** Undefined: as long as the rule gives. */
  readonly seconds?: Seconds | undefined;
}

export interface CredentialsRequest extends AskedSession {
  /** Allows credentials that another program was given up to five minutes ago. */
  readonly mayShare?: boolean | undefined;
}

export interface ConsoleRequest extends AskedSession {
  readonly destination?: string | undefined;
}

/** The roles of a subject that the requester's scope allows. */
export interface ReachableRoles extends Evaluation {
  /** Roles of the subject that the scope excludes. An application is told of none. */
  readonly outOfScope: readonly Entitlement[];
}

export interface Explanation {
  readonly trace: DecisionTrace;
  /** A role that the requester can get, if its name is near to one that no rule gives. */
  readonly near?: NamedRole | undefined;
  /** What the requester can do about a denial. */
  readonly nextStep?: string | undefined;
}

export interface IssuedCredentials {
  readonly entitlement: Entitlement;
  readonly assumed: AssumedRole;
}

export interface IssuedLink extends IssuedCredentials {
  readonly link: ConsoleLink;
}

export interface Access {
  /** Throws `identity_unconfirmed`, `sign_in_needed`. */
  rolesFor(requester: AuthenticatedRequester): Promise<ReachableRoles>;
  /**
   * Why the requester has or does not have a role. Nothing is recorded. Throws as `rolesFor`, and
   * `role_not_for_application`.
   */
  explain(requester: AuthenticatedRequester, asked: AskedRole): Promise<Explanation>;
  /**
   * The decision alone, before anything is handed out for `purpose` (default: credentials).
   * Throws as `rolesFor`, and `access_denied`, `proof_missing`, `approval_missing`,
   * `role_not_for_device_login`, `role_not_for_application`, `role_not_for_token`.
   */
  check(
    requester: AuthenticatedRequester,
    asked: AskedRole & { readonly purpose?: Purpose | undefined },
  ): Promise<Entitlement>;
  /** The decision on a console and its destination alone. Throws as `consoleLinkFor`. */
  checkConsole(requester: AuthenticatedRequester, asked: ConsoleRequest): Promise<Entitlement>;
  /**
   * What a sign-in must prove before the requester has the role; undefined if they have it. Throws
   * as `check` does if no sign-in helps.
   */
  wishFor(requester: AuthenticatedRequester, asked: AskedRole): Promise<StepUpWish | undefined>;
  /**
   * Throws as `check` does, and `duration_refused`, `session_settings_invalid`,
   * `corporate_proof_missing`, and the errors of AWS.
   */
  credentialsFor(
    requester: AuthenticatedRequester,
    asked: CredentialsRequest,
  ): Promise<IssuedCredentials>;
  /** Throws as `credentialsFor` does, and `console_missing`, `destination_refused`. */
  consoleLinkFor(requester: AuthenticatedRequester, asked: ConsoleRequest): Promise<IssuedLink>;
}

export interface AccessParts {
  readonly policy: Policy;
  readonly broker: CredentialBroker;
  readonly shared: SharedCredentials;
  readonly console: ConsoleFederation;
  readonly recorder: Recorder;
  readonly useNotes: UseNotes;
  readonly clock: Clock;
  readonly elevations: Pick<Elevations, 'find'>;
  /** Where the AWS console sends users when its session ends. */
  readonly issuerUrl: string;
}

export function createAccess(parts: AccessParts): Access {
  return {
    rolesFor: requester => rolesFor(parts, requester),
    explain: (requester, asked) => explain(parts, requester, asked),
    check: (requester, asked) => check(parts, requester, asked),
    checkConsole: (requester, asked) => checkConsole(parts, requester, asked),
    wishFor: (requester, asked) => wishFor(parts, requester, asked),
    credentialsFor: (requester, asked) => credentialsFor(parts, requester, asked),
    consoleLinkFor: (requester, asked) => consoleLinkFor(parts, requester, asked),
  };
}

/** The roles that the requester can get, at once or after a proof that they are told of. */
export function attainable({ granted, withheld }: ReachableRoles): readonly Entitlement[] {
  return [...granted, ...withheld.map(({ entitlement }) => entitlement)];
}

// ---------------------------------------------------------------- use cases

async function rolesFor(
  access: AccessParts,
  requester: AuthenticatedRequester,
): Promise<ReachableRoles> {
  requireConfirmed(requester);
  const { subject, scope } = requester;
  const circumstances = await circumstancesOf(access, requester);
  const evaluation = access.policy.evaluate(subject.identity, circumstances);
  if (scope === undefined) return { ...evaluation, outOfScope: [] };
  const beyond = scope.kind === 'application' ? [] : evaluation.granted;
  return {
    granted: evaluation.granted.filter(entitlement => isReachable(scope, entitlement)),
    withheld: evaluation.withheld.filter(({ entitlement }) => isReachable(scope, entitlement)),
    outOfScope: beyond.filter(entitlement => !isReachable(scope, entitlement)),
  };
}

async function explain(
  access: AccessParts,
  requester: AuthenticatedRequester,
  asked: AskedRole,
): Promise<Explanation> {
  requireConfirmed(requester);
  requireListed(requester, asked);
  const circumstances = await circumstancesOf(access, requester, asked);
  const decision = access.policy.decide(requester.subject.identity, circumstances, asked);
  const { trace } = decision;
  if (decision.granted) return { trace };
  const near = await nearTo(access, requester, trace);
  return { trace, near, nextStep: didYouMean(near, nextStepFor(trace, decision.missing)) };
}

async function check(
  access: AccessParts,
  requester: AuthenticatedRequester,
  {
    account,
    role,
    purpose = 'credentials',
  }: AskedRole & { readonly purpose?: Purpose | undefined },
): Promise<Entitlement> {
  try {
    return await decide(access, requester, { account, role });
  } catch (thrown) {
    throw await refused(access, requester, { account, role, purpose, thrown });
  }
}

async function checkConsole(
  access: AccessParts,
  requester: AuthenticatedRequester,
  { account, role, destination }: ConsoleRequest,
): Promise<Entitlement> {
  try {
    const entitlement = await decide(access, requester, { account, role });
    requireConsole(entitlement.account);
    access.console.destinationFor(entitlement.account, destination);
    return entitlement;
  } catch (thrown) {
    throw await refused(access, requester, { account, role, purpose: 'console-link', thrown });
  }
}

async function wishFor(
  access: AccessParts,
  requester: AuthenticatedRequester,
  asked: AskedRole,
): Promise<StepUpWish | undefined> {
  try {
    await decide(access, requester, asked);
    return undefined;
  } catch (thrown) {
    const needed = thrown instanceof BridgeError ? thrown.stepUp : undefined;
    if (needed !== undefined) return needed.wish;
    throw await refused(access, requester, { ...asked, purpose: 'credentials', thrown });
  }
}

async function credentialsFor(
  access: AccessParts,
  requester: AuthenticatedRequester,
  { account, role, mayShare, seconds }: CredentialsRequest,
): Promise<IssuedCredentials> {
  try {
    const entitlement = await decide(access, requester, { account, role });
    const settings = credentialsLasting(entitlement, { seconds, now: access.clock.now() });
    const source = mayShare === true ? access.shared : access.broker;
    const opened = await openFor(source, requester, { entitlement, settings });
    const { assumed } = opened;
    await requireStillActive(access, entitlement);
    await access.recorder.record(requester, {
      type: 'credentials.issued',
      ...detailsOf(entitlement, opened),
      durationSeconds: assumed.durationSeconds,
      requestedSeconds: seconds,
    });
    await access.useNotes.note(requester, entitlement);
    return { entitlement, assumed };
  } catch (thrown) {
    throw await refused(access, requester, { account, role, purpose: 'credentials', thrown });
  }
}

async function consoleLinkFor(
  access: AccessParts,
  requester: AuthenticatedRequester,
  { account, role, destination: asked, seconds }: ConsoleRequest,
): Promise<IssuedLink> {
  try {
    const entitlement = await decide(access, requester, { account, role });
    requireConsole(entitlement.account);
    const destination = access.console.destinationFor(entitlement.account, asked);
    const settings = consoleLasting(entitlement, { seconds, now: access.clock.now() });
    const opened = await openFor(access.broker, requester, { entitlement, settings });
    const link = await linkFor(access, { entitlement, opened, destination });
    await requireStillActive(access, entitlement);
    await access.recorder.record(requester, {
      type: 'console-link.issued',
      ...detailsOf(entitlement, opened),
      durationSeconds: opened.assumed.durationSeconds,
      consoleSeconds: link.consoleSeconds,
      requestedSeconds: seconds,
      destination: link.destination,
    });
    const region = asked === undefined ? undefined : consoleRegion(destination);
    await access.useNotes.note(requester, entitlement, region);
    return { entitlement, assumed: opened.assumed, link };
  } catch (thrown) {
    throw await refused(access, requester, { account, role, purpose: 'console-link', thrown });
  }
}

// ---------------------------------------------------------------- decide

/** Throws `console_missing`. */
export function requireConsole(account: Account): void {
  if (isOfAws(account)) return;
  throw new BridgeError('console_missing', `account ${account.name} has its own STS`, {
    hint: `Account ${account.name} is not an AWS account. Get credentials for the role instead.`,
  });
}

/** Throws as `Access.check`. */
async function decide(
  access: AccessParts,
  requester: AuthenticatedRequester,
  asked: AskedRole,
): Promise<Entitlement> {
  const { subject, scope } = requester;
  requireListed(requester, asked);
  const circumstances = await circumstancesOf(access, requester, asked);
  const decision = access.policy.decide(subject.identity, circumstances, asked);
  requireConfirmed(requester, signInFor(requester, asked, decision));
  if (!decision.granted) {
    const near = await nearTo(access, requester, decision.trace);
    throw denial(requester, asked, { ...decision, near });
  }
  if (scope === undefined || isReachable(scope, decision.entitlement)) return decision.entitlement;
  const code = BEYOND[scope.kind];
  throw new BridgeError(code, 'the role is granted, but outside the scope of the requester');
}

const BEYOND = {
  'device-login': 'role_not_for_device_login',
  application: 'role_not_for_application',
  'one-role': 'role_not_for_token',
} as const satisfies Record<RoleScope['kind'], ErrorCode>;

/**
 * A role that the requester can get, if its name is near to one that no rule gives. A role that a
 * rule gives is not mistyped.
 */
async function nearTo(
  access: AccessParts,
  requester: AuthenticatedRequester,
  { account, role, steps }: DecisionTrace,
): Promise<NamedRole | undefined> {
  if (steps.length > 0) return undefined;
  return nearestRole({ account, role }, attainable(await rolesFor(access, requester)));
}

/** Throws `role_not_for_application`. */
function requireListed({ scope }: AuthenticatedRequester, asked: AskedRole): void {
  if (isUnlisted(scope, asked))
    throw new BridgeError('role_not_for_application', 'the role is not one of the application');
}

/** A sign-in for which the user comes once, also if the role requires more than a sign-in. */
function signInFor(
  { cliSession, unconfirmed }: AuthenticatedRequester,
  { account, role }: AskedRole,
  decision: Decision,
): NeededStepUp | undefined {
  // The page for a terminal does not know what that lacks, so it is any sign-in there.
  if (unconfirmed === undefined || cliSession !== undefined) return undefined;
  const wish = (decision.granted ? undefined : decision.stepUp) ?? ANY_SIGN_IN;
  return { wish, role: { account, role } };
}

/** For a decision on one role, or with `asked` undefined on all. */
async function circumstancesOf(
  { policy, clock }: AccessParts,
  { origin, elevations }: AuthenticatedRequester,
  asked?: AskedRole,
): Promise<Circumstances> {
  const here = { now: clock.now(), address: origin.address };
  if (elevations === undefined || (asked !== undefined && !policy.isElevated(asked.role)))
    return here;
  return { ...here, elevations: await elevations() };
}

function isReachable(scope: RoleScope | undefined, { account, role }: Entitlement): boolean {
  return isWithin(scope, { account: account.id, role });
}

// ---------------------------------------------------------------- obtain

function openFor(
  source: Pick<CredentialBroker, 'assume'>,
  { subject, corporateProof }: AuthenticatedRequester,
  { entitlement, settings }: { entitlement: Entitlement; settings: SessionSettings },
): Promise<OpenedRole> {
  const { identity } = subject;
  const { rule, elevation } = entitlement;
  return openRole(source, {
    principal: identity.person,
    account: entitlement.account,
    role: entitlement.arn,
    roleName: entitlement.role,
    sessionName: roleSessionName(identity),
    session: withElevationTag(roleSessionFor(settings, identity, rule.name), entitlement),
    authenticatedAt: identity.authentication.at,
    assertedAt: identity.assertedAt,
    corporateProof,
    elevation: elevation && { id: elevation.id, endsAt: elevation.endsAt },
  });
}

/** Trails of AWS then lead to the approval. A proof of the user's own provider takes no tag. */
function withElevationTag(session: RoleSession, { account, elevation }: Entitlement): RoleSession {
  if (elevation?.tag === undefined || account.trust.by.startsWith('corporate-')) return session;
  const tag = { key: elevation.tag, value: elevation.id };
  return { ...session, tags: [...session.tags, tag] };
}

/** It can have been revoked while AWS was asked. Throws `approval_missing`. */
async function requireStillActive(
  { elevations, clock }: AccessParts,
  { elevation }: Entitlement,
): Promise<void> {
  if (elevation === undefined) return;
  const found = await elevations.find(elevation.id);
  if (found !== undefined && statusOf(found, clock.now()) === 'active' && isRecorded(found)) return;
  throw new BridgeError('approval_missing', 'the elevation has ended in the meantime', {
    hint: 'Your elevation has ended in the meantime. Request the role again.',
  });
}

function linkFor(
  { console, issuerUrl, clock }: AccessParts,
  {
    entitlement,
    opened: { assumed, session },
    destination,
  }: {
    readonly entitlement: Entitlement;
    readonly opened: OpenedRole;
    readonly destination: string;
  },
): Promise<ConsoleLink> {
  const { account } = entitlement;
  const consoleSeconds = ownConsoleSeconds(session.consoleSeconds, entitlement, clock.now());
  return console.linkFor({ account, assumed, destination, issuerUrl, consoleSeconds });
}

// ---------------------------------------------------------------- record

function detailsOf(entitlement: Entitlement, opened: OpenedRole) {
  const { group, elevation } = entitlement;
  return {
    ...(elevation !== undefined && { elevation: elevation.id }),
    ...handOutDetails(entitlement, opened),
    group,
  };
}

/** Records a refusal and returns the error to throw on. */
async function refused(
  { recorder }: AccessParts,
  requester: AuthenticatedRequester,
  refusal: AskedRole & { readonly purpose: Purpose; readonly thrown: unknown },
): Promise<BridgeError> {
  const error = withRenewal(asBridgeError(refusal.thrown), requester);
  await recorder.record(requester, {
    type: 'access.refused',
    purpose: refusal.purpose,
    ...recordedRole(refusal),
    rule: error.trace?.steps.find(step => step.outcome === 'proof-missing')?.rule,
    code: error.code,
    why: error.message,
  });
  return error;
}
