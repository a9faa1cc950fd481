/** What operators' commands print of workloads. */
import type { NamedWorkload } from '../core/audit-event.ts';
import type { Block } from '../core/person-record.ts';
import type { WorkloadTokenSummary } from '../core/workload-token.ts';
import { dateTime, dateTimeOrNull, fieldsOfBlock, table, time } from './output.ts';

/** Subjects of workloads differ at their ends: `repo:acme/api:environment:production`. */
const MAX_CELL = 200;

export function fieldsOfWorkload({ workload, entry, subject }: NamedWorkload): object {
  return { workload, entry, subject };
}

export function fieldsOfBlockedWorkload(blocked: NamedWorkload & Block): object {
  return { ...fieldsOfWorkload(blocked), blocked: fieldsOfBlock(blocked) };
}

export function fieldsOfWorkloadToken(token: WorkloadTokenSummary): object {
  return {
    workload_token: token.publicId,
    ...fieldsOfWorkload(token),
    role_count: token.roleCount,
    address: token.address,
    created_at: dateTime(token.createdAt),
    last_used_at: dateTimeOrNull(token.lastUsedAt),
    last_used_address: token.lastUsedAddress ?? null,
    expires_at: dateTime(token.expiresAt),
  };
}

export function workloadTokenTable(tokens: readonly WorkloadTokenSummary[]): string {
  const heads = ['WORKLOAD TOKEN', 'WORKLOAD', 'SUBJECT', 'ROLES', 'FROM', 'SINCE', 'LAST USE'];
  return table(
    [
      [...heads, 'BY', 'ENDS'],
      ...tokens.map(token => [
        ...[token.publicId, token.workload, token.subject, String(token.roleCount), token.address],
        time(token.createdAt),
        token.lastUsedAt === undefined ? 'never' : time(token.lastUsedAt),
        token.lastUsedAddress ?? '-',
        time(token.expiresAt),
      ]),
    ],
    MAX_CELL,
  );
}

export function blockedWorkloadTable(blocked: readonly (NamedWorkload & Block)[]): string {
  return table(
    [
      ['WORKLOAD', 'SUBJECT', 'BLOCKED', 'BY', 'REASON'],
      ...blocked.map(({ workload, subject, at, by, reason }) => [
        ...[workload, subject, time(at), by, reason ?? '-'],
      ]),
    ],
    MAX_CELL,
  );
}
