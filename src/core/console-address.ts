/**
 * What an address of the AWS console or an ARN says: where it leads, and which account and region
 * it names.
 *
 * Owns: how account, region and service are found. Does not own: which hosts are consoles
 * (partitions), the form of addresses (console-destination), the pages of ARNs (arn-pages).
 */
import { type Arn, arnPage } from './arn-pages.ts';
import { checkDestinationLength, sessionAddress } from './console-destination.ts';
import { type ConsoleService, serviceAt } from './console-services.ts';
import { BridgeError } from './errors.ts';
import { isRegion, type Partitions, partitionOfRegion } from './partitions.ts';
import { type AccountId, PARTITIONS, type Partition } from './role.ts';

export interface ReadAddress {
  readonly kind: 'console' | 'arn';
  /** Undefined for a console that the configuration adds to every partition. */
  readonly partition: Partition | undefined;
  /** The accounts that it names: none, the one that it belongs to, or several. */
  readonly accounts: readonly AccountId[];
  /** Undefined for services without regions. */
  readonly region: string | undefined;
  /** Undefined for a service that is unknown here. */
  readonly service: ConsoleService | undefined;
  /** The console address, without the prefix of a session. */
  readonly destination: string;
  /** Whether the page prepares to create, change or run something. */
  readonly creates: boolean;
}

/**
 * Reads an address of the console of any partition, or an ARN. In linear time. Throws
 * `destination_refused`.
 */
export function readAddress(text: string, partitions: Partitions): ReadAddress {
  const trimmed = text.trim();
  checkDestinationLength(trimmed);
  return trimmed.startsWith('arn:')
    ? readArn(trimmed, partitions)
    : readConsoleAddress(trimmed, partitions);
}

/** What a console address says of itself. */
export interface ConsolePage {
  readonly service: ConsoleService | undefined;
  readonly region: string | undefined;
  readonly creates: boolean;
}

/** Undefined for what is no address. */
export function consolePage(address: string): ConsolePage | undefined {
  const url = URL.parse(address);
  return url === null ? undefined : pageAt(url);
}

/** The region that a console address names; undefined if it names none, or its service has none. */
export function consoleRegion(address: string): string | undefined {
  return consolePage(address)?.region;
}

// ---------------------------------------------------------------- addresses

const ACCEPTED =
  'This is not an address of the AWS console. Copy all of one, from https:// on, or an ARN.';

function refused(why: string, hint = ACCEPTED): BridgeError {
  return new BridgeError('destination_refused', `address: ${why}`, { hint });
}

function readConsoleAddress(text: string, partitions: Partitions): ReadAddress {
  const { url, owner } = strictly(text);
  const possible = PARTITIONS.filter(partition => partitions[partition].isConsole(url));
  if (possible.length === 0) throw refused('not a console of AWS');
  checkDestinationLength(url.href);
  const page = pageAt(url);
  const partition = partitionAmong(possible, page.region);
  const accounts = owner === undefined ? accountsIn(url, page.service, partition) : [owner];
  return { kind: 'console', partition, accounts, ...page, destination: url.href };
}

/** Throws `destination_refused`, and says what is accepted. */
function strictly(text: string): ReturnType<typeof sessionAddress> {
  try {
    return sessionAddress(text);
  } catch (thrown) {
    if (!(thrown instanceof BridgeError)) throw thrown;
    throw refused(thrown.message);
  }
}

function partitionAmong(
  possible: readonly Partition[],
  region: string | undefined,
): Partition | undefined {
  if (possible.length === 1) return possible[0];
  const named = region && partitionOfRegion(region);
  return possible.find(partition => partition === named);
}

function pageAt(url: URL): ConsolePage {
  const service = serviceAt(url) ?? serviceOfView(url);
  const region = service?.isGlobal === true ? undefined : regionOf(url);
  return { service, region, creates: createsSomething(url) };
}

/** Of the page of the console that finds resources by their ARN. */
function serviceOfView({ pathname, searchParams }: URL): ConsoleService | undefined {
  const arn = pathname === '/go/view' ? parseArn(searchParams.get('arn') ?? '') : undefined;
  return arn && serviceAt({ pathname: arnPage(arn), hostname: '' });
}

/** The newer consoles have the region in the host, older ones in the query or in the fragment. */
function regionOf(url: URL): string | undefined {
  const named = [
    url.searchParams.get('region'),
    ...url.hostname.split('.', 4),
    /[?&;]region=([a-z0-9-]{1,40})/.exec(url.hash)?.[1],
    /^\/ls\/webapp\/([a-z0-9-]{1,40})\//.exec(url.pathname)?.[1],
    ...arnsIn(url).map(({ groups }) => groups!.region),
  ];
  return named.find(text => text != null && isRegion(text)) ?? undefined;
}

// ---------------------------------------------------------------- what a page does

/** Words of pages that prepare to create, change or run something. */
const ACTION_WORDS = [
  ...['quick-?create', 'create', 'new', 'launch(?!-?(?:templates?|configurations?|time))'],
  ...['wizard', 'register', 'import', 'request', 'execute', 'send-command', 'invoke'],
  ...['edit', 'modify', 'attach', 'delete', 'cstack'],
];
const ACTION = new RegExp(`(?<![a-z])(?:(?:${ACTION_WORDS.join('|')})(?![a-z])|newsecret)`);

