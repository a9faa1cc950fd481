/**
 * The IAM query API (version 2010-05-08), on the same address as STS. A call acts on the account of
 * its caller.
 */
import type { ArmedFaults } from '../faults.ts';
import { principalOf } from '../principal.ts';
import type { QueryCall, QueryResult, QueryService } from '../query-service.ts';
import { readMembers } from '../query-shape.ts';
import type { Sessions } from '../sessions.ts';
import type { AccountIam, Iam } from './iam.ts';
import { accessDenied, authenticateIam, authorizeIam } from './iam-authorization.ts';
import { IAM_OPERATIONS, type IamOperation } from './iam-operations.ts';
import { IAM_SHAPES, type IamAction, type IamInput, isIamAction } from './iam-shapes.ts';

export interface IamServiceOptions extends Iam {
  readonly sessions: Sessions;
  readonly faults: ArmedFaults;
}

export function createIamService(options: IamServiceOptions): QueryService {
  return {
    surface: 'iam',
    version: '2010-05-08',
    namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    speaksJson: false,
    has: isIamAction,
    perform: (action, call) => perform(options, action as IamAction, call),
  };
}

async function perform<A extends IamAction>(
  { sessions, faults, ...iam }: IamServiceOptions,
  action: A,
  { request, parameters, sourceIp }: QueryCall,
): Promise<QueryResult> {
  const signer = authenticateIam(request, iam, sessions);
  const { account, arn } = principalOf(signer);
  const own: AccountIam = { ...iam, account };
  const input = readMembers(IAM_SHAPES[action], parameters) as IamInput<A>;
  const operation: IamOperation<A> = IAM_OPERATIONS[action];
  const resource = operation.resource(own, input);
  if (faults.strikes('iam', `deny.${action}`))
    throw accessDenied(signer, { action, resource }, DENIED_BY_FAULT);
  authorizeIam({ iam, signer, action, resource, sourceIp });
  return { result: await operation.run(own, input), principal: arn };
}

const DENIED_BY_FAULT = {
  because: 'with an explicit deny in a service control policy',
  reason: 'fault iam.deny',
} as const;
