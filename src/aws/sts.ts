/**
 * Roles from STS.
 *
 * Owns: the STS call that an account's trust requires, its content, the session duration, what is
 * left out when AWS finds a session too large, and the meaning of errors. Does not own: permissions
 * (bridge/access), the content of our assertions (issuer).
 */
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import type { AssumedRole, AssumeRequest } from '../core/assumed-role.ts';
import { BridgeError } from '../core/errors.ts';
import type { Partitions } from '../core/partitions.ts';
import type { AssertionIssuer, Clock, CredentialBroker } from '../core/ports.ts';
import { roleArn, type Trust } from '../core/role.ts';
import {
  attainableSeconds,
  leavingOut,
  MIN_DURATION,
  type RoleSession,
  type SessionTag,
  withoutOptionalTags,
} from '../core/session.ts';
import { HOUR, type Seconds } from '../core/time.ts';
import type { OutboundClient } from '../outbound.ts';
import { awsError } from './aws-faults.ts';
import {
  acceptable,
  type DirectTrust,
  federatedCommand,
  isCorporate,
  scopeOf,
} from './federated-call.ts';
import { createKnownLimits, isOverRoleLimit, type KnownLimits } from './session-lengths.ts';
import { createSts, type StsAnswer, type StsCall, StsFailure } from './sts-client.ts';
import { explain } from './sts-refusals.ts';

export interface CredentialBrokerOptions {
  readonly issuer: AssertionIssuer;
  readonly partitions: Partitions;
  /** Its time limit applies to each call; an answer has a few kilobytes. */
  readonly outbound: Pick<OutboundClient, 'request'>;
  /**
   * Time limit of one call to AWS. One request for credentials can take three times as long,
   * including retries and the hub's call.
   */
  readonly timeoutSeconds: Seconds;
  readonly clock: Clock;
  /** Waits between two attempts. Default: real time. */
  readonly pause?: ((milliseconds: number) => Promise<unknown>) | undefined;
}

type HubTrust = Extract<Trust, { by: 'hub' }>;

interface Broker {
  readonly issuer: AssertionIssuer;
  readonly call: (call: StsCall) => Promise<StsAnswer>;
  readonly limits: KnownLimits;
  readonly clock: Clock;
}

export function createCredentialBroker(options: CredentialBrokerOptions): CredentialBroker {
  const { issuer, partitions, outbound, timeoutSeconds, clock, pause } = options;
  const broker: Broker = {
    issuer,
    clock,
    call: createSts({ partitions, outbound, clock, pause }),
    limits: createKnownLimits(clock),
  };
  return {
    assume: asked => {
      const request = endingWithElevation(asked, clock);
      const deadline = AbortSignal.timeout(Math.ceil(3 * timeoutSeconds * 1000));
      const { trust } = request.account;
      return trust.by === 'hub'
        ? assumeThroughHub(broker, { request, trust, deadline })
        : assumeDirectly(broker, request, trust, deadline);
    },
  };
}

/** The length is worked out here, so that programs can share what they get by one elevation. */
function endingWithElevation(request: AssumeRequest, clock: Clock): AssumeRequest {
  const { elevation, session } = request;
  if (elevation === undefined) return request;
  const left = Math.floor((elevation.endsAt - clock.now()) / 1000);
  const durationSeconds = Math.min(session.durationSeconds, left);
  if (durationSeconds < MIN_DURATION)
    throw new BridgeError('approval_missing', `the elevation ${elevation.id} is about to end`, {
      hint: 'Your elevation is about to end. Request an extension.',
    });
  return { ...request, session: { ...session, durationSeconds } };
}

// ---------------------------------------------------------------- a role that trusts a federation

