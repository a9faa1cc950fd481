/** The operations of STS, and the faults that only STS has. */
import { assumeRole } from './assume-role.ts';
import { assumeRoleWithSaml } from './assume-role-with-saml.ts';
import { assumeRoleWithWebIdentity } from './assume-role-with-web-identity.ts';
import { getSessionToken } from './get-session-token.ts';
import { principalOf } from './principal.ts';
import type { QueryCall, QueryService } from './query-service.ts';
import type { Sts } from './role-sessions.ts';
import { type Action, isAction, readShape } from './shapes.ts';
import { authenticateSts } from './sts-authentication.ts';
import { StsError } from './sts-error.ts';
import type { XmlTree } from './xml-writer.ts';

type Operation = (sts: Sts, call: QueryCall) => XmlTree | Promise<XmlTree>;

const OPERATIONS: Readonly<Record<Action, Operation>> = {
  AssumeRole: (sts, call) => {
    const input = readShape('AssumeRole', call.parameters);
    return assumeRole(sts, input, authenticateSts(call.request, sts), call.sourceIp);
  },
  AssumeRoleWithSAML: (sts, call) =>
    assumeRoleWithSaml(sts, readShape('AssumeRoleWithSAML', call.parameters), call.sourceIp),
  AssumeRoleWithWebIdentity: (sts, call) =>
    assumeRoleWithWebIdentity(
      sts,
      readShape('AssumeRoleWithWebIdentity', call.parameters),
      call.sourceIp,
    ),
  GetCallerIdentity: (sts, call) => {
    const { arn, userId, account } = principalOf(authenticateSts(call.request, sts));
    return { Arn: arn, UserId: userId, Account: account.id };
  },
  GetSessionToken: (sts, call) => {
    const input = readShape('GetSessionToken', call.parameters);
    return getSessionToken(sts, input, authenticateSts(call.request, sts));
  },
};

export function createStsService(sts: Sts): QueryService {
  return {
    surface: 'sts',
    version: '2011-06-15',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    speaksJson: true,
    has: isAction,
    perform: async (action, call) => {
      if (action !== 'GetCallerIdentity' && sts.faults.strikes('sts', 'regionDisabled')) {
        throw new StsError(
          'RegionDisabledException',
          'STS is not activated in this region for account. Your account administrator can activate STS in this region using the IAM Console.',
        );
      }
      const result = await OPERATIONS[action as Action](sts, call);
      return { result, principal: principalIn(result) };
    },
  };
}

function principalIn(result: XmlTree): string | undefined {
  const user = result.AssumedRoleUser as XmlTree | undefined;
  const arn = user?.Arn ?? result.Arn;
  return typeof arn === 'string' ? arn : undefined;
}
