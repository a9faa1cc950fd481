/**
 * The rows of the bearer API for workloads: which roles a workload has, and credentials for one of
 * them.
 */
import * as z from 'zod';
import type { WorkloadCaller } from '../bridge/workload-callers.ts';
import type { Workloads } from '../bridge/workloads.ts';
import { namedWorkload } from '../core/audit-event.ts';
import { attainableSeconds } from '../core/session.ts';
import { compareTexts } from '../core/text-order.ts';
import { explainWorkloadStep } from '../core/workload-policy.ts';
import { operation, type Route } from '../http/route.ts';
import { AccountShape, accountShape, CredentialsShape, credentialsShape } from './api-shapes.ts';
import { AskedRole, AWS_ERROR_CODES, WORKLOAD_ERRORS } from './asked-role.ts';

export interface WorkloadsApiParts {
  readonly workloads: Workloads;
}

const WorkloadShape = z
  .object({
    id: z.string().describe('Its name in AWS and in the audit trail'),
    entry: z.string().describe('The entry of the configuration that knows its platform'),
    subject: z.string(),
  })
  .meta({ id: 'Workload' });

const WorkloadRoleShape = z.object({
  account: AccountShape,
  role: z.string(),
  arn: z.string(),
  duration_seconds: z.int().describe('Length of credentials, if the role itself allows it'),
});

/** What a proof can be rejected for. */
const PROOF_ERRORS = ['workload_refused', 'workload_blocked', 'workload_unavailable'] as const;

export const WORKLOADS_API: readonly Route<WorkloadsApiParts>[] = [
  operation({
    method: 'post',
    path: '/workload/credentials',
    id: 'getWorkloadCredentials',
    summary: 'Temporary credentials for a workload, in one step',
    description:
      '`Authorization` contains the proof of the workload (a token of its platform, or a signed GetCallerIdentity) or a workload token. Requests with the same proof within five minutes share credentials. The response contains secrets: keep it out of logs.',
    who: 'workload',
    reads: { json: AskedRole },
    output: {
      description: 'Credentials',
      schema: CredentialsShape.extend({ workload: WorkloadShape }),
    },
    errors: [
      ...WORKLOAD_ERRORS,
      ...(['role_not_for_token', 'session_settings_invalid'] as const),
      ...AWS_ERROR_CODES,
    ],
    handle: async (input, caller, { workloads }: WorkloadsApiParts) => {
      const { entitlement, assumed } = await workloads.credentialsFor(caller, input);
      return { ...credentialsShape(entitlement, assumed), workload: workloadShape(caller) };
    },
  }),

  operation({
    method: 'get',
    path: '/workload/roles',
    id: 'listWorkloadRoles',
    summary: 'List the roles of a workload',
    description: 'Sorted by account name and role.',
    who: 'workload',
    output: {
      description: 'The workload and its roles',
      schema: z.object({ workload: WorkloadShape, roles: z.array(WorkloadRoleShape) }),
    },
    errors: PROOF_ERRORS,
    handle: (_input, caller, { workloads }: WorkloadsApiParts) => ({
      workload: workloadShape(caller),
      roles: workloads
        .rolesFor(caller)
        .toSorted(
          (a, b) => compareTexts(a.account.name, b.account.name) || compareTexts(a.role, b.role),
        )
        .map(({ account, role, arn, rule }) => ({
          account: accountShape(account),
          role,
          arn,
          duration_seconds: attainableSeconds(account, rule.session.durationSeconds),
        })),
    }),
  }),

  operation({
    method: 'get',
    path: '/workload/explain',
    id: 'explainWorkloadRole',
    summary: 'Explain why a workload has or does not have a role',
    description:
      'The decision of the policy for workloads, rule by rule. It contains claims of the caller, and nothing that a rule expects.',
    who: 'workload',
    reads: { query: AskedRole },
    output: {
      description: 'The decision',
      schema: z.object({
        workload: WorkloadShape,
        account: z.string(),
        role: z.string(),
        outcome: z.enum(['granted', 'refused']),
        steps: z.array(
          z.object({
            outcome: z.enum(['grants', 'claims-mismatch', 'proof-missing']),
            sentence: z.string(),
          }),
        ),
      }),
    },
    errors: PROOF_ERRORS,
    handle: (input, caller, { workloads }: WorkloadsApiParts) => {
      const { granted, steps } = workloads.explain(caller, input);
      return {
        workload: workloadShape(caller),
        ...{ account: input.account, role: input.role },
        outcome: granted ? ('granted' as const) : ('refused' as const),
        steps: steps.map(step => ({
          outcome: step.outcome,
          sentence: explainWorkloadStep(step),
        })),
      };
    },
  }),
];

function workloadShape({ subject }: WorkloadCaller): z.output<typeof WorkloadShape> {
  const { workload: id, entry, subject: of } = namedWorkload(subject.workload);
  return { id, entry, subject: of };
}
