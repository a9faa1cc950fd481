/** AssumeRoleWithWebIdentity (STS API reference). */

import type { Account } from './accounts.ts';
import { parseArn, withoutScheme } from './identifiers.ts';
import type { RequestContext } from './request-context.ts';
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
import type { WebIdentity } from './web-identity.ts';
import type { XmlTree } from './xml-writer.ts';

const ASSUME = 'sts:AssumeRoleWithWebIdentity';

export async function assumeRoleWithWebIdentity(
  sts: Sts,
  input: Input<'AssumeRoleWithWebIdentity'>,
  sourceIp: string,
): Promise<XmlTree> {
  const role = findRole(sts.world, input.RoleArn);
  // Comes before the token is read.
  checkDuration(role, input.DurationSeconds, false);
  const identity = await sts.webIdentity.verify(input.WebIdentityToken, accountOf(sts, input));
  const { provider } = identity;
  const request: RoleRequest = {
    roleSessionName: input.RoleSessionName,
    tags: identity.tags,
    sourceIdentity: identity.sourceIdentity,
    durationSeconds: input.DurationSeconds,
    sourceIp,
  };
  authorizeFederated(
    role,
    { assume: ASSUME, provider: provider.arn, providerAccount: provider.account.id, request },
    contextOfIdentity(contextOf(request, sts.now()), identity),
  );
  const issuer = withoutScheme(provider.issuer);
  const { members } = openSession(sts, role, {
    ...request,
    chained: false,
    federatedProvider: provider.arn,
    contextKeys: { [`${issuer}:aud`]: identity.audience, [`${issuer}:sub`]: identity.subject },
    policies: input,
  });
  // The API reference says that Provider is the issuer; published answers of AWS contain the ARN.
  return {
    Audience: identity.audience,
    ...members,
    Provider: provider.arn,
    SubjectFromWebIdentityToken: identity.subject,
  };
}

/** The account of the role. Throws `StsError`, also for what AWS rejects before the token. */
function accountOf(sts: Sts, input: Input<'AssumeRoleWithWebIdentity'>): Account {
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
    throw new StsError('AccessDenied', `Not authorized to perform ${ASSUME}`, 'unknown account');
  return account;
}

function contextOfIdentity(context: RequestContext, identity: WebIdentity): RequestContext {
  const issuer = withoutScheme(identity.provider.issuer);
  return context
    .set(`${issuer}:aud`, identity.audience)
    .set(`${issuer}:oaud`, identity.originalAudience)
    .set(`${issuer}:sub`, identity.subject)
    .set(`${issuer}:amr`, identity.amr)
    .set('aws:FederatedProvider', identity.provider.arn);
}
