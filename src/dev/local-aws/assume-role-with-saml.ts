/**
 * AssumeRoleWithSAML (STS API reference). The same steps serve the sign-in page, which takes a SAML
 * response by form.
 */

import { nameQualifier } from './identifiers.ts';
import type { RequestContext } from './request-context.ts';
import {
  authorizeFederated,
  checkDuration,
  contextOf,
  findRole,
  openSession,
  type RoleRequest,
  requireArn,
  type Sts,
  shortest,
} from './role-sessions.ts';
import {
  parseSamlResponse,
  type SamlIdentity,
  type UnverifiedResponse,
  verifySamlResponse,
} from './saml-response.ts';
import type { RoleSession } from './sessions.ts';
import type { Input } from './shapes.ts';
import { StsError } from './sts-error.ts';
import type { Role, SamlProvider } from './world.ts';
import type { XmlTree } from './xml-writer.ts';

const ASSUME = 'sts:AssumeRoleWithSAML';
const FORMAT_PREFIX = 'urn:oasis:names:tc:SAML:2.0:nameid-format:';

export async function assumeRoleWithSaml(
  sts: Sts,
  input: Input<'AssumeRoleWithSAML'>,
  sourceIp: string,
): Promise<XmlTree> {
  requireArn(input.PrincipalArn);
  checkDuration(findRole(sts.world, input.RoleArn), input.DurationSeconds, false);
  const response = parseSamlResponse(input.SAMLAssertion);
  const { identity, members } = await signInWithSaml(sts, response, {
    ...input,
    sourceIp,
    surface: 'api',
  });
  return {
    Audience: identity.recipient,
    ...members,
    Subject: identity.subject,
    NameQualifier: qualifierOf(identity, sts.world.samlProviders.get(input.PrincipalArn)!),
    SubjectType: shortFormat(identity.subjectFormat),
    Issuer: identity.issuer,
  };
}

export interface SamlSignIn {
  readonly RoleArn: string;
  readonly PrincipalArn: string;
  readonly DurationSeconds: number | undefined;
  readonly Policy: string | undefined;
  readonly PolicyArns: readonly { readonly arn: string }[];
  readonly sourceIp: string;
  /** In the console SessionDuration sets the length; on the API it can only shorten. */
  readonly surface: 'api' | 'console';
}

/** Verifies the response for one role and opens its session. Throws `StsError`. */
export async function signInWithSaml(
  sts: Sts,
  response: UnverifiedResponse,
  wanted: SamlSignIn,
): Promise<{
  readonly identity: SamlIdentity;
  readonly session: RoleSession;
  readonly members: XmlTree;
}> {
  const { provider, identity, role } = await proveRole(sts, response, wanted);
  const { attributes } = identity;
  const request: RoleRequest = {
    roleSessionName: attributes.roleSessionName,
    tags: attributes.tags,
    sourceIdentity: attributes.sourceIdentity,
    durationSeconds: wanted.DurationSeconds,
    sourceIp: wanted.sourceIp,
  };
  const durationSeconds =
    wanted.surface === 'console'
      ? attributes.sessionDuration
      : shortest(wanted.DurationSeconds ?? 3600, attributes.sessionDuration);
  checkDuration(role, durationSeconds, false);
  const surviving = survivingKeys(identity, provider);
  const keys = { ...attributes.conditionKeys, ...surviving };
  authorizeFederated(
    role,
    { assume: ASSUME, provider: provider.arn, providerAccount: provider.account.id, request },
    contextOfIdentity(contextOf(request, sts.now()), { identity, provider, keys }),
  );
  const opened = openSession(sts, role, {
    ...request,
    durationSeconds,
    notAfter: identity.sessionNotOnOrAfter,
    chained: false,
    federatedProvider: provider.arn,
    contextKeys: surviving,
    policies: wanted,
  });
  return { identity, ...opened };
}

