/**
 * The corridor: every way to a role ends here, and only this file decides, obtains credentials and
 * records it.
 *
 * Owns: decision, session settings, the order "decide, obtain, record, hand out". Does not own:
 * which STS call is made (aws/sts), what a rule means (core/policy), how it looks (flows, apis).
 */
import type { Entitlement } from '../core/access-rule.ts';
import { actorOf, type Purpose, recordable } from '../core/audit-event.ts';
import type { DecisionTrace, TraceStep } from '../core/decision-trace.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import { needsOnlyNetwork, nextStepFor } from '../core/explanation.ts';
import type { Evaluation, Policy } from '../core/policy.ts';
import type {
  AssumedRole,
  AuditSink,
  Clock,
  ConsoleFederation,
  ConsoleLink,
  CredentialBroker,
} from '../core/ports.ts';
import type { AuthenticatedRequester, Requester } from '../core/requester.ts';
import { isRoleSessionName, type RoleSessionName, roleSessionName } from '../core/role.ts';
import { isWithin, type RoleScope } from '../core/role-scope.ts';
import { type RoleSession, roleSessionFor } from '../core/session.ts';
import type { SharedCredentials } from './shared-credentials.ts';

const MAX_RECORDED_NAME = 128;

export interface AccessParts {
  readonly policy: Policy;
  readonly broker: CredentialBroker;
  readonly shared: SharedCredentials;
  readonly console: ConsoleFederation;
  readonly audit: AuditSink;
  readonly clock: Clock;
  /** Where the AWS console sends people when its session ends. */
  readonly issuerUrl: string;
}

/** A role as the requester names it: the account by name or id. */
export interface AskedRole {
  readonly account: string;
  readonly role: string;
}

export interface CredentialsRequest extends AskedRole {
  /** Allows credentials that another program was given up to five minutes ago. */
  readonly mayShare?: boolean | undefined;
}

export interface ConsoleRequest extends AskedRole {
  readonly destination?: string | undefined;
}

/** The roles of a subject that the requester's scope allows. */
export interface ReachableRoles extends Evaluation {
  /** Roles of the subject that the scope excludes. */
  readonly outOfScope: readonly Entitlement[];
}

export interface Handout {
  readonly entitlement: Entitlement;
  readonly assumed: AssumedRole;
}

export interface Access {
  rolesFor(requester: AuthenticatedRequester): ReachableRoles;
  /** Why the requester has or does not have a role. Nothing is recorded. */
  explain(requester: AuthenticatedRequester, asked: AskedRole): Explanation;
  /**
   * The decision alone, before anything is handed out for `purpose` (default: credentials).
   * Throws `access_denied`, `proof_missing`, `role_not_for_device_login`, `role_not_for_token`.
   */
  check(
    requester: AuthenticatedRequester,
    asked: AskedRole & { readonly purpose?: Purpose | undefined },
  ): Promise<Entitlement>;
  /**
   * Throws the same, and `session_settings_invalid`, `corporate_proof_missing`, `aws_refused`,
   * `aws_unavailable`.
   */
  credentialsFor(requester: AuthenticatedRequester, asked: CredentialsRequest): Promise<Handout>;
  /** Throws the same, and `destination_refused`. */
  consoleLinkFor(
    requester: AuthenticatedRequester,
    asked: ConsoleRequest,
  ): Promise<Handout & { readonly link: ConsoleLink }>;
}

/**
 * The roles that a person can get, at once or after a proof that they are told of when they ask.
 */
export function attainable({ granted, withheld }: ReachableRoles): readonly Entitlement[] {
  return [...granted, ...withheld.map(({ entitlement }) => entitlement)];
}

export interface Explanation {
  readonly trace: DecisionTrace;
  /** What the person can do about a refusal. */
  readonly nextStep?: string | undefined;
}

/** A role that was decided for and opened, with everything that its audit event needs. */
interface Opened extends Handout {
  readonly session: RoleSession;
  readonly sessionName: RoleSessionName;
}

