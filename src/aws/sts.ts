/**
 * Roles from STS.
 *
 * Owns: the STS call that an account's trust requires, its content, the session duration, and the
 * meaning of errors. Does not own: permissions (bridge/access), the content of our assertions
 * (issuer).
 */
import {
  AssumeRoleCommand,
  AssumeRoleWithSAMLCommand,
  AssumeRoleWithWebIdentityCommand,
} from '@aws-sdk/client-sts';
import type { AssumedRole, AssumeRequest } from '../core/assumed-role.ts';
import type { AwsCredentials } from '../core/credentials.ts';
import { BridgeError, type BridgeErrorOptions } from '../core/errors.ts';
import type { Partitions } from '../core/partitions.ts';
import type { AssertionIssuer, Clock, CredentialBroker } from '../core/ports.ts';
import { type RoleArn, roleArn, samlProviderArn, type Trust } from '../core/role.ts';
import { attainableSeconds, MIN_DURATION, type RoleSession } from '../core/session.ts';
import type { CorporateProof } from '../core/sign-in.ts';
import { HOUR, type Seconds } from '../core/time.ts';
import type { Outbound } from '../outbound.ts';
import { createKnownLimits, isOverRoleLimit, type KnownLimits } from './session-lengths.ts';
import {
  createSts,
  printable,
  type StsAnswer,
  type StsCall,
  type StsCommand,
  StsFailure,
} from './sts-client.ts';
import { explain } from './sts-refusals.ts';

export interface CredentialBrokerOptions {
  readonly issuer: AssertionIssuer;
  readonly partitions: Partitions;
  /** Its time limit applies to each call; an answer has a few kilobytes. */
  readonly outbound: Outbound;
  /**
   * Time limit of one call to AWS. One request for credentials can take three times as long,
   * including retries and the hub's call.
   */
  readonly timeoutSeconds: Seconds;
  readonly clock: Clock;
  /** Waits between two attempts. Default: real time. */
  readonly pause?: ((milliseconds: number) => Promise<unknown>) | undefined;
}