/** Condition keys that the calls of the session have, too. */
function survivingKeys(identity: SamlIdentity, provider: SamlProvider): Record<string, string> {
  return {
    'saml:namequalifier': qualifierOf(identity, provider),
    'saml:sub': identity.subject,
    'saml:sub_type': subjectType(identity.subjectFormat),
  };
}

interface AssertedKeys {
  readonly identity: SamlIdentity;
  readonly provider: SamlProvider;
  readonly keys: Readonly<Record<string, string | readonly string[]>>;
}

function contextOfIdentity(
  context: RequestContext,
  { identity, provider, keys }: AssertedKeys,
): RequestContext {
  context
    .set('saml:aud', identity.recipient)
    .set('saml:iss', identity.issuer)
    .set('saml:doc', `${provider.account.id}/${provider.name}`)
    .set('aws:FederatedProvider', provider.arn);
  for (const [key, value] of Object.entries(keys)) context.set(key, value);
  return context;
}

/**
 * The response holds for the provider, and names the pair that is wanted. The role might not exist;
 * the trust check tells.
 */
async function proveRole(
  sts: Sts,
  response: UnverifiedResponse,
  { RoleArn, PrincipalArn }: SamlSignIn,
): Promise<{
  readonly provider: SamlProvider;
  readonly identity: SamlIdentity;
  readonly role: Role | undefined;
}> {
  const provider = sts.world.samlProviders.get(PrincipalArn);
  if (provider === undefined)
    throw new StsError(
      'InvalidIdentityToken',
      "Specified provider doesn't exist",
      `there is no ${PrincipalArn}`,
    );
  const identity = await verifyForProvider(sts, response, provider);
  const denied = (reason: string): StsError =>
    new StsError('AccessDenied', `Not authorized to perform ${ASSUME}`, reason);
  if (
    !identity.attributes.roles.some(
      pair => pair.roleArn === RoleArn && pair.providerArn === PrincipalArn,
    )
  ) {
    throw denied('the Role attribute does not hold this pair of role and provider');
  }
  const role = findRole(sts.world, RoleArn);
  if (role?.name.startsWith('AWSReservedSSO_'))
    throw denied('the role belongs to IAM Identity Center');
  return { provider, identity, role };
}

/**
 * A fetched metadata document that the signature does not fit is fetched once more: the keys may
 * have been rotated.
 */
async function verifyForProvider(
  sts: Sts,
  response: UnverifiedResponse,
  provider: SamlProvider,
): Promise<SamlIdentity> {
  const verify = async (): Promise<SamlIdentity> => {
    const metadata = await sts.samlMetadata.of(provider).catch((cause: Error) => {
      throw new StsError(
        'InvalidIdentityToken',
        'Response signature invalid',
        `metadata of ${provider.arn}: ${cause.message}`,
      );
    });
    return verifySamlResponse(response, {
      metadata,
      partition: provider.account.partition,
      signature: sts.world.samlSignature,
      now: sts.now(),
    });
  };
  try {
    return await verify();
  } catch (cause) {
    const stale =
      cause instanceof StsError &&
      (cause.wireMessage === 'Response signature invalid' ||
        cause.wireMessage === 'Issuer not present in specified provider');
    if (stale && sts.samlMetadata.forget(provider)) return verify();
    throw cause;
  }
}

function qualifierOf(identity: SamlIdentity, provider: SamlProvider): string {
  return nameQualifier(identity.issuer, provider.account.id, provider.name);
}

/** SubjectType of the answer: the SAML 2.0 prefix is cut off, others stay (STS API reference). */
function shortFormat(format: string): string {
  return format.startsWith(FORMAT_PREFIX) ? format.slice(FORMAT_PREFIX.length) : format;
}

/** `saml:sub_type` is short for these two only. */
function subjectType(format: string): string {
  const short = shortFormat(format);
  return short === 'persistent' || short === 'transient' ? short : format;
}