function createsSomething({ pathname, hash }: URL): boolean {
  // What follows is the state of the page: a query of logs can contain any word.
  const routes = decoded(hash).map(text => text.split(/[?=~]/, 1)[0]!);
  // Some consoles tell upper case from lower case, and some do not.
  return [...decoded(pathname), ...routes].some(route =>
    [route, route.replace(/([a-z])(?=[A-Z])/g, '$1-')].some(text =>
      ACTION.test(text.toLowerCase()),
    ),
  );
}

// ---------------------------------------------------------------- accounts

/** How addresses name the account that their resource is in. */
const ACCOUNT_PLACES = [
  // Queues are named by their URL.
  /[./]sqs\.[a-z0-9-]{1,40}\.[a-z.]{1,40}\/(?<account>\d{12})\//g,
  /\/ecr\/repositories\/(?:private|public)\/(?<account>\d{12})\//g,
  /\/codesuite\/(?:codebuild|codeartifact\/d|settings)\/(?<account>\d{12})\//g,
  /\/s3\/ap\/(?<account>\d{12})\//g,
  /[?&#;,/~'"({](?:aws-?)?account(?:[-_]?id)?(?:[=~'"]|:\/?){1,3}(?<account>\d{12})(?!\d)/gi,
  /[?&#]login_hint=(?<account>\d{12})-/g,
];

const ARN_INSIDE = new RegExp(
  [
    'arn:(?<partition>aws(?:-[a-z]{2,6}){0,2}):[a-z0-9-]{1,40}',
    String.raw`:(?<region>[a-z0-9-]{0,40}):(?<account>\d{12}|)(?!\d):`,
  ].join(''),
  'g',
);

function accountsIn(
  url: URL,
  service: ConsoleService | undefined,
  partition: Partition | undefined,
): readonly AccountId[] {
  if (service?.isAboutOthers === true) return [];
  const own = arnsIn(url).filter(({ groups }) =>
    [undefined, groups!.partition].includes(partition),
  );
  const texts = textsOf(url);
  const places = ACCOUNT_PLACES.flatMap(place => texts.flatMap(text => [...text.matchAll(place)]));
  const named = [...own, ...places].map(({ groups }) => groups!.account!);
  return [...new Set(named)].filter(account => account !== '') as AccountId[];
}

function arnsIn(url: URL): readonly RegExpExecArray[] {
  return textsOf(url).flatMap(text => [...text.matchAll(ARN_INSIDE)]);
}

function textsOf({ pathname, search, hash }: URL): readonly string[] {
  return decoded(`${pathname}${search}${hash}`);
}

/** Consoles encode what they put into a fragment up to three times. */
const ROUNDS = 3;

/**
 * The text, and what it says once its encoding is removed. CloudWatch writes `$` or `*` instead of
 * `%`. Only ASCII is decoded: accounts, regions and routes are.
 */
function decoded(text: string): readonly string[] {
  const texts = [text];
  for (let round = 0; round < ROUNDS; round++) {
    const next = texts
      .at(-1)!
      .replace(/[%$*]([2-7][0-9a-f])/gi, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 16)),
      );
    if (next === texts.at(-1)) break;
    texts.push(next);
  }
  return texts;
}

// ---------------------------------------------------------------- ARNs

const ARN = new RegExp(
  `^arn:(${PARTITIONS.join('|')}):([a-z0-9-]{1,40}):([a-z0-9-]{0,40}):(\\d{12}|aws|):(.+)$`,
);

/** Undefined if it is no ARN of one resource, in a partition that the bridge can reach. */
function parseArn(text: string): Arn | undefined {
  const [, partition, namespace, region = '', account = '', resource = ''] = ARN.exec(text) ?? [];
  if (partition === undefined || namespace === undefined) return undefined;
  if (region !== '' && !(isRegion(region) && partitionOfRegion(region) === partition))
    return undefined;
  return { partition: partition as Partition, namespace, region, account, resource, text };
}

function readArn(text: string, partitions: Partitions): ReadAddress {
  // A name can contain spaces. What another program would read as the end of the line cannot be.
  if (/[\p{C}\p{Zl}\p{Zp}\\]/u.test(text))
    throw refused('contains a control character or backslash');
  const arn = parseArn(text);
  if (arn === undefined)
    throw refused(
      'not an ARN',
      `This is not an ARN of a resource in one of the partitions ${PARTITIONS.join(', ')}. Check that you copied all of it.`,
    );
  const path = arnPage(arn);
  const service = serviceAt({ pathname: path, hostname: '' });
  const region = arn.region === '' || service?.isGlobal === true ? undefined : arn.region;
  const destination = consoleAddress(partitions, { partition: arn.partition, path, region });
  checkDestinationLength(destination);
  const accounts = /^\d/.test(arn.account) ? [arn.account as AccountId] : [];
  const { partition } = arn;
  return { kind: 'arn', partition, accounts, region, service, destination, creates: false };
}

/** The address of a page of the console: `path` with its fragment, in a region if it has one. */
export function consoleAddress(
  partitions: Partitions,
  {
    partition,
    path,
    region,
  }: {
    readonly partition: Partition;
    readonly path: string;
    readonly region: string | undefined;
  },
): string {
  const origin = partitions[partition].consoleOrigin(region);
  const [page = '', fragment] = splitOnce(path, '#');
  const query = region === undefined ? '' : `${page.includes('?') ? '&' : '?'}region=${region}`;
  return new URL(`${origin}${page}${query}${fragment}`).href;
}

/** The second part begins with the separator; it is empty if there is none. */
function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
}
