/**
 * Links for wikis and alarms. An account, a service, a region and a path become an address of the
 * console, which becomes a link of the bridge.
 */
import type { Destinations } from '../bridge/destinations.ts';
import { type ConsoleService, consoleService, menuOf } from '../core/console-services.ts';
import { BridgeError } from '../core/errors.ts';
import { withQuery } from '../core/local-path.ts';
import { isRegion, partitionOfRegion } from '../core/partitions.ts';
import { type Account, accountFinder, PARTITIONS, type Partition } from '../core/role.ts';
import { lastRegion, type RoleUse } from '../core/role-use.ts';
import { CONSOLE_PATH, GO_PATH } from './console-paths.ts';
import { accountOption } from './go-model.ts';
import type { LinkBuilderModel, ServiceMenu } from './go-views.ts';

/** What was typed into the form. */
export interface LinkParts {
  readonly account?: string | undefined;
  readonly role?: string | undefined;
  readonly service?: string | undefined;
  readonly region?: string | undefined;
  readonly path?: string | undefined;
}

export interface Builder {
  readonly destinations: Pick<Destinations, 'read' | 'addressOf'>;
  readonly baseUrl: string;
  /** Of the user. */
  readonly accounts: readonly Account[];
  readonly roles: readonly string[];
  readonly uses: readonly RoleUse[];
}

/** Names of roles that the form offers; every other one can be typed. */
const MOST_OFFERED = 100;

/** The form with what was typed, and the link that it makes. */
export function linkBuilder(typed: LinkParts, builder: Builder): LinkBuilderModel {
  const { accounts, roles, uses } = builder;
  const account = accountFinder(accounts)(typed.account ?? '');
  const isUsed = Object.values(typed).some(value => value !== undefined);
  const made = isUsed ? attempt(typed, account, builder) : {};
  return {
    accounts: accounts.map(of => ({ ...accountOption(of), isChosen: of === account })),
    roles: roles.slice(0, MOST_OFFERED),
    role: typed.role ?? '',
    services: servicesFor(accounts).map(({ id, name }) => ({
      value: id,
      label: name,
      isChosen: id === typed.service,
    })),
    regions: regionsFor(uses, accounts, account),
    region: typed.region ?? '',
    path: typed.path ?? '',
    isUsed,
    ...made,
  };
}

/** The services of each partition in which the user has an account. */
export function serviceMenus({
  accounts,
  uses,
  destinations,
}: Pick<Builder, 'accounts' | 'uses' | 'destinations'>): readonly ServiceMenu[] {
  return partitionsOf(accounts).map(partition => {
    const last = regionsUsed(uses).find(region => partitionOfRegion(region) === partition);
    const services = menuOf(partition).map(({ name, home: path, isGlobal }) => {
      const region = isGlobal ? undefined : last;
      return { name, href: goPath(destinations.addressOf({ partition, path, region })) };
    });
    return { partition: PARTITION_NAMES[partition], services };
  });
}

const PARTITION_NAMES: { readonly [P in Partition]: string } = {
  aws: 'AWS',
  'aws-cn': 'AWS China',
  'aws-us-gov': 'AWS GovCloud (US)',
  'aws-eusc': 'AWS European Sovereign Cloud',
};

/** The page that opens an address, by its own or by another account. */
export function goPath(address: string, account?: string): string {
  return withQuery(GO_PATH, { to: address, account });
}

// ---------------------------------------------------------------- the link

function attempt(
  typed: LinkParts,
  account: Account | undefined,
  builder: Builder,
): Pick<LinkBuilderModel, 'link' | 'problem'> {
  try {
    return { link: linkOf(typed, account, builder) };
  } catch (thrown) {
    if (thrown instanceof BridgeError && thrown.code === 'destination_refused')
      return { problem: thrown.hint };
    throw thrown;
  }
}

/** Throws `destination_refused`, and says what is wrong. */
function linkOf(typed: LinkParts, account: Account | undefined, builder: Builder): string {
  const { destinations, baseUrl, accounts } = builder;
  if (typed.account !== undefined && account === undefined)
    throw problem('Choose one of your accounts.');
  if (typed.role !== undefined && account === undefined)
    throw problem('Choose the account of the role, or leave the role empty.');
  const partition = partitionFor(typed, account, accounts);
  const { path, isGlobal } = pageFor(typed, partition);
  const region = isGlobal ? undefined : typed.region;
  const { destination } = destinations.read(destinations.addressOf({ partition, path, region }));
  if (account === undefined || typed.role === undefined)
    return baseUrl + goPath(destination, account?.id);
  const query = { account: account.id, role: typed.role, destination };
  return baseUrl + withQuery(CONSOLE_PATH, query);
}

function partitionFor(
  { region }: LinkParts,
  account: Account | undefined,
  accounts: readonly Account[],
): Partition {
  if (region !== undefined && !isRegion(region))
    throw problem('The region is malformed. Write it as AWS does, for example eu-west-1.');
  const ofRegion = region === undefined ? undefined : partitionOfRegion(region);
  if (account !== undefined && ofRegion !== undefined && account.partition !== ofRegion)
    throw problem(
      `The region ${region} is in the partition ${ofRegion}, and ${account.name} is in ${account.partition}. Choose a region of that partition.`,
    );
  return account?.partition ?? ofRegion ?? partitionsOf(accounts)[0] ?? 'aws';
}

const CONSOLE_HOME = '/console/home';
const PATH = /^\/(?!\/)[^\\\p{C}]*$/u;

/** What was typed precedes the start page of the service. */
function pageFor(
  { service: id, path }: LinkParts,
  partition: Partition,
): { readonly path: string; readonly isGlobal: boolean } {
  const service = serviceNamed(id, partition);
  if (path === undefined)
    return { path: service?.home ?? CONSOLE_HOME, isGlobal: service?.isGlobal ?? false };
  if (!PATH.test(path))
    throw problem('The path must begin with one slash, and contain no backslash.');
  return { path, isGlobal: service?.isGlobal ?? false };
}

function serviceNamed(id: string | undefined, partition: Partition): ConsoleService | undefined {
  if (id === undefined) return undefined;
  const service = consoleService(id);
  if (service === undefined) throw problem('Choose a service from the list.');
  if (service.notIn.includes(partition))
    throw problem(`${service.name} is not in the partition ${partition}.`);
  return service;
}

function problem(hint: string): BridgeError {
  return new BridgeError('destination_refused', 'a link cannot be made of what was typed', {
    hint,
  });
}

// ---------------------------------------------------------------- what the form offers

function partitionsOf(accounts: readonly Account[]): readonly Partition[] {
  const own = new Set(accounts.map(({ partition }) => partition));
  return PARTITIONS.filter(partition => own.has(partition));
}

function servicesFor(accounts: readonly Account[]): readonly ConsoleService[] {
  const services = new Set(partitionsOf(accounts).flatMap(partition => menuOf(partition)));
  return [...services].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function regionsUsed(uses: readonly RoleUse[]): readonly string[] {
  return uses.flatMap(({ region }) => region ?? []);
}

/** The region last used in the account comes first, then those used elsewhere, then the others. */
function regionsFor(
  uses: readonly RoleUse[],
  accounts: readonly Account[],
  account: Account | undefined,
): readonly string[] {
  const last = account && lastRegion(uses, account.id);
  const own = account === undefined ? accounts : [account];
  const regions = [last ?? [], regionsUsed(uses), own.map(({ region }) => region)].flat();
  const { partition } = account ?? {};
  return [...new Set(regions)]
    .filter(region => partition === undefined || partitionOfRegion(region) === partition)
    .slice(0, MOST_OFFERED);
}
