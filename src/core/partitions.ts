/**
 * What differs between the AWS partitions: host names, regions, and the SAML values that each
 * expects. Pure, one row a partition.
 *
 * Sources: the endpoint rules of the `sts` and `signin` services for host names, the IAM User Guide
 * ("Configure SAML assertions for the authentication response") for audience and recipient. What
 * AWS does not document for China and for the European Sovereign Cloud is our best reading, and
 * every value can be replaced by the configuration (`aws.partitions`).
 */
import { BridgeError } from './errors.ts';
import { type Account, PARTITIONS, type Partition } from './role.ts';

/** What an operator can replace. URLs are complete and apply to every region. */
export interface PartitionOverrides {
  readonly samlAudience?: string | undefined;
  readonly samlRecipient?: string | undefined;
  /** In front of `Role`, `RoleSessionName` and the like; ends in a slash. */
  readonly samlAttributePrefix?: string | undefined;
  /** The sign-in service, without `/federation`. */
  readonly signinUrl?: string | undefined;
  /** The console's home; its origin is allowed as a destination. */
  readonly consoleUrl?: string | undefined;
  readonly stsUrl?: string | undefined;
}

export interface PartitionFacts {
  readonly partition: Partition;
  /** AudienceRestriction of an assertion for this partition. */
  readonly samlAudience: string;
  readonly samlAttributePrefix: string;
  /** Recipient of the subject confirmation; trust policies see it as `saml:aud`. */
  samlRecipient(region: string): string;
  /** The regional STS endpoint. */
  stsUrl(region: string): string;
  /**
   * The endpoint that a request to STS was signed for, by its Host header; undefined if the host is
   * none of this partition.
   */
  stsEndpoint(host: string): StsEndpoint | undefined;
  /** The `/federation` endpoint of the sign-in service. */
  federationUrl(region: string): string;
  /** The console's start page in a region. */
  consoleHome(region: string): string;
  /** The origin of the console of a region, or with undefined of the whole partition. */
  consoleOrigin(region: string | undefined): string;
  /**
   * Whether a console of this partition answers at this URL; the URL must be parsed, so that its
   * host is normalized.
   */
  isConsole(url: URL): boolean;
  /**
   * The hosts on the way into the console, as sources of a Content-Security-Policy (`form-action`
   * follows redirects).
   */
  readonly consoleSources: readonly string[];
}

export interface StsEndpoint {
  readonly partition: Partition;
  /** The region that signatures for it name. */
  readonly region: string;
  /** Where the bridge sends the request: the host itself, or what the operator has put in place. */
  readonly url: string;
}

export type Partitions = Readonly<Record<Partition, PartitionFacts>>;

interface Row {
  readonly dnsSuffix: string;
  /** Of the hosts that answer over IPv6, too. */
  readonly dualStackSuffix: string;
  /** Hosts with `sts-fips` exist; in GovCloud the plain host is the FIPS endpoint. */
  readonly hasFipsHosts: boolean;
  /** Of the host `sts.amazonaws.com`, which only the first partition has. */
  readonly globalRegion?: string;
  /**
   * `{region}` stands for the region where the sign-in service has no host of its own for the whole
   * partition.
   */
  readonly signinHost: string;
  /** Hosts of the console and its services are below it. */
  readonly consoleDomain: string;
  readonly samlAudience: string;
  /** Prefixes of its region names. The longest match wins, so the empty prefix takes the rest. */
  readonly regionPrefix: string;
  /** For accounts that name no region. */
  readonly defaultRegion: string;
}

