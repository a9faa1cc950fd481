/**
 * The STS calls that go unsigned: with an assertion or a token of the bridge, or with the user's
 * own proof from their identity provider.
 */
import { AssumeRoleWithSAMLCommand, AssumeRoleWithWebIdentityCommand } from '@aws-sdk/client-sts';
import type { AssumeRequest } from '../core/assumed-role.ts';
import { BridgeError, type BridgeErrorOptions } from '../core/errors.ts';
import type { AssertionIssuer, Clock } from '../core/ports.ts';
import { samlProviderArn, type Trust } from '../core/role.ts';
import { type RoleSession, withoutOptionalTags } from '../core/session.ts';
import type { CorporateProof } from '../core/sign-in.ts';
import type { StsCommand } from './sts-client.ts';

/** Every trust but that in a hub role. */
export type DirectTrust = Exclude<Trust, { by: 'hub' }>;

interface Proofs {
  readonly issuer: AssertionIssuer;
  readonly clock: Clock;
}

/** Whether AWS accepts a proof that the bridge does not write. */
export function isCorporate(trust: Trust): boolean {
  return trust.by === 'corporate-saml' || trust.by === 'corporate-web-identity';
}

/**
 * The session as this trust allows it. Tags and source identity would have to be in the corporate
 * proof; dropping them silently could widen access, so only optional tags are left out. Throws
 * `session_settings_invalid`.
 */
export function acceptable({ session, role }: AssumeRequest, trust: DirectTrust): RoleSession {
  if (!isCorporate(trust)) return session;
  const bare = withoutOptionalTags(session) ?? session;
  if (bare.tags.length === 0 && bare.sourceIdentity === undefined) return bare;
  throw new BridgeError(
    'session_settings_invalid',
    `${role} trusts the corporate identity provider itself, so the rule's tags and source identity cannot reach it`,
    {
      hint: 'The rule for this role sets session tags or a source identity, but this account accepts them only from your identity provider. Contact your administrator and give them the reference.',
    },
  );
}

/** Throws `corporate_proof_missing`, `session_settings_invalid`. */
export async function federatedCommand(
  proofs: Proofs,
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
      return withSaml(trust.provider, await proofs.issuer.samlResponse(request, trust));
    case 'web-identity':
      return withToken(await proofs.issuer.webIdentityToken(request));
    case 'corporate-saml':
      return withSaml(
        trust.provider,
        corporateProof(proofs, request, 'saml-response').samlResponse,
      );
    case 'corporate-web-identity':
      return withToken(corporateProof(proofs, request, 'id-token').token);
  }
}

/** The parameters that every call has for its session. */
export function scopeOf({ durationSeconds, policy, policyArns }: RoleSession) {
  return {
    DurationSeconds: durationSeconds,
    ...(policy !== undefined && { Policy: policy }),
    ...(policyArns.length > 0 && { PolicyArns: policyArns.map(arn => ({ arn })) }),
  };
}

type ProofForAws = Exclude<CorporateProof['kind'], 'encrypted-response'>;

function corporateProof<K extends ProofForAws>(
  { clock }: Proofs,
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
  if (proof.kind === 'encrypted-response' && kind === 'saml-response')
    throw missing('and that of the session is encrypted for the bridge, so AWS cannot read it', {
      hint: 'Your identity provider encrypts its SAML assertions, and AWS cannot read them. Ask your administrator to switch encryption off (saml.encryption: false).',
    });
  if (proof.kind !== kind) throw missing(`and the session contains a ${proof.kind}`, otherKind);
  if (proof.expiresAt <= clock.now()) throw missing('and that of the session has expired');
  return proof as Extract<CorporateProof, { kind: K }>;
}

/** The sign-in that yields each proof, as the sign-in page names it. */
const SIGN_IN_WITH = {
  'id-token': 'OpenID Connect',
  'saml-response': 'SAML',
} as const satisfies Record<ProofForAws, string>;
