/**
 * A role that is opened for a caller, and what the audit trail says of it: the same for users and
 * for workloads.
 */
import type { AssumedRole, AssumeRequest } from '../core/assumed-role.ts';
import { recordable } from '../core/audit-event.ts';
import type { CredentialBroker } from '../core/ports.ts';
import {
  type Account,
  isRoleSessionName,
  type RoleName,
  type RoleSessionName,
} from '../core/role.ts';
import type { RoleSession } from '../core/session.ts';

/** A role that was opened. */
export interface OpenedRole {
  readonly assumed: AssumedRole;
  readonly session: RoleSession;
  readonly sessionName: RoleSessionName;
}

/** Throws what the broker throws. */
export async function openRole(
  source: Pick<CredentialBroker, 'assume'>,
  request: AssumeRequest,
): Promise<OpenedRole> {
  const { session, sessionName } = request;
  const assumed = await source.assume(request);
  // A corporate SAML response names the session itself; the audit event says what CloudTrail says.
  const named = assumed.assumedRoleArn.split('/').at(-1)!;
  return { assumed, session, sessionName: isRoleSessionName(named) ? named : sessionName };
}

/** What gave the role. */
export interface Granted {
  readonly account: Account;
  readonly role: RoleName;
  readonly rule: { readonly name: string };
}

/** The fields of every audit event about credentials. */
export function handOutDetails(
  { account, role, rule }: Granted,
  { assumed, session, sessionName }: OpenedRole,
) {
  const { packedPolicyPercent, tagsLeftOut } = assumed;
  return {
    account: account.id,
    accountName: account.name,
    role,
    rule: rule.name,
    sessionName,
    sourceIdentity: session.sourceIdentity,
    accessKeyId: assumed.credentials.accessKeyId,
    stsRequestId: assumed.stsRequestId,
    expiresAt: assumed.credentials.expiresAt,
    packedPolicyPercent,
    tagsLeftOut: tagsLeftOut.length === 0 ? undefined : tagsLeftOut,
  };
}

const MAX_RECORDED_NAME = 128;

/** Account and role as they were asked for, in a form that is safe to record. */
export function recordedRole({
  account,
  role,
}: {
  readonly account: string;
  readonly role: string;
}) {
  return {
    account: recordable(account, MAX_RECORDED_NAME),
    role: recordable(role, MAX_RECORDED_NAME),
  };
}
