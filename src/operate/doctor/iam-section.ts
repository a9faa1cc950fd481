/**
 * What IAM has in each account, against what the configuration needs: from files (`--iam`) and
 * through profiles of the AWS CLI (`--aws-profile`).
 *
 * Owns: which accounts and roles are looked at, what was not given. Does not own: the causes
 * (core/iam/diagnosis.ts).
 */
import { type Finding, levelOf } from '../../core/finding.ts';
import { diagnoseAccount } from '../../core/iam/diagnosis.ts';
import { combineOutputs, type IamOutput } from '../../core/iam/output.ts';
import type { ProviderContext, Signer, SigningFacts } from '../../core/iam/provider-diagnosis.ts';
import type { IamState } from '../../core/iam/state.ts';
import type { ConnectorId } from '../../core/identity.ts';
import { counted, listed } from '../../core/listed.ts';
import type { IamReader } from '../../core/ports.ts';
import { type Account, type AccountId, isOfAws, type RoleName } from '../../core/role.ts';
import { type AccountPlan, planTrust, type TrustPlan } from '../../core/trust/plan.ts';
import { outputFinding, readIamFiles } from './iam-files.ts';
import type { Examination, Scope, Section } from './section.ts';

export interface IamPorts extends Pick<ProviderContext, 'readMetadata'> {
  /** Files and directories. */
  readonly files: readonly string[];
  readonly profiles: readonly string[];
  readonly readerFor: (profile: string) => Promise<IamReader>;
  /** What signs now; what cannot be read is missing. */
  readonly signers: (
    connectors: readonly ConnectorId[],
  ) => Promise<ReadonlyMap<Signer, SigningFacts>>;
}

export function iamSection(ports: IamPorts): Section {
  return {
    name: 'iam',
    title: 'AWS by its own data',
    examine: examination => examine(ports, examination),
  };
}

async function* examine(ports: IamPorts, examination: Examination): AsyncGenerator<Finding> {
  const { progress, configuration, clock } = examination;
  const outputs: IamOutput[] = [];
  const files = await readIamFiles(ports.files, progress);
  outputs.push(...files.outputs);
  yield* files.findings;
  for (const profile of ports.profiles) {
    const reading = await readProfile(profile, ports, progress);
    outputs.push(...reading.outputs);
    yield* reading.findings;
  }
  const { states, problems } = combineOutputs(outputs);
  for (const problem of problems) yield outputFinding(problem);
  const known = new Set<string>(configuration.accounts.map(({ id }) => id));
  for (const id of states.keys()) if (!known.has(id)) yield otherAccount(id);

  const { plan, signers } = await planned(ports, examination);
  const ofAws = plan.accounts.filter(({ account }) => isOfAws(account));
  const others = otherStores(plan, examination.scope);
  if (others.length > 0) yield notAws(others);
  const asked = askedOf({ accounts: ofAws }, examination.scope);
  yield* asked.unknownRoles.map(role => notGiven(role, examination.scope));
  const { readMetadata } = ports;
  const diagnosing = {
    ...{ plan, states, signers, readMetadata, isWanted: asked.isWanted, now: clock.now() },
    sessionPolicies: new Map(
      [...configuration.access, ...configuration.workloadRules].map(({ name, session }) => [
        name,
        session.policyArns,
      ]),
    ),
  };
  for (const [index, account] of asked.accounts.entries()) {
    progress(`account ${index + 1} of ${asked.accounts.length}`);
    if (!states.has(account.account.id)) continue;
    const findings = diagnoseAccount(account, diagnosing);
    yield* findings.map(readable);
    if (!findings.some(finding => ['error', 'warning'].includes(levelOf(finding))))
      yield inOrder(account, asked);
  }
  yield* notExamined(asked.accounts, states);
}

/** Enough of a value of IAM to know it again. */
const MOST_CHARACTERS = 400;

function readable({ expected, found, ...finding }: Finding): Finding {
  return {
    ...finding,
    ...(expected !== undefined && { expected: clipped(expected) }),
    ...(found !== undefined && { found: clipped(found) }),
  };
}

function clipped(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text;
}

// ---------------------------------------------------------------- the data

async function readProfile(
  profile: string,
  { readerFor }: IamPorts,
  progress: (step: string) => void,
): Promise<{ readonly outputs: readonly IamOutput[]; readonly findings: readonly Finding[] }> {
  try {
    const reader = await readerFor(profile);
    const { outputs, unread } = await reader.read(step => progress(`profile ${profile}: ${step}`));
    return {
      outputs,
      findings: unread.map(({ action, reason }) => ({
        id: 'iam.permission',
        subject: `profile ${profile}`,
        message: `${action} gave no answer (${reason}), so that this part is not known.`,
        fix: `Allow ${action} to the profile.`,
      })),
    };
  } catch (error) {
    const finding: Finding = {
      id: 'iam.input-unreadable',
      subject: `profile ${profile}`,
      message: (error as Error).message,
      fix: 'Look whether the profile works: aws sts get-caller-identity --profile NAME',
    };
    return { outputs: [], findings: [finding] };
  }
}

