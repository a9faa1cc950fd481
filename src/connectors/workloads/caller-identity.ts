/**
 * Asks STS whose signature a request has (GetCallerIdentity), and accepts sessions of IAM roles.
 *
 * A request is used up before STS is asked, so that two callers cannot both use it. STS names a
 * role without its path, and the session has the name that its creator chose: a label, no proof.
 */
import { BridgeError } from '../../core/errors.ts';
import type { StsEndpoint } from '../../core/partitions.ts';
import type { Clock, OneTimeKeys, Secrets } from '../../core/ports.ts';
import type { Partition } from '../../core/role.ts';
import { CALLER_IDENTITY } from '../../core/signed-caller.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import {
  type Claims,
  ROLE_ARN_CLAIM,
  type VerifiedWorkload,
  workloadId,
} from '../../core/workload.ts';
import type { Outbound } from '../../outbound.ts';
import { type IamEntry, type Refusal, refused } from './entry.ts';
import { shown } from './jwt.ts';
import {
  type CheckedRequest,
  checkRequest,
  entryFor,
  headersFor,
  readSignedRequest,
  type SignedRequest,
} from './signed-request.ts';
import type { SignerBudget } from './signer-budget.ts';
import { type CallerIdentity, readStsAnswer, type StsError } from './sts-answer.ts';

/** Longer than STS accepts a signature, whatever the clocks of replicas say. */
const REMEMBERED: Seconds = 20 * MINUTE;

export interface CallerIdentityParts {
  readonly entries: readonly IamEntry[];
  /** Reaches STS. */
  readonly toAws: Outbound;
  readonly endpointOf: (host: string) => StsEndpoint | undefined;
  readonly budget: SignerBudget;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly oneTimeKeys: OneTimeKeys;
}

/** Throws `workload_refused`, `workload_unavailable`. */
export async function verifyCaller(
  proof: string,
  parts: CallerIdentityParts,
): Promise<VerifiedWorkload> {
  const { clock, secrets, oneTimeKeys, endpointOf, budget } = parts;
  const now = clock.now();
  const request = readSignedRequest(proof);
  const entry = entryFor(request, parts.entries);
  const checked = checkRequest(request, entry, { now, endpointOf });
  if (!budget.admits(request.accessKeyId, now)) throw tooManySigners(entry);
  const proofId = secrets.digest(`aws-iam ${request.signature}`);
  if (!(await oneTimeKeys.claim(`workload ${proofId}`, now + REMEMBERED * 1000)))
    throw refused(USED, entry.id);
  const caller = await callerOf(request, checked, { ...parts, entry });
  budget.accept(request.accessKeyId);
  const session = roleSessionOf(caller, checked.endpoint.partition, entry);
  const { [ROLE_ARN_CLAIM]: subject } = session;
  const id = workloadId({ entry: entry.id, subject }, secrets.digest);
  return {
    workload: { id, entry: entry.id, subject, claims: session },
    assertedAt: Math.min(checked.signedAt, now),
    expiresAt: checked.endsAt,
    proofId,
  };
}

// ---------------------------------------------------------------- STS

async function callerOf(
  request: SignedRequest,
  { endpoint }: CheckedRequest,
  { toAws, entry }: Pick<CallerIdentityParts, 'toAws'> & { readonly entry: IamEntry },
): Promise<CallerIdentity> {
  const response = await toAws
    .fetch(endpoint.url, { method: 'POST', headers: headersFor(request), body: CALLER_IDENTITY })
    .catch((fault: Error) => {
      throw unavailable(entry, fault.message);
    });
  const answer = await readStsAnswer(response);
  if ('account' in answer) return answer;
  const { code, status } = answer;
  if (code === undefined || status >= 500 || status === 429 || THROTTLED.test(code))
    throw unavailable(
      entry,
      `${endpoint.url} answered with status ${status} (${code ?? 'no code'})`,
    );
  throw refused(refusalOf(answer), entry.id);
}

const THROTTLED = /^(?:Throttling|ThrottledRequest|RequestLimitExceeded|TooManyRequests)/;

function unavailable({ id }: IamEntry, why: string): BridgeError {
  return new BridgeError('workload_unavailable', `STS did not verify for workloads.${id}: ${why}`, {
    hint: 'STS does not respond to the bridge. Sign a new request in a minute, and try again.',
  });
}

/** The request is not used up. */
function tooManySigners({ id }: IamEntry): BridgeError {
  const why = `workloads.${id}: too many requests of signers that STS has not accepted before`;
  return new BridgeError('workload_unavailable', why, {
    hint: 'Too many unknown callers send signed requests to the bridge. Try again in a minute.',
  });
}

/** By code, without a final `Exception`. The texts of STS can repeat the request. */
const REFUSALS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ExpiredToken: 'The credentials of the role have expired. Sign a new request with new ones.',
    InvalidClientTokenId:
      'AWS does not know the credentials that signed the request, or the role was deleted.',
    SignatureDoesNotMatch:
      'AWS rejects the signature of the request. Check the clock of the machine, and that nothing changed the request after it was signed.',
    IncompleteSignature: 'AWS finds the signature of the request incomplete.',
    RegionDisabled: 'The region of the signed host is not enabled in the account of the role.',
  }),
);

function refusalOf({ code = '', status }: StsError): Refusal {
  return {
    why: `STS answered ${code} (status ${status})`,
    hint: REFUSALS.get(code) ?? 'AWS rejects the signed request. Sign a new one.',
  };
}

// ---------------------------------------------------------------- whose signature it is

const ROLE_SESSION =
  /^arn:([a-z-]{1,20}):sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/([\w+=,.@-]{2,64})$/;
const USER_ID = /^(AROA[A-Z0-9]{12,124}):(.+)$/;

interface RoleSessionClaims extends Claims {
  /** Of the role, without its path. */
  readonly roleArn: string;
  readonly account: string;
  readonly role: string;
  /** Another one for a role that was deleted and created again. */
  readonly roleId: string;
  /** A label: the caller that assumes the role chooses it. */
  readonly session: string;
}

/** Throws `workload_refused`. */
function roleSessionOf(
  { arn, account, userId }: CallerIdentity,
  expected: Partition,
  { id }: IamEntry,
): RoleSessionClaims {
  const [, partition, accountInArn, role, session] = ROLE_SESSION.exec(arn) ?? [];
  if (role === undefined) throw refused(notARole(arn), id);
  const [, roleId, sessionInId] = USER_ID.exec(userId) ?? [];
  if (partition !== expected || accountInArn !== account || sessionInId !== session)
    throw refused(INCONSISTENT, id);
  return {
    roleArn: `arn:${partition}:iam::${account}:role/${role}`,
    ...{ account, role, roleId: roleId!, session: session! },
  };
}

const USED: Refusal = {
  why: 'it was used before',
  hint: 'The signed request was used before. Sign a new request for each sign-in.',
};
const INCONSISTENT: Refusal = {
  why: 'the answer of STS is inconsistent, or of another partition',
  hint: 'The answer of AWS to the signed request is inconsistent. Give the reference to your administrator.',
};

/** IAM users, the root user and federated users: people, or keys that never change. */
function notARole(arn: string): Refusal {
  return {
    why: `STS says that the caller is ${shown(arn)}, which is not a session of a role`,
    hint: `The request is signed by ${shown(arn)}. Only sessions of IAM roles are accepted: use the role of the instance, task or function.`,
  };
}