type DirectTrust = Exclude<Trust, { by: 'hub' }>;
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
    call: createSts({ partitions, outbound, pause }),
    limits: createKnownLimits(clock),
  };
  return {
    assume: asked => {
      const request = endingWithElevation(asked, clock);
      const deadline = AbortSignal.timeout(Math.ceil(3 * timeoutSeconds * 1000));
      const { trust } = request.account;
      return trust.by === 'hub'
        ? assumeThroughHub(broker, request, trust, deadline)
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
  if (isCorporate(trust)) refuseLostSettings(request);
  const asked = request.session.durationSeconds;
  const attempt = async (durationSeconds: Seconds): Promise<AssumedRole> => {
    const session: RoleSession = { ...request.session, durationSeconds };
    const answer = await broker.call({
      account: request.account,
      command: await federatedCommand(broker, { ...request, session }, trust),
      deadline,
    });
    return assumedRoleOf(answer, request, {
      chained: false,
      durationSeconds,
      reducedFrom: durationSeconds < asked ? asked : undefined,
    });
  };
  const first = broker.limits.fitting(request.role, asked);
  try {
    return await attempt(first);
  } catch (error) {
    if (!(error instanceof StsFailure)) throw error;
    if (!isOverRoleLimit(error) || first <= HOUR) throw explain(error, request, trust);
  }
  broker.limits.learn(request.role);
  // Every role allows an hour (IAM: MaxSessionDuration is 3600 or more).
  return attempt(HOUR).catch((error: unknown) => {
    throw error instanceof StsFailure ? explain(error, request, trust) : error;
  });
}

function isCorporate(trust: DirectTrust): boolean {
  return trust.by === 'corporate-saml' || trust.by === 'corporate-web-identity';
}

/**
 * Tags and source identity would have to be in the corporate proof, which the bridge does not
 * write. Dropping them silently could widen access.
 */
function refuseLostSettings({ session, role }: AssumeRequest): void {
  if (session.tags.length === 0 && session.sourceIdentity === undefined) return;
  throw new BridgeError(
    'session_settings_invalid',
    `${role} trusts the corporate identity provider itself, so the rule's tags and source identity cannot reach it`,
    {
      hint: 'The rule for this role sets session tags or a source identity, but this account accepts them only from your identity provider. Contact your administrator and give them the reference.',
    },
  );
}

async function federatedCommand(
  broker: Broker,
  request: AssumeRequest,
  trust: DirectTrust,
): Promise<StsCommand> {
  const { account, role: RoleArn, sessionName: RoleSessionName, session } = request;
  const withSaml = (provider: string, SAMLAssertion: string): StsCommand =>
    new AssumeRoleWithSAMLCommand({
      RoleArn,
      PrincipalArn: samlProviderArn(account, provider),
      SAMLAssertion,
      ...scopeOf(session),
    });
  const withToken = (WebIdentityToken: string): StsCommand =>
    new AssumeRoleWithWebIdentityCommand({
      RoleArn,
      RoleSessionName,
      WebIdentityToken,
      ...scopeOf(session),
    });
  switch (trust.by) {
    case 'saml':
      return withSaml(trust.provider, await broker.issuer.samlResponse(request, trust.provider));
    case 'web-identity':
      return withToken(await broker.issuer.webIdentityToken(request));
    case 'corporate-saml':
      return withSaml(
        trust.provider,
        corporateProof(broker, request, 'saml-response').samlResponse,
      );
    case 'corporate-web-identity':
      return withToken(corporateProof(broker, request, 'id-token').token);
  }
}

function scopeOf({ durationSeconds, policy, policyArns }: RoleSession) {
  return {
    DurationSeconds: durationSeconds,
    ...(policy !== undefined && { Policy: policy }),
    ...(policyArns.length > 0 && { PolicyArns: policyArns.map(arn => ({ arn })) }),
  };
}

function corporateProof<K extends CorporateProof['kind']>(
  { clock }: Broker,
  { corporateProof: proof, account }: AssumeRequest,
  kind: K,
): Extract<CorporateProof, { kind: K }> {
  const missing = (why: string, options?: BridgeErrorOptions) =>
    new BridgeError(
      'corporate_proof_missing',
      `account ${account.name} requires the user's own ${kind}, ${why}`,
      options,
    );
  // Another sign-in of the same kind would fail again.
  const otherKind = {
    hint: `Sign in again with ${SIGN_IN_WITH[kind]}: this account accepts no other proof.`,
  };
  if (proof === undefined) throw missing('and the session contains none', otherKind);
  if (proof.kind !== kind) throw missing(`and the session contains a ${proof.kind}`, otherKind);
  if (proof.expiresAt <= clock.now()) throw missing('and that of the session has expired');
  return proof as Extract<CorporateProof, { kind: K }>;
}

/** The sign-in that yields each proof, as the sign-in page names it. */
const SIGN_IN_WITH = {
  'id-token': 'OpenID Connect',
  'saml-response': 'SAML',
} as const satisfies Record<CorporateProof['kind'], string>;

// ---------------------------------------------------------------- a role that trusts a hub role

async function assumeThroughHub(
  broker: Broker,
  request: AssumeRequest,
  trust: HubTrust,
  deadline: AbortSignal,
): Promise<AssumedRole> {
  const hub = await assumeHub(broker, request, trust, deadline);
  const { session, role: RoleArn, sessionName: RoleSessionName } = request;
  const durationSeconds = attainableSeconds(request.account, session.durationSeconds);
  const { tags, transitiveTags, sourceIdentity } = hub.left;
  const command = new AssumeRoleCommand({
    RoleArn,
    RoleSessionName,
    ...scopeOf({ ...session, durationSeconds }),
    ...(trust.externalId !== undefined && { ExternalId: trust.externalId }),
    ...(tags.length > 0 && { Tags: tags.map(({ key: Key, value: Value }) => ({ Key, Value })) }),
    ...(transitiveTags.length > 0 && { TransitiveTagKeys: [...transitiveTags] }),
    ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
  });
  try {
    const answer = await broker.call({
      account: request.account,
      command,
      credentials: hub.credentials,
      deadline,
    });
    return assumedRoleOf(answer, request, {
      chained: true,
      durationSeconds,
      reducedFrom: durationSeconds < session.durationSeconds ? session.durationSeconds : undefined,
    });
  } catch (error) {
    throw error instanceof StsFailure ? explain(error, request, trust) : error;
  }
}

interface HubSession {
  readonly credentials: AwsCredentials;
  /** Settings that the hub session does not propagate; they go into the second AssumeRole call. */
  readonly left: Pick<RoleSession, 'tags' | 'transitiveTags' | 'sourceIdentity'>;
}

/**
 * A short session of the hub role for this user. Its proof contains what STS propagates along a
 * chain: the source identity and the transitive tags. STS rejects these in the second call, which
 * contains the rest. If the hub accepts the corporate proof, which the bridge does not write, the
 * second call contains everything.
 */
async function assumeHub(
  broker: Broker,
  request: AssumeRequest,
  trust: HubTrust,
  deadline: AbortSignal,
): Promise<HubSession> {
  const { hub, role: roleName } = trust;
  if (hub.trust.by === 'hub')
    throw new BridgeError('internal', `account ${hub.name} is a hub behind a hub`);
  const { session } = request;
  const isTransitive = ({ key }: { readonly key: string }): boolean =>
    session.transitiveTags.includes(key);
  const inherits = !isCorporate(hub.trust);
  const assumed = await assumeDirectly(
    broker,
    {
      ...request,
      account: hub,
      role: roleArn(hub, roleName),
      roleName,
      session: {
        durationSeconds: MIN_DURATION,
        sourceIdentity: inherits ? session.sourceIdentity : undefined,
        tags: inherits ? session.tags.filter(isTransitive) : [],
        transitiveTags: inherits ? session.transitiveTags : [],
        policyArns: [],
      },
    },
    hub.trust,
    deadline,
  );
  return {
    credentials: assumed.credentials,
    left: inherits
      ? {
          tags: session.tags.filter(tag => !isTransitive(tag)),
          transitiveTags: [],
          sourceIdentity: undefined,
        }
      : session,
  };
}

// ---------------------------------------------------------------- the answer

function assumedRoleOf(
  { Credentials, AssumedRoleUser, $metadata }: StsAnswer,
  { account, role }: AssumeRequest,
  terms: Pick<AssumedRole, 'chained' | 'durationSeconds' | 'reducedFrom'>,
): AssumedRole {
  const {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration,
  } = Credentials ?? {};
  const expiresAt = Expiration?.getTime() ?? Number.NaN;
  const assumedRoleArn = AssumedRoleUser?.Arn ?? '';
  if (!accessKeyId || !secretAccessKey || !sessionToken || Number.isNaN(expiresAt))
    throw unreadable(role, 'contains no complete credentials');
  if (!assumedRoleArn.startsWith(`arn:${account.partition}:sts::${account.id}:assumed-role/`)) {
    throw unreadable(role, 'is for a role of another account');
  }
  return {
    credentials: { accessKeyId, secretAccessKey, sessionToken, expiresAt },
    assumedRoleArn,
    stsRequestId: printable($metadata.requestId),
    ...terms,
  };
}

function unreadable(role: RoleArn, why: string): BridgeError {
  return new BridgeError('aws_refused', `the answer of STS for ${role} ${why}`);
}