const ROWS = {
  aws: {
    dnsSuffix: 'amazonaws.com',
    dualStackSuffix: 'api.aws',
    hasFipsHosts: true,
    globalRegion: 'us-east-1',
    signinHost: 'signin.aws.amazon.com',
    consoleDomain: 'aws.amazon.com',
    samlAudience: 'urn:amazon:webservices',
    regionPrefix: '',
    defaultRegion: 'us-east-1',
  },
  'aws-cn': {
    dnsSuffix: 'amazonaws.com.cn',
    dualStackSuffix: 'api.amazonwebservices.com.cn',
    hasFipsHosts: false,
    signinHost: 'signin.amazonaws.cn',
    consoleDomain: 'amazonaws.cn',
    samlAudience: 'urn:amazon:webservices:cn-north-1',
    regionPrefix: 'cn-',
    defaultRegion: 'cn-north-1',
  },
  'aws-us-gov': {
    dnsSuffix: 'amazonaws.com',
    dualStackSuffix: 'api.aws',
    hasFipsHosts: false,
    signinHost: 'signin.amazonaws-us-gov.com',
    consoleDomain: 'amazonaws-us-gov.com',
    samlAudience: 'urn:amazon:webservices:govcloud',
    regionPrefix: 'us-gov-',
    defaultRegion: 'us-gov-west-1',
  },
  'aws-eusc': {
    dnsSuffix: 'amazonaws.eu',
    dualStackSuffix: 'api.amazonwebservices.eu',
    hasFipsHosts: false,
    signinHost: '{region}.signin.amazonaws-eusc.eu',
    consoleDomain: 'amazonaws-eusc.eu',
    // Not documented; the value of the first partition is the likeliest.
    samlAudience: 'urn:amazon:webservices',
    regionPrefix: 'eusc-',
    defaultRegion: 'eusc-de-east-1',
  },
} as const satisfies Record<Partition, Row>;

/**
 * Consoles with a host of their own beside `console.` in the domain of the partition, regional
 * hosts below each (`health.aws.amazon.com`, `eu-west-1.quicksight.aws.amazon.com`). AWS documents
 * them for the first partition; in the others they stand in a domain of AWS all the same.
 */
const CONSOLES = ['console', 'health', 'phd', 'quicksight', 'lightsail'] as const;

// China's guide prints another prefix, while the programs that work there use this one.
const SAML_ATTRIBUTE_PREFIX = 'https://aws.amazon.com/SAML/Attributes/';

// A region becomes part of a host name that receives assertions and secret keys.
const REGION = /^[a-z]{2,8}(?:-[a-z]{2,16}){1,3}-\d{1,2}$/;

/**
 * Whether a text has the form of a region name. It does not say whether AWS has that region: new
 * ones come every year.
 */
export function isRegion(text: string): boolean {
  return REGION.test(text);
}

/** The partition that a region belongs to, by how its name begins. */
export function partitionOfRegion(region: string): Partition {
  const fitting = PARTITIONS.filter(partition => region.startsWith(ROWS[partition].regionPrefix));
  return fitting.reduce((best, next) =>
    ROWS[next].regionPrefix.length > ROWS[best].regionPrefix.length ? next : best,
  );
}

/** What the hosts of AWS services end in. */
export function dnsSuffix(partition: Partition): string {
  return ROWS[partition].dnsSuffix;
}

/** The region of accounts that name none. */
export function defaultRegion(partition: Partition): string {
  return ROWS[partition].defaultRegion;
}

/**
 * The table with the operator's values: `endpoints` for every partition, `partitions` for one,
 * which takes precedence.
 */
export function partitionTable(
  options: {
    readonly endpoints?:
      | {
          readonly sts?: string | undefined;
          readonly signin?: string | undefined;
          readonly console?: string | undefined;
        }
      | undefined;
    readonly partitions?: Readonly<Partial<Record<Partition, PartitionOverrides>>> | undefined;
    /**
     * Further consoles in every partition: host names, and `*.` in front of one for all below it.
     */
    readonly consoleHosts?: readonly string[] | undefined;
  } = {},
): Partitions {
  const { sts: stsUrl, signin: signinUrl, console: consoleUrl } = options.endpoints ?? {};
  const everywhere: PartitionOverrides = { stsUrl, signinUrl, consoleUrl };
  return Object.fromEntries(
    PARTITIONS.map(partition => {
      const overrides = stronger(options.partitions?.[partition] ?? {}, everywhere);
      return [partition, partitionFacts(partition, overrides, options.consoleHosts ?? [])];
    }),
  ) as Record<Partition, PartitionFacts>;
}

/** The STS that is called for an account: its own, or that of its partition. */
export function stsUrlOf(
  partitions: Partitions,
  { stsEndpoint, partition, region }: Pick<Account, 'stsEndpoint' | 'partition' | 'region'>,
): string {
  return stsEndpoint ?? partitions[partition].stsUrl(region);
}