/** Accounts in the scope outside AWS. */
function otherStores({ accounts }: TrustPlan, { accounts: named }: Scope): readonly Account[] {
  const all = accounts.map(({ account }) => account).filter(account => !isOfAws(account));
  return named.length === 0
    ? all
    : all.filter(({ id, name }) => named.includes(id) || named.includes(name));
}

function notAws(accounts: readonly Account[]): Finding {
  return {
    id: 'iam.not-aws',
    subject: listed(accounts.map(({ name }) => name)),
    message: 'Accounts with their own STS have no IAM of AWS. Probes try their roles.',
  };
}

function otherAccount(id: string): Finding {
  return {
    id: 'iam.input-other-account',
    subject: id,
    message: `The data is of account ${id}, which the configuration does not have.`,
    fix: 'Add the account to the configuration, or give the data of another one.',
  };
}

interface Planned {
  readonly plan: TrustPlan;
  readonly signers: ReadonlyMap<Signer, SigningFacts>;
}

/** The plan knows the entity ids of connectors only after their metadata was read. */
async function planned(
  { signers: read }: IamPorts,
  { configuration, scope }: Examination,
): Promise<Planned> {
  const roles = scope.roles as readonly RoleName[];
  const first = planTrust(configuration, { roles });
  const providers = first.accounts.flatMap(({ samlProvider }) => samlProvider ?? []);
  if (providers.length === 0) return { plan: first, signers: new Map() };
  const connectors = providers.flatMap(({ connector }) => connector ?? []);
  const signers = await read([...new Set(connectors)]);
  if (connectors.length === 0) return { plan: first, signers };
  const entityIds = new Map(
    connectors.flatMap(id => {
      const entityId = signers.get(id)?.entityId;
      return entityId === undefined ? [] : [[id, entityId] as const];
    }),
  );
  return { plan: planTrust(configuration, { roles, entityIds }), signers };
}

// ---------------------------------------------------------------- the scope

interface Asked {
  readonly accounts: readonly AccountPlan[];
  readonly isWanted: (account: Account, role: RoleName) => boolean;
  /** Roles of the command line that no rule gives there. */
  readonly unknownRoles: readonly string[];
}

/** With a role behind a hub, the hub's role is asked for, too. */
function askedOf({ accounts }: TrustPlan, { accounts: names, roles }: Scope): Asked {
  const isNamed = ({ id, name }: Account): boolean =>
    names.length === 0 || names.includes(id) || names.includes(name);
  const isRoleNamed = (role: RoleName): boolean =>
    roles.length === 0 || roles.includes(role) || roles.includes(role.split('/').at(-1)!);
  const inScope = accounts.filter(({ account }) => isNamed(account));
  const arns = new Set<string>(
    inScope.flatMap(({ roles: planned }) =>
      planned.filter(({ name }) => isRoleNamed(name)).map(({ arn }) => arn),
    ),
  );
  for (const { roles: planned } of accounts)
    for (const { arn, mayAssume } of planned)
      if (mayAssume.some(target => arns.has(target))) arns.add(arn);
  const wanted = new Set(
    accounts.flatMap(({ account, roles: planned, reservedRoles }) => [
      ...planned.filter(({ arn }) => arns.has(arn)).map(({ name }) => `${account.id}/${name}`),
      ...reservedRoles
        .filter(name => isNamed(account) && isRoleNamed(name))
        .map(name => `${account.id}/${name}`),
    ]),
  );
  const isWanted = ({ id }: Account, role: RoleName): boolean => wanted.has(`${id}/${role}`);
  const hasWanted = ({ account, roles: planned, reservedRoles }: AccountPlan): boolean =>
    [...planned.map(({ name }) => name), ...reservedRoles].some(name => isWanted(account, name));
  return {
    accounts: accounts.filter(
      account => hasWanted(account) || (roles.length === 0 && isNamed(account.account)),
    ),
    isWanted,
    unknownRoles: roles.filter(role => ![...wanted].some(name => name.endsWith(`/${role}`))),
  };
}

function notGiven(role: string, { accounts }: Scope): Finding {
  return {
    id: 'iam.not-examined',
    subject: role,
    message: `No rule gives the role${accounts.length === 0 ? '' : ` in ${listed(accounts)}`}.`,
    fix: 'Look how the rules name it: "rolebridge-server check" shows what each rule gives.',
  };
}

function inOrder({ account, roles, samlProvider, oidcProviders }: AccountPlan, asked: Asked) {
  const examined = roles.filter(({ name }) => asked.isWanted(account, name)).length;
  const providers = oidcProviders.length + (samlProvider === undefined ? 0 : 1);
  const counts = [counted(providers, 'provider'), counted(examined, 'role')].join(' and ');
  return {
    id: 'iam.ok',
    subject: account.name,
    message: `${counts} are as the configuration needs them.`,
  } satisfies Finding;
}

function* notExamined(
  accounts: readonly AccountPlan[],
  states: ReadonlyMap<AccountId, IamState>,
): Generator<Finding> {
  const without = accounts.filter(({ account }) => !states.has(account.id));
  if (without.length === 0) return;
  yield {
    id: 'iam.not-examined',
    subject: listed(without.map(({ account }) => account.name)),
    message: `No data was given of ${counted(without.length, 'account')}.`,
    fix: 'docs/doctor.md has a script that writes the files of one account.',
  };
}
