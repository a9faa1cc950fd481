/** AssumeRoleWithWebIdentity (STS API reference). */
import { parseArn, withoutScheme } from './identifiers.ts';
import {
  authorizeFederated,
  checkDuration,
  contextOf,
  findRole,
  openSession,
  type RoleRequest,
  type Sts,
} from './role-sessions.ts';
import type { Input } from './shapes.ts';
import { StsError } from './sts-error.ts';
import type { XmlTree } from './xml-writer.ts';

const ASSUME = 'sts:AssumeRoleWithWebIdentity';

export async function assumeRoleWithWebIdentity(
  sts: Sts,
  input: Input<'AssumeRoleWithWebIdentity'>,
  sourceIp: string,
): Promise<XmlTree> {
  const role = findRole(sts.world, input.RoleArn);
  // This comes before the token is looked at.
  checkDuration(role, input.DurationSeconds, false);
  if (input.ProviderId !== undefined)
    throw new StsError(
      'ValidationError',
      'ProviderId is for OAuth 2.0 access tokens only',
      'ProviderId was sent with a JWT',
    );
  if (sts.faults.strikes('sts', 'idpCommunication'))
    throw new StsError('IDPCommunicationError', 'Failed to communicate with the identity provider');
  const account = sts.world.accounts.find(({ id }) => id === parseArn(input.RoleArn)?.account);
  if (account === undefined)
    throw new StsError(
      'AccessDenied',
      `Not authorized to perform ${ASSUME}`,
      'there is no such account',
    );
  const identity = await sts.webIdentity.verify(input.WebIdentityToken, account);

  const request: RoleRequest = {
    roleSessionName: input.RoleSessionName,
    tags: identity.tags,
    sourceIdentity: identity.sourceIdentity,
    durationSeconds: input.DurationSeconds,
    sourceIp,
  };
  const { provider } = identity;
  const issuer = withoutScheme(provider.issuer);
  const context = contextOf(request, sts.now())
    .set(`${issuer}:aud`, identity.audience)
    .set(`${issuer}:oaud`, identity.originalAudience)
    .set(`${issuer}:sub`, identity.subject)
    .set(`${issuer}:amr`, identity.amr)
    .set('aws:FederatedProvider', provider.arn);
  authorizeFederated(
    role,
    { assume: ASSUME, provider: provider.arn, providerAccount: provider.account.id, request },
    context,
  );

  const { members } = openSession(sts, role, {
    roleSessionName: input.RoleSessionName,
    tags: identity.tags,
    sourceIdentity: identity.sourceIdentity,
    durationSeconds: input.DurationSeconds,
    chained: false,
    federatedProvider: provider.arn,
    contextKeys: { [`${issuer}:aud`]: identity.audience, [`${issuer}:sub`]: identity.subject },
    policies: input,
  });
  // The API reference says that Provider is the issuer; answers of AWS that people published have
  // the ARN.
  return {
    Audience: identity.audience,
    ...members,
    Provider: provider.arn,
    SubjectFromWebIdentityToken: identity.subject,
  };
}