export function createAccess(parts: AccessParts): Access {
  const { policy, broker, console, audit, clock } = parts;
  const circumstances = ({ origin }: Requester) => ({
    now: clock.now(),
    address: origin.address,
  });

  const decide = (requester: AuthenticatedRequester, asked: AskedRole): Entitlement => {
    const { subject, scope } = requester;
    const decision = policy.decide(subject.identity, circumstances(requester), asked);
    const { trace } = decision;
    if (!decision.granted) {
      const code = decision.missing.length > 0 ? 'proof_missing' : 'access_denied';
      throw new BridgeError(code, whyRefused(trace), {
        trace,
        hint: nextStepFor(trace, decision.missing),
        ...(needsOnlyNetwork(trace) && { offers: 'retry' }),
      });
    }
    const { entitlement } = decision;
    if (isReachable(scope, entitlement)) return entitlement;
    const code = scope?.kind === 'one-role' ? 'role_not_for_token' : 'role_not_for_device_login';
    throw new BridgeError(code, 'the role is granted, but not within the scope of the requester');
  };

  const open = async (
    { subject, corporateProof }: AuthenticatedRequester,
    entitlement: Entitlement,
    source: Pick<CredentialBroker, 'assume'>,
  ): Promise<Opened> => {
    const { identity } = subject;
    const session = roleSessionFor(entitlement.rule.session, identity, entitlement.rule.name);
    const sessionName = roleSessionName(identity);
    const assumed = await source.assume({
      person: identity.person,
      account: entitlement.account,
      role: entitlement.arn,
      roleName: entitlement.role,
      sessionName,
      session,
      authenticatedAt: identity.authentication.at,
      assertedAt: identity.assertedAt,
      corporateProof,
    });
    // A corporate SAML response names the session itself, and the audit must say what CloudTrail
    // says.
    const named = assumed.assumedRoleArn.split('/').at(-1)!;
    return {
      entitlement,
      assumed,
      session,
      sessionName: isRoleSessionName(named) ? named : sessionName,
    };
  };

  /** Runs a hand-out. A refusal at any step is recorded before it is thrown on. */
  const audited = async <T>(
    requester: AuthenticatedRequester,
    asked: AskedRole & { readonly purpose: Purpose },
    handOut: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await handOut();
    } catch (thrown) {
      const error = asBridgeError(thrown);
      await audit.record({
        type: 'access.refused',
        at: clock.now(),
        origin: requester.origin,
        actor: actorOf(requester.subject.identity),
        cliSession: requester.cliSession,
        containerToken: requester.containerToken,
        purpose: asked.purpose,
        account: recordable(asked.account, MAX_RECORDED_NAME),
        role: recordable(asked.role, MAX_RECORDED_NAME),
        rule: error.trace?.steps.find(step => step.outcome === 'proof-missing')?.rule,
        code: error.code,
        why: error.message,
      });
      throw error;
    }
  };

  const recordOf = (
    { origin, subject, cliSession, containerToken }: AuthenticatedRequester,
    { entitlement, assumed, session, sessionName }: Opened,
  ) => ({
    at: clock.now(),
    origin,
    actor: actorOf(subject.identity),
    cliSession,
    containerToken,
    account: entitlement.account.id,
    accountName: entitlement.account.name,
    role: entitlement.role,
    rule: entitlement.rule.name,
    group: entitlement.group,
    sessionName,
    sourceIdentity: session.sourceIdentity,
    accessKeyId: assumed.credentials.accessKeyId,
    stsRequestId: assumed.stsRequestId,
    expiresAt: assumed.credentials.expiresAt,
  });

  return {
    rolesFor: requester => {
      const { subject, scope } = requester;
      const evaluation = policy.evaluate(subject.identity, circumstances(requester));
      if (scope === undefined) return { ...evaluation, outOfScope: [] };
      return {
        granted: evaluation.granted.filter(entitlement => isReachable(scope, entitlement)),
        withheld: evaluation.withheld.filter(({ entitlement }) => isReachable(scope, entitlement)),
        outOfScope: evaluation.granted.filter(entitlement => !isReachable(scope, entitlement)),
      };
    },

    explain: (requester, asked) => {
      const decision = policy.decide(requester.subject.identity, circumstances(requester), asked);
      if (decision.granted) return { trace: decision.trace };
      return { trace: decision.trace, nextStep: nextStepFor(decision.trace, decision.missing) };
    },

    check: (requester, { account, role, purpose = 'credentials' }) =>
      audited(requester, { account, role, purpose }, async () =>
        decide(requester, { account, role }),
      ),

    credentialsFor: (requester, { account, role, mayShare }) =>
      audited(requester, { account, role, purpose: 'credentials' }, async () => {
        const source = mayShare === true ? parts.shared : broker;
        const opened = await open(requester, decide(requester, { account, role }), source);
        await audit.record({
          type: 'credentials.issued',
          ...recordOf(requester, opened),
          durationSeconds: opened.assumed.durationSeconds,
        });
        return { entitlement: opened.entitlement, assumed: opened.assumed };
      }),

    consoleLinkFor: (requester, { account, role, destination: asked }) =>
      audited(requester, { account, role, purpose: 'console-link' }, async () => {
        const entitlement = decide(requester, { account, role });
        const destination = console.destinationFor(entitlement.account, asked);
        const opened = await open(requester, entitlement, broker);
        const { assumed, session } = opened;
        const link = await console.linkFor({
          account: entitlement.account,
          assumed,
          destination,
          issuerUrl: parts.issuerUrl,
          consoleSeconds: session.consoleSeconds,
        });
        await audit.record({
          type: 'console-link.issued',
          ...recordOf(requester, opened),
          consoleSeconds: link.consoleSeconds,
          destination: link.destination,
        });
        return { entitlement, assumed, link };
      }),
  };
}

function isReachable(scope: RoleScope | undefined, { account, role }: Entitlement): boolean {
  return isWithin(scope, { account: account.id, role });
}

function whyRefused({ steps }: DecisionTrace): string {
  if (steps.length === 0) return 'no rule gives this role to anyone';
  return steps.map(step => `${step.rule}: ${whyNot(step)}`).join('; ');
}

function whyNot(step: TraceStep): string {
  if (step.outcome === 'proof-missing')
    return `missing ${step.missing.map(({ proof }) => proof).join(', ')}`;
  if (step.outcome === 'connector-mismatch')
    return `takes groups of ${step.connectors.join(', ')}, not of ${step.connector}`;
  return 'group missing';
}
