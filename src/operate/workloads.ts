/** Operators' commands on workloads: list and end their tokens, block and unblock them. */
import type { NamedWorkload } from '../core/audit-event.ts';
import { printableText } from '../core/printable.ts';
import type { WorkloadTokenSummary } from '../core/workload-token.ts';
import type { Options } from './command.ts';
import { operatorName, originOf, reasonIn } from './operator.ts';
import { AWS_CREDENTIALS_STAY, printJson, printText } from './output.ts';
import type { UseCases } from './use-cases.ts';
import { workloadNamed } from './workload-names.ts';
import { fieldsOfWorkload, fieldsOfWorkloadToken, workloadTokenTable } from './workload-output.ts';

export async function listWorkloadTokens(
  useCases: UseCases,
  { workload: name, json }: Options,
): Promise<void> {
  const of = name === undefined ? undefined : await workloadNamed(useCases, name);
  const found = await useCases.workloads.tokens(of?.workload);
  if (json) return printJson(found.map(fieldsOfWorkloadToken));
  if (found.length > 0) {
    process.stdout.write(workloadTokenTable(found));
    return;
  }
  const none =
    of === undefined ? 'No workload has a live token' : `${nameOf(of)} has no live token`;
  process.stderr.write(
    `${printableText(none)}. Workloads that send a proof with each request have none.\n`,
  );
}

/** Throws an Error if the token is unknown. */
export async function endWorkloadToken(
  { workloads }: UseCases,
  { 'workload-token': token, json }: Options,
): Promise<void> {
  const ended = await workloads.endToken(token!, originOf());
  if (json) return printJson({ ended: [fieldsOfWorkloadToken(ended)] });
  printText(`Ended the token ${ended.publicId} of ${nameOf(ended)}.\n${AWS_CREDENTIALS_STAY}`);
}

/** Throws an Error that says what to do if the name is not one of a workload. */
export async function endWorkloadTokens(useCases: UseCases, options: Options): Promise<void> {
  const workload = await workloadNamed(useCases, options.workload!);
  const ended = await useCases.workloads.end(workload, originOf());
  if (options.json) return printJson({ workloads: [fieldsOfEnded(workload, ended)] });
  printText(
    `${nameOf(workload)}: ended ${tokensOf(ended)}. It can exchange another proof. To stop that, block it.\n${AWS_CREDENTIALS_STAY}`,
  );
}

/** Throws as `endWorkloadTokens`. */
export async function blockWorkload(useCases: UseCases, options: Options): Promise<void> {
  const reason = reasonIn(options);
  const workload = await workloadNamed(useCases, options.workload!);
  const request = { by: operatorName(), reason };
  const { isNew, ended } = await useCases.workloads.block(workload, request, originOf());
  if (options.json)
    return printJson({ workloads: [{ ...fieldsOfEnded(workload, ended), was_blocked: !isNew }] });
  printText(
    `${nameOf(workload)}: ended ${tokensOf(ended)}. ${isNew ? 'Blocked.' : 'Was blocked already.'}\n${AWS_CREDENTIALS_STAY}`,
  );
}

/** Throws as `endWorkloadTokens`. */
export async function unblockWorkload(useCases: UseCases, options: Options): Promise<void> {
  const reason = reasonIn(options);
  const workload = await workloadNamed(useCases, options.workload!);
  const wasBlocked = await useCases.workloads.unblock(workload, { reason }, originOf());
  if (options.json)
    return printJson({ workload: fieldsOfWorkload(workload), was_blocked: wasBlocked });
  const outcome = wasBlocked
    ? 'gets credentials again. Earlier tokens stay ended.'
    : 'was not blocked.';
  printText(`${nameOf(workload)}: ${outcome}`);
}

function fieldsOfEnded(workload: NamedWorkload, ended: readonly WorkloadTokenSummary[]): object {
  return {
    workload: fieldsOfWorkload(workload),
    workload_tokens: ended.map(fieldsOfWorkloadToken),
  };
}

function tokensOf({ length }: readonly WorkloadTokenSummary[]): string {
  return length === 1 ? '1 token' : `${length} tokens`;
}

/** One that is known by its id alone has the id as its subject. */
function nameOf({ workload, subject }: NamedWorkload): string {
  return subject === workload ? workload : `${workload} (${subject})`;
}
