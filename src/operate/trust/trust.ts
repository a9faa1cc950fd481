/**
 * `trust`: prints what IAM needs so that the bridge can give each role of its rules.
 *
 * Owns: the choice of accounts and roles, where the metadata comes from, what goes to standard
 * output. Does not own: the plan (core/trust/plan.ts), the printers, the files (writing.ts).
 */
import type { ConfigurationWithoutSecrets } from '../../config/configuration.ts';
import type { ConnectorId } from '../../core/identity.ts';
import { counted } from '../../core/listed.ts';
import { nearest } from '../../core/nearest.ts';
import { printableText } from '../../core/printable.ts';
import {
  type Account,
  accountFinder,
  isOfAws,
  isRoleName,
  type RoleName,
} from '../../core/role.ts';
import { type AccountPlan, planTrust, type TrustPlan } from '../../core/trust/plan.ts';
import { EXIT, type ExitCode, type Options, UsageError } from '../command.ts';
import { printText } from '../output.ts';
import type { AccountTrust, ExistingIam, Printed } from './account-trust.ts';
import { printAwsCli } from './aws-cli.ts';
import { printCloudFormation } from './cloud-formation.ts';
import { printStackSet } from './stack-set.ts';
import { terraformPrinter } from './terraform.ts';
import { type Written, writeFiles } from './writing.ts';

/** A metadata document, with the entity id in it. */
export interface SamlMetadata {
  readonly xml: string;
  readonly entityId: string;
}

export interface TrustSources {
  /**
   * The metadata of a connector, or of the bridge itself. Throws an Error that says what is missing
   * and what to do.
   */
  samlMetadata(connector: ConnectorId | undefined): Promise<SamlMetadata>;
}

export type TrustFormat = 'terraform' | 'cloudformation' | 'stackset' | 'cli';

const PRINTERS: Readonly<
  Record<TrustFormat, (options: Options) => (accounts: readonly AccountTrust[]) => Printed>
> = {
  terraform: ({ json }) => terraformPrinter(json ? 'json' : 'hcl'),
  cloudformation: () => printCloudFormation,
  stackset: () => printStackSet,
  cli: () => printAwsCli,
};

export interface TrustOrder {
  readonly format: TrustFormat;
  readonly configuration: ConfigurationWithoutSecrets;
  readonly sources: TrustSources;
  readonly existing: ExistingIam;
}

/** Throws `UsageError`, and an Error that says what happened and what to do. */
export async function printTrust(order: TrustOrder, options: Options): Promise<ExitCode> {
  const { printed, notes } = await trustFiles(order, options);
  for (const note of notes) process.stderr.write(`${printableText(note)}\n`);
  if (printed.files.length + printed.steps.length === 0) return EXIT.failed;
  await put(printed, options);
  return EXIT.done;
}

export interface TrustFiles {
  readonly printed: Printed;
  /** What operators must know, a line each. */
  readonly notes: readonly string[];
}

/** Throws as `printTrust`. */
export async function trustFiles(order: TrustOrder, options: Options): Promise<TrustFiles> {
  const { format, existing } = order;
  const { plan, metadata } = await planned(order, options);
  const useful = plan.accounts.filter(
    ({ account, roles, samlProvider, oidcProviders }) =>
      isOfAws(account) && (samlProvider !== undefined || roles.length + oidcProviders.length > 0),
  );
  // A trust policy names only a hub's role that exists.
  const isHub = ({ roles }: AccountPlan): boolean => roles.some(of => of.mayAssume.length > 0);
  const accounts = [...useful.filter(isHub), ...useful.filter(of => !isHub(of))].map(account => ({
    plan: account,
    metadata: metadata.get(account),
    existing,
  }));
  return {
    printed: PRINTERS[format](options)(accounts),
    notes: plan.accounts.flatMap(account => [
      ...notesOf(account, useful.includes(account)),
      ...(isOfAws(account.account) && existing.lacks(account.account.id)
        ? [`${account.account.name}: ${UNKNOWN_IAM}`]
        : []),
    ]),
  };
}

const UNKNOWN_IAM = '--iam says nothing of this account, so its roles and providers count as new.';

const NOT_AWS =
  'It has its own STS (endpoints.sts), so nothing is printed for it. Set it up by hand: docs/sts-stores.md.';

