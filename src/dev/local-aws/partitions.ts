/**
 * What differs between AWS partitions: sign-in and console hosts, SAML recipients and audiences,
 * Region names.
 */

export const PARTITION_NAMES = ['aws', 'aws-cn', 'aws-us-gov', 'aws-eusc'] as const;
export type PartitionName = (typeof PARTITION_NAMES)[number];

export interface Partition {
  readonly name: PartitionName;
  readonly regions: RegExp;
  /** True for a SAML assertion consumer service that an assertion's Recipient may name. */
  readonly isRecipient: (url: string) => boolean;
  readonly audiences: readonly string[];
  /** In front of `Role`, `RoleSessionName` and so on. */
  readonly samlAttributePrefixes: readonly string[];
  /** A console URL is on one of these hosts or below one. */
  readonly consoleHosts: readonly string[];
}

const ACS_PATH = '/(?:static/)?saml(?:/acs/[A-Z0-9]{22,64})?';

function acsOn(host: string): (url: string) => boolean {
  const pattern = new RegExp(
    `^https://(?:[a-z0-9-]{1,40}\\.)?${host.replaceAll('.', '\\.')}${ACS_PATH}$`,
  );
  return url => pattern.test(url);
}

const ATTRIBUTES = 'https://aws.amazon.com/SAML/Attributes/';

/**
 * Sources: the endpoint rules and partitions file of botocore; IAM User Guide, "Configuring SAML
 * assertions". What AWS wants in China and in the European Sovereign Cloud is not documented well
 * enough to be strict: several values pass there, and the world file can replace them.
 */
const TABLE: Readonly<Record<PartitionName, Partition>> = {
  aws: {
    name: 'aws',
    regions:
      /^(?:af|ap|ca|eu|il|me|mx|sa|us)-(?:central|north|south|east|west|northeast|northwest|southeast|southwest)-\d$/,
    isRecipient: acsOn('signin.aws.amazon.com'),
    audiences: ['urn:amazon:webservices', 'https://signin.aws.amazon.com/saml'],
    samlAttributePrefixes: [ATTRIBUTES],
    consoleHosts: ['console.aws.amazon.com'],
  },
  'aws-cn': {
    name: 'aws-cn',
    regions: /^cn-(?:north|northwest)-\d$/,
    isRecipient: acsOn('signin.amazonaws.cn'),
    audiences: ['urn:amazon:webservices:cn-north-1', 'https://signin.amazonaws.cn/saml'],
    samlAttributePrefixes: [ATTRIBUTES, 'http://www.amazonaws.cn/SAML/Attributes/'],
    consoleHosts: ['console.amazonaws.cn'],
  },
  'aws-us-gov': {
    name: 'aws-us-gov',
    regions: /^us-gov-(?:east|west)-\d$/,
    isRecipient: acsOn('signin.amazonaws-us-gov.com'),
    audiences: ['urn:amazon:webservices:govcloud'],
    samlAttributePrefixes: [ATTRIBUTES],
    consoleHosts: ['console.amazonaws-us-gov.com'],
  },
  'aws-eusc': {
    name: 'aws-eusc',
    regions: /^eusc-[a-z]{2}-(?:east|west|north|south|central)-\d$/,
    isRecipient: acsOn('signin.amazonaws-eusc.eu'),
    audiences: [
      'urn:amazon:webservices',
      'urn:amazon:webservices:eusc',
      'https://signin.amazonaws-eusc.eu/saml',
    ],
    samlAttributePrefixes: [ATTRIBUTES],
    consoleHosts: ['console.amazonaws-eusc.eu'],
  },
};

/** Values of the world file that replace those of the table. */
export interface PartitionOverrides {
  readonly recipients?: readonly string[] | undefined;
  readonly audiences?: readonly string[] | undefined;
  readonly samlAttributePrefix?: string | undefined;
  readonly consoleHosts?: readonly string[] | undefined;
}

export function partitionNamed(name: PartitionName, overrides: PartitionOverrides = {}): Partition {
  const row = TABLE[name];
  return {
    ...row,
    isRecipient:
      overrides.recipients === undefined
        ? row.isRecipient
        : url => overrides.recipients!.includes(url),
    audiences: overrides.audiences ?? row.audiences,
    samlAttributePrefixes:
      overrides.samlAttributePrefix === undefined
        ? row.samlAttributePrefixes
        : [overrides.samlAttributePrefix],
    consoleHosts: overrides.consoleHosts ?? row.consoleHosts,
  };
}

/** The one Region in which IAM of a partition signs (endpoint rules of botocore). */
const IAM_REGIONS: Readonly<Record<PartitionName, string>> = {
  aws: 'us-east-1',
  'aws-cn': 'cn-north-1',
  'aws-us-gov': 'us-gov-west-1',
  'aws-eusc': 'eusc-de-east-1',
};

export function iamRegion(partition: PartitionName): string {
  return IAM_REGIONS[partition];
}

const STS_DOMAINS = new Set([
  ...['amazonaws.com', 'amazonaws.com.cn', 'amazonaws.eu'],
  ...['api.aws', 'api.amazonwebservices.com.cn', 'api.amazonwebservices.eu'],
]);

/**
 * The Region of a host of real STS: `sts.eu-west-1.amazonaws.com` and its FIPS and dual-stack
 * forms, or the global host. Undefined for every other host.
 */
export function stsRegionOfHost(host: string): string | undefined {
  if (host === 'sts.amazonaws.com') return 'us-east-1';
  const [, region, domain = ''] = /^sts(?:-fips)?\.([a-z0-9-]+)\.(.+)$/.exec(host) ?? [];
  return STS_DOMAINS.has(domain) ? region : undefined;
}

export function partitionOfRegion(region: string): PartitionName | undefined {
  return PARTITION_NAMES.find(name => TABLE[name].regions.test(region));
}
