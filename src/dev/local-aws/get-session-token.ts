/** GetSessionToken (STS API reference): temporary credentials of an IAM user, perhaps with MFA. */
import type { Signer } from './principal.ts';
import type { Sts } from './role-sessions.ts';
import { credentialsOf, endOf } from './sessions.ts';
import type { Input } from './shapes.ts';
import { StsError } from './sts-error.ts';
import type { XmlTree } from './xml-writer.ts';

const DEFAULT_SECONDS = 43_200;

/** No policy has a say: the call authenticates the user. Throws `StsError` AccessDenied. */
export function getSessionToken(
  { sessions, mfa, now }: Sts,
  input: Input<'GetSessionToken'>,
  signer: Signer,
): XmlTree {
  if (signer.kind === 'role' || signer.session !== undefined)
    throw new StsError('AccessDenied', 'Cannot call GetSessionToken with session credentials');
  const mfaAt = mfa.verify(signer.user, input);
  const issuedAt = now();
  const session = sessions.open({
    kind: 'user',
    user: signer.user,
    issuedAt,
    expiresAt: endOf(issuedAt, input.DurationSeconds ?? DEFAULT_SECONDS),
    mfaAt,
  });
  return { Credentials: credentialsOf(session) };
}