/** The values of `first`, then of `second`; `undefined` counts as absent. */
function stronger(first: PartitionOverrides, second: PartitionOverrides): PartitionOverrides {
  return {
    ...second,
    ...Object.fromEntries(Object.entries(first).filter(([, value]) => value !== undefined)),
  };
}

function partitionFacts(
  partition: Partition,
  overrides: PartitionOverrides,
  furtherHosts: readonly string[],
): PartitionFacts {
  const row: Row = ROWS[partition];
  const signinOf = (region: string): string =>
    withoutSlash(
      overrides.signinUrl ?? `https://${row.signinHost.replace('{region}', checkedRegion(region))}`,
    );
  const consoleOverride =
    overrides.consoleUrl === undefined ? undefined : new URL(overrides.consoleUrl);
  const signinHost = row.signinHost.replace('{region}.', '');
  const ownHosts = CONSOLES.map(console => `${console}.${row.consoleDomain}`);
  const consoleHosts = [...ownHosts.flatMap(host => [host, `*.${host}`]), ...furtherHosts];
  return {
    partition,
    samlAudience: overrides.samlAudience ?? row.samlAudience,
    samlAttributePrefix: overrides.samlAttributePrefix ?? SAML_ATTRIBUTE_PREFIX,
    // AWS knows its own sign-in addresses only, so the recipient does not follow a replaced sign-in
    // service.
    samlRecipient: region =>
      overrides.samlRecipient ??
      `https://${row.signinHost.replace('{region}', checkedRegion(region))}/saml`,
    stsUrl: region => overrides.stsUrl ?? `https://sts.${checkedRegion(region)}.${row.dnsSuffix}`,
    stsEndpoint: host => {
      const region = stsRegion(host, row);
      if (region === undefined || partitionOfRegion(region) !== partition) return undefined;
      return { partition, region, url: overrides.stsUrl ?? `https://${host}` };
    },
    federationUrl: region => `${signinOf(region)}/federation`,
    consoleHome: region => {
      if (consoleOverride !== undefined) return consoleOverride.href;
      return `https://console.${row.consoleDomain}/console/home?region=${checkedRegion(region)}`;
    },
    consoleOrigin: region =>
      region === undefined
        ? `https://console.${row.consoleDomain}`
        : `https://${checkedRegion(region)}.console.${row.consoleDomain}`,
    isConsole: url => {
      if (url.username !== '' || url.password !== '') return false;
      if (consoleOverride !== undefined && url.origin === consoleOverride.origin) return true;
      const { protocol, port, hostname } = url;
      return (
        protocol === 'https:' &&
        port === '' &&
        consoleHosts.some(pattern => fits(hostname, pattern))
      );
    },
    consoleSources: [
      ...[overrides.signinUrl, overrides.consoleUrl].flatMap(url =>
        url === undefined ? [] : [new URL(url).origin],
      ),
      ...[signinHost, `*.${signinHost}`, ...consoleHosts].map(host => `https://${host}`),
    ],
  };
}

/** The region of a host of STS whose names end as the row says. */
function stsRegion(
  host: string,
  { dnsSuffix, dualStackSuffix, hasFipsHosts, globalRegion }: Row,
): string | undefined {
  if (host === `sts.${dnsSuffix}`) return globalRegion;
  const [service, region = '', ...rest] = host.split('.');
  const suffix = rest.join('.');
  const isSts = service === 'sts' || (service === 'sts-fips' && hasFipsHosts);
  const isOfRow = suffix === dnsSuffix || suffix === dualStackSuffix;
  return isSts && isOfRow && isRegion(region) ? region : undefined;
}

/** Names of hosts below a domain. Without a label of DNS they name nothing, as in `eu..console`. */
const LABELS = /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+$/;

function fits(hostname: string, pattern: string): boolean {
  if (!pattern.startsWith('*.')) return hostname === pattern;
  const domain = pattern.slice(2);
  return (
    hostname.endsWith(`.${domain}`) &&
    LABELS.test(hostname.slice(0, hostname.length - domain.length))
  );
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}

function checkedRegion(region: string): string {
  if (!isRegion(region))
    throw new BridgeError('internal', 'the region of an account is not the name of an AWS region');
  return region;
}