async function assumeDirectly(
  broker: Broker,
  request: AssumeRequest,
  trust: DirectTrust,
  deadline: AbortSignal,
): Promise<AssumedRole> {
  const { account, role } = request;
  const asked = request.session.durationSeconds;
  let session: RoleSession = {
    ...acceptable(request, trust),
    durationSeconds: broker.limits.fitting(role, asked),
  };
  for (;;) {
    const attempted = { ...request, session };
    try {
      const command = await federatedCommand(broker, attempted, trust);
      const answer = await broker.call({ account, command, deadline });
      return assumedRoleOf(answer, attempted, { chained: false, asked });
    } catch (error) {
      const smaller = smallerSession(broker, attempted, error);
      if (smaller === undefined) throw refusalOf(error, attempted, trust);
      session = smaller;
    }
  }
}

/** What to request after this error; undefined if nothing is left to try. */
function smallerSession(
  { limits }: Broker,
  { role, session }: AssumeRequest,
  error: unknown,
): RoleSession | undefined {
  if (isTooLarge(error)) return withoutOptionalTags(session);
  if (!(error instanceof StsFailure && isOverRoleLimit(error))) return undefined;
  if (session.durationSeconds <= HOUR) return undefined;
  limits.learn(role, session.durationSeconds);
  // Every role allows an hour (IAM: MaxSessionDuration is 3600 or more).
  return { ...session, durationSeconds: HOUR };
}

/** AWS finds the session policies and tags too large, or they do not even fit into the proof. */
function isTooLarge(error: unknown): boolean {
  if (error instanceof StsFailure) return error.code === 'PackedPolicyTooLarge';
  return error instanceof BridgeError && error.code === 'session_settings_invalid';
}

function refusalOf(error: unknown, request: AssumeRequest, trust: Trust): unknown {
  return error instanceof StsFailure ? explain(error, request, trust) : error;
}

// ---------------------------------------------------------------- a role that trusts a hub role

/** A request for a role behind a hub. */
interface Chain {
  readonly request: AssumeRequest;
  readonly trust: HubTrust;
  readonly deadline: AbortSignal;
}

async function assumeThroughHub(broker: Broker, chain: Chain): Promise<AssumedRole> {
  const hub = await assumeHub(broker, chain);
  const rest = lacking(chain, hub.tagsLeftOut);
  try {
    return await assumeBehindHub(broker, rest, hub);
  } catch (error) {
    const { request, trust } = rest;
    const smaller = isTooLarge(error) ? withoutOptionalTags(request.session) : undefined;
    if (smaller === undefined) throw refusalOf(error, request, trust);
    const again = { ...rest, request: { ...request, session: smaller } };
    // The hub session passes its tags on, so they can take the space here.
    const passesOn = hubSession(rest).tags.some(tag => tag.optional);
    const nextHub = passesOn ? await assumeHub(broker, again) : hub;
    return assumeBehindHub(broker, again, nextHub).catch((thrown: unknown) => {
      throw refusalOf(thrown, again.request, trust);
    });
  }
}

function lacking(chain: Chain, keys: readonly string[]): Chain {
  const { request } = chain;
  return { ...chain, request: { ...request, session: leavingOut(request.session, keys) } };
}

/** A short session of the hub role for this user. */
async function assumeHub(broker: Broker, chain: Chain): Promise<AssumedRole> {
  const { request, trust, deadline } = chain;
  const { hub, role: roleName } = trust;
  if (hub.trust.by === 'hub')
    throw new BridgeError('internal', `account ${hub.name} is a hub behind a hub`);
  const session = hubSession(chain);
  const ofHub = { ...request, account: hub, role: roleArn(hub, roleName), roleName, session };
  return assumeDirectly(broker, ofHub, hub.trust, deadline);
}

/**
 * The session of the hub role. Its proof contains what STS propagates along a chain: the source
 * identity and the transitive tags.
 */