function notesOf({ account, notes }: AccountPlan, isUseful: boolean): readonly string[] {
  const { name } = account;
  if (!isOfAws(account)) return [`${name}: ${NOT_AWS}`];
  const all = [...notes, ...(isUseful ? [] : ['No rule gives a role here, so IAM needs nothing.'])];
  return all.map(note => `${name}: ${note}`);
}

// ---------------------------------------------------------------- the plan

interface Planned {
  readonly plan: TrustPlan;
  readonly metadata: ReadonlyMap<AccountPlan, string>;
}

/** A trust policy names the entity id of a connector, which only its metadata says. */
async function planned({ configuration, sources }: TrustOrder, options: Options): Promise<Planned> {
  const chosen = {
    accounts: chosenAccounts(configuration.accounts, options)?.map(({ id }) => id),
    roles: chosenRoles(options),
  };
  const first = planTrust(configuration, chosen);
  const entityIds = new Map<ConnectorId, string>();
  const documents = new Map<ConnectorId | undefined, SamlMetadata>();
  for (const connector of samlSources(first)) {
    const read = await sources.samlMetadata(connector);
    documents.set(connector, read);
    if (connector !== undefined) entityIds.set(connector, read.entityId);
  }
  const plan = entityIds.size > 0 ? planTrust(configuration, { ...chosen, entityIds }) : first;
  const metadata = plan.accounts.flatMap(account => {
    const document = account.samlProvider && documents.get(account.samlProvider.connector);
    return document === undefined ? [] : [[account, document.xml] as const];
  });
  return { plan, metadata: new Map(metadata) };
}

/** Whose metadata the plan needs; undefined is the bridge. */
function samlSources({ accounts }: TrustPlan): ReadonlySet<ConnectorId | undefined> {
  return new Set(
    accounts.flatMap(({ samlProvider, roles }) =>
      samlProvider === undefined
        ? []
        : [
            samlProvider.connector,
            ...roles.flatMap(({ ways }) =>
              ways.flatMap(({ call, connector }) =>
                call === 'sts:AssumeRoleWithSAML' ? [connector] : [],
              ),
            ),
          ],
    ),
  );
}

function chosenAccounts(
  accounts: readonly Account[],
  { account: names }: Options,
): readonly Account[] | undefined {
  const find = accountFinder(accounts);
  return names?.map(text => {
    const found = find(text);
    if (found !== undefined) return found;
    const guess = nearest(
      text,
      accounts.map(({ name }) => name),
    );
    throw new UsageError(
      `the configuration has no account "${text}"${guess === undefined ? '' : `; did you mean ${guess}?`}`,
    );
  });
}

function chosenRoles({ role: names = [] }: Options): readonly RoleName[] {
  return names.map(text => {
    if (isRoleName(text)) return text;
    throw new UsageError(`--role "${text}" is not a role name`);
  });
}

// ---------------------------------------------------------------- the output

async function put({ files, steps }: Printed, { out, force = false }: Options): Promise<void> {
  if (out === undefined) {
    const [file, ...more] = files;
    if (more.length > 0)
      throw new UsageError(
        `the accounts need ${files.length} files. Name a directory with --out, or one account with --account.`,
      );
    if (force) throw new UsageError('--force replaces files of --out, which is missing');
    if (file !== undefined) process.stdout.write(file.text);
    const save = file === undefined ? [] : [`# Save this as ${file.path}, then run:`];
    for (const line of [...save, ...steps]) process.stderr.write(`${line}\n`);
    return;
  }
  if (out === '') throw new UsageError('--out names no directory');
  const written = await writeFiles(files, { directory: out, replaces: force });
  for (const line of [...told(written, out), `# Run in ${out}, in this order:`, ...steps])
    printText(line);
}

/** More lines than these hide what to run. */
const MOST_LINES = 20;

/** Each file, or how many there are of each kind. */
function told(written: readonly Written[], out: string): readonly string[] {
  if (written.length <= MOST_LINES) return written.map(({ path, change }) => `${path}: ${change}`);
  return [...Map.groupBy(written, ({ change }) => change)].map(
    ([change, of]) => `${out}: ${counted(of.length, 'file')} ${change}`,
  );
}
