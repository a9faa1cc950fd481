/**
 * The corridor: every way to a role ends here, and only this file decides, obtains credentials and
 * records it.
 *
 * Owns: decision, session settings, the order "decide, obtain, record, hand out". Does not own:
 * which STS call is made (aws/sts), what a rule means (core/policy), how it looks (flows, apis).
 */
import type { Entitlement } from '../core/access-rule.ts';
import { actorOf, type Origin, type Purpose, recordable } from '../core/audit-event.ts';
import type { DecisionTrace, TraceStep } from '../core/decision-trace.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import { nextStepFor } from '../core/explanation.ts';
import type { Identity } from '../core/identity.ts';
import type { Evaluation, Policy } from '../core/policy.ts';
import type {
  AssumedRole,
  AuditSink,
  Clock,
  ConsoleFederation,
  ConsoleLink,
  CorporateProof,
  CredentialBroker,
} from '../core/ports.ts';
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

/** Who asks, from where, for which role; account and role as the person named them. */
export interface AccessRequest {
  readonly identity: Identity;
  readonly corporateProof?: CorporateProof | undefined;
  readonly origin: Origin;
  readonly account: string;
  readonly role: string;
  /** The handle of the CLI session that asks. */
  readonly cliSession?: string | undefined;
  /** The handle of the container token that asks. */
  readonly containerToken?: string | undefined;
  /**
   * Programs that renew by themselves take credentials that another one was given a while ago, too.
   */
  readonly mayShare?: boolean | undefined;
  /** What whoever asks may reach at most, beside what the person has. */
  readonly scope?: RoleScope | undefined;
}

/** Every role of a person, as far as whoever asks may reach it. */
export interface ReachableRoles extends Evaluation {
  /** Roles that the person has and that whoever asks may not use. */
  readonly outOfScope: readonly Entitlement[];
}

export interface Handout {
  readonly entitlement: Entitlement;
  readonly assumed: AssumedRole;
}

export interface Access {
  rolesFor(identity: Identity, origin: Origin, scope?: RoleScope): ReachableRoles;
  /**
   * Why a person has a role, or has it not. It is an answer and no refusal, so nothing is recorded.
   */
  explain(request: AccessRequest): Explanation;
  /**
   * The decision alone, before anything is handed out for `purpose`.
   * Throws `access_denied`, `proof_missing`, `role_not_for_device_login`, `role_not_for_token`.
   */
  check(request: AccessRequest, purpose?: Purpose): Promise<Entitlement>;
  /**
   * Throws the same, and `session_settings_invalid`, `corporate_proof_missing`, `aws_refused`,
   * `aws_unavailable`.
   */
  credentialsFor(request: AccessRequest): Promise<Handout>;
  /** Throws the same, and `destination_refused`. */
  consoleLinkFor(
    request: AccessRequest & { readonly destination?: string | undefined },
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
  const circumstances = (origin: Origin) => ({ now: clock.now(), address: origin.address });

  const decide = (request: AccessRequest): Entitlement => {
    const decision = policy.decide(request.identity, circumstances(request.origin), request);
    const { trace } = decision;
    if (!decision.granted) {
      const code = decision.missing.length > 0 ? 'proof_missing' : 'access_denied';
      throw new BridgeError(code, whyRefused(trace), {
        trace,
        hint: nextStepFor(trace, decision.missing),
      });
    }
    const { entitlement } = decision;
    if (isReachable(request.scope, entitlement)) return entitlement;
    const code =
      request.scope?.kind === 'one-role' ? 'role_not_for_token' : 'role_not_for_device_login';
    throw new BridgeError(code, "the role is the person's, and beyond what this caller may reach");
  };

  const open = async (request: AccessRequest, entitlement: Entitlement): Promise<Opened> => {
    const { identity, corporateProof } = request;
    const session = roleSessionFor(entitlement.rule.session, identity, entitlement.rule.name);
    const sessionName = roleSessionName(identity);
    const assumed = await (request.mayShare === true ? parts.shared : broker).assume({
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

  /** Runs a hand-out; a refusal at any step is audited before it goes on to the person. */
  const audited = async <T>(
    purpose: Purpose,
    request: AccessRequest,
    handOut: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await handOut();
    } catch (thrown) {
      const error = asBridgeError(thrown);
      await audit.record({
        type: 'access.refused',
        at: clock.now(),
        origin: request.origin,
        actor: actorOf(request.identity),
        cliSession: request.cliSession,
        containerToken: request.containerToken,
        purpose,
        account: recordable(request.account, MAX_RECORDED_NAME),
        role: recordable(request.role, MAX_RECORDED_NAME),
        rule: error.trace?.steps.find(step => step.outcome === 'proof-missing')?.rule,
        code: error.code,
        why: error.message,
      });
      throw error;
    }
  };

  const recordOf = (
    { origin, identity, cliSession, containerToken }: AccessRequest,
    { entitlement, assumed, session, sessionName }: Opened,
  ) => ({
    at: clock.now(),
    origin,
    actor: actorOf(identity),
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
    rolesFor: (identity, origin, scope) => {
      const evaluation = policy.evaluate(identity, circumstances(origin));
      if (scope === undefined) return { ...evaluation, outOfScope: [] };
      return {
        granted: evaluation.granted.filter(entitlement => isReachable(scope, entitlement)),
        withheld: evaluation.withheld.filter(({ entitlement }) => isReachable(scope, entitlement)),
        outOfScope: evaluation.granted.filter(entitlement => !isReachable(scope, entitlement)),
      };
    },

    explain: request => {
      const decision = policy.decide(request.identity, circumstances(request.origin), request);
      if (decision.granted) return { trace: decision.trace };
      return { trace: decision.trace, nextStep: nextStepFor(decision.trace, decision.missing) };
    },

    check: (request, purpose = 'credentials') =>
      audited(purpose, request, async () => decide(request)),

    credentialsFor: request =>
      audited('credentials', request, async () => {
        const opened = await open(request, decide(request));
        await audit.record({
          type: 'credentials.issued',
          ...recordOf(request, opened),
          durationSeconds: opened.assumed.durationSeconds,
        });
        return { entitlement: opened.entitlement, assumed: opened.assumed };
      }),

    consoleLinkFor: request =>
      audited('console-link', request, async () => {
        const entitlement = decide(request);
        const { account } = entitlement;
        const destination = console.destinationFor(account, request.destination);
        const opened = await open(request, entitlement);
        const { assumed, session } = opened;
        const link = await console.linkFor({
          account,
          assumed,
          destination,
          issuerUrl: parts.issuerUrl,
          consoleSeconds: session.consoleSeconds,
        });
        await audit.record({
          type: 'console-link.issued',
          ...recordOf(request, opened),
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