function hubSession({ request: { session }, trust }: Chain): RoleSession {
  const inherits = !isCorporate(trust.hub.trust);
  return {
    durationSeconds: MIN_DURATION,
    sourceIdentity: inherits ? session.sourceIdentity : undefined,
    tags: inherits ? session.tags.filter(tag => isTransitive(session, tag)) : [],
    transitiveTags: inherits ? session.transitiveTags : [],
    policyArns: [],
  };
}

/**
 * What the second call contains. STS rejects there what the hub session propagates. If the hub
 * accepts the corporate proof, which the bridge does not write, it is everything.
 */
function sessionBehindHub({ request: { session }, trust }: Chain): RoleSession {
  if (isCorporate(trust.hub.trust)) return session;
  return {
    ...session,
    tags: session.tags.filter(tag => !isTransitive(session, tag)),
    transitiveTags: [],
    sourceIdentity: undefined,
  };
}

function isTransitive({ transitiveTags }: RoleSession, { key }: SessionTag): boolean {
  return transitiveTags.includes(key);
}

/** Throws StsFailure. */
async function assumeBehindHub(
  broker: Broker,
  chain: Chain,
  hub: AssumedRole,
): Promise<AssumedRole> {
  const { request, trust, deadline } = chain;
  const { account, role: RoleArn, sessionName: RoleSessionName } = request;
  const asked = request.session.durationSeconds;
  const durationSeconds = attainableSeconds(account, asked);
  const session = { ...sessionBehindHub(chain), durationSeconds };
  const { tags, transitiveTags, sourceIdentity } = session;
  const command = new AssumeRoleCommand({
    RoleArn,
    RoleSessionName,
    ...scopeOf(session),
    ...(trust.externalId !== undefined && { ExternalId: trust.externalId }),
    ...(tags.length > 0 && { Tags: tags.map(({ key: Key, value: Value }) => ({ Key, Value })) }),
    ...(transitiveTags.length > 0 && { TransitiveTagKeys: [...transitiveTags] }),
    ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
  });
  const { credentials } = hub;
  const answer = await broker.call({ account, command, credentials, deadline });
  const assumed = assumedRoleOf(answer, { ...request, session }, { chained: true, asked });
  return { ...assumed, packedPolicyPercent: larger(assumed, hub) };
}

function larger(one: AssumedRole, other: AssumedRole): number | undefined {
  const known = [one, other].flatMap(({ packedPolicyPercent: percent }) => percent ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

// ---------------------------------------------------------------- the answer

/** Role and session, in the characters of their names: pages, terminals and the trail show them. */
const SESSION = /^[\w+=,.@/-]{1,1024}$/;

function assumedRoleOf(
  { credentials, assumedRoleArn, packedPolicySize, requestId }: StsAnswer,
  { account, role, session }: AssumeRequest,
  { chained, asked }: { readonly chained: boolean; readonly asked: Seconds },
): AssumedRole {
  const { durationSeconds } = session;
  const ofAccount = `arn:${account.partition}:sts::${account.id}:assumed-role/`;
  if (!assumedRoleArn.startsWith(ofAccount))
    throw unreadable({ account, role }, 'is for a role of another account');
  if (!SESSION.test(assumedRoleArn.slice(ofAccount.length)))
    throw unreadable({ account, role }, 'contains an ARN that is not one of a session');
  return {
    credentials,
    assumedRoleArn,
    stsRequestId: requestId,
    chained,
    durationSeconds,
    reducedFrom: durationSeconds < asked ? asked : undefined,
    packedPolicyPercent: percentOf(packedPolicySize),
    tagsLeftOut: session.tagsLeftOut ?? [],
  };
}

/** Undefined for what is not a percentage: the answer is input. */
function percentOf(size: number | undefined): number | undefined {
  return Number.isInteger(size) && size! >= 0 && size! <= 100 ? size : undefined;
}

function unreadable(
  { account, role }: Pick<AssumeRequest, 'account' | 'role'>,
  why: string,
): BridgeError {
  return awsError('response_invalid', `the answer of STS for ${role} ${why}`, { account });
}
