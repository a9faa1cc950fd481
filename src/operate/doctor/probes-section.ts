/**
 * Each role that rules give, tried by the real call.
 *
 * Owns: which roles are tried, how many at once, what is said. Does not own: what is sent
 * (core/probe), what a refusal means (core/probe-finding), the audit trail (bridge/probes).
 */
import type { ProbeOutcome, Probes } from '../../bridge/probes.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { Origin } from '../../core/audit-event.ts';
import { BridgeError } from '../../core/errors.ts';
import type { Finding } from '../../core/finding.ts';
import { listed } from '../../core/listed.ts';
import { type Probe, type ProbePlan, planProbes } from '../../core/probe.ts';
import { refusalFinding, subjectOf } from '../../core/probe-finding.ts';
import type { Account, RoleName } from '../../core/role.ts';
import { isRoleName } from '../../core/role.ts';
import { planTrust, type TrustPlan } from '../../core/trust/plan.ts';
import { originOf } from '../operator.ts';
import { bounded } from './bounded.ts';
import type { Examination, Scope, Section } from './section.ts';

export interface ProbePorts {
  /** False: no call is made. */
  readonly isWanted: boolean;
  /** Throws an Error that says which key or store cannot be opened. */
  open(): Promise<{ readonly probes: Probes; close(): Promise<void> }>;
}

const AT_ONCE = 4;
/** From here on, a longer tag of some user no longer fits. */
const SHORT_PERCENT = 85;

export function probesSection(ports: ProbePorts): Section {
  return {
    name: 'probes',
    title: 'AWS by real calls',
    examine: examination => examine(ports, examination),
  };
}

async function* examine(
  ports: ProbePorts,
  { configuration, scope, progress }: Examination,
): AsyncGenerator<Finding> {
  if (!ports.isWanted) {
    yield {
      id: 'probes.skipped',
      subject: 'AWS',
      message: 'No role was tried, because of --no-probe.',
    };
    return;
  }
  const plan = planProbes(configuration, scoped(configuration, scope));
  yield* notesOf(plan, scope);
  if (plan.probes.length === 0) return;
  let opened: Awaited<ReturnType<ProbePorts['open']>>;
  try {
    opened = await ports.open();
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    yield {
      id: 'probes.not-opened',
      subject: 'AWS',
      message: `No role could be tried: ${thrown.message}.`,
      fix: 'Look at the section on this host, start the server once, then run doctor again.',
    };
    return;
  }
  try {
    yield* tried(plan.probes, opened.probes, progress);
  } finally {
    await opened.close();
  }
}

/** The roles that the command line limits the examination to. */
function scoped(configuration: Configuration, { accounts, roles }: Scope): TrustPlan {
  const isNamed = ({ id, name }: Account): boolean =>
    accounts.length === 0 || accounts.includes(id) || accounts.includes(name);
  const isRoleNamed = (role: RoleName): boolean =>
    roles.length === 0 || roles.includes(role) || roles.includes(role.split('/').at(-1)!);
  const plan = planTrust(configuration, {
    accounts: configuration.accounts.filter(isNamed).map(({ id }) => id),
    roles: roles.filter(isRoleName),
  });
  return {
    accounts: plan.accounts.map(account => ({
      ...account,
      roles: account.roles.filter(({ name }) => isRoleNamed(name)),
    })),
  };
}

// ---------------------------------------------------------------- what is not tried

function* notesOf(
  { probes, corporate, open, unfilled }: ProbePlan,
  { roles }: Scope,
): Generator<Finding> {
  for (const { name, trust } of corporate)
    yield {
      id: 'probes.cannot-be-probed',
      subject: name,
      message: `The account cannot be probed: trust ${trust.by} accepts only the proof of a user who signs in.`,
      fix: 'Sign in and open a role, or use --iam.',
    };
  if (roles.length === 0 && open.length > 0)
    yield {
      id: 'probes.role-unnamed',
      subject: listed(open),
      message: 'Only the groups of users name the roles of these rules, so no role is known.',
      fix: 'Name one with --role.',
    };
  for (const { account, role, why } of unfilled)
    yield {
      id: 'probes.sample-unfit',
      subject: `${account.name}/${role}`,
      message: `The sample values of a probe make no session (${why}), so that the role was not tried.`,
    };
  if (probes.length + corporate.length + unfilled.length === 0)
    yield {
      id: 'probes.no-role',
      subject: roles.length === 0 ? 'AWS' : listed(roles),
      message: 'No rule gives such a role in these accounts.',
    };
}

// ---------------------------------------------------------------- what is tried

async function* tried(
  all: readonly Probe[],
  probes: Probes,
  progress: (step: string) => void,
): AsyncGenerator<Finding> {
  const origin = originOf();
  let isStopped = false;
  let done = 0;
  const work = async (probe: Probe): Promise<Finding | undefined> => {
    if (isStopped) return undefined;
    progress(`role ${++done} of ${all.length}: ${probe.account.name}/${probe.role}`);
    try {
      return findingOf(probe, await probes.run(probe, origin));
    } catch (thrown) {
      if (!(thrown instanceof BridgeError)) throw thrown;
      isStopped = true;
      return notRecorded(probe, origin, thrown);
    }
  };
  for await (const finding of bounded(all, work, AT_ONCE)) if (finding !== undefined) yield finding;
}

function notRecorded(probe: Probe, { correlationId }: Origin, error: BridgeError): Finding {
  return {
    id: 'probes.not-recorded',
    subject: subjectOf(probe),
    message: `The audit trail does not keep the probe, so no further role is tried (${error.message}; ${correlationId}).`,
    fix: 'Fix what the section on this host says of the store.',
  };
}

function findingOf(probe: Probe, outcome: ProbeOutcome): Finding {
  if (outcome.kind === 'refused') return refusalFinding(probe, outcome.error);
  const subject = subjectOf(probe);
  const { tagsLeftOut, packedPolicyPercent: percent = 0 } = outcome;
  if (tagsLeftOut.length > 0)
    return {
      id: 'probes.tags-left-out',
      subject,
      message: `AWS gives the role only without the optional tags ${listed(tagsLeftOut)}.`,
      fix: 'Use fewer or shorter tags, or fewer managed session policies.',
    };
  if (percent >= SHORT_PERCENT)
    return {
      id: 'probes.space-short',
      subject,
      message: `Session policies and tags use ${percent} % of the space with the sample values: longer values of users might not fit.`,
      fix: 'Use fewer or shorter tags, or make tags optional.',
    };
  return { id: 'probes.ok', subject, message: 'AWS gives the role.' };
}
