/**
 * Where the STS of a profile is, as AWS tools find it: region, custom endpoint, certificate
 * authorities (AWS SDKs and Tools reference, "Service-specific endpoints" and "AWS STS Regional
 * endpoints").
 */
import { defaultRegion, isRegion, partitionOfRegion } from '../../core/partitions.ts';
import { PARTITIONS, type Partition } from '../../core/role.ts';
import type { ProfileSettings, Profiles } from '../aws/profiles.ts';
import { CliError } from '../terminal/exit.ts';
import { isThisComputer } from '../warm/bridges.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface StsSettings {
  readonly partition: Partition;
  readonly region: string;
  /** Instead of the endpoint of AWS. */
  readonly endpoint: string | undefined;
  readonly usesGlobalEndpoint: boolean;
  readonly usesFips: boolean;
  readonly usesDualStack: boolean;
  /** PEM file of the certificate authorities that are trusted. */
  readonly caFile: string | undefined;
}

export interface StsQuestion {
  readonly env: Environment;
  readonly profiles: Profiles;
  readonly settings: ProfileSettings;
  /** ARNs of the role and of the MFA device: they name the partition. */
  readonly arns: readonly (string | undefined)[];
}

/** Throws `local` for a setting that cannot be used. */
export function stsSettings({ env, profiles, settings, arns }: StsQuestion): StsSettings {
  const region = regionOf(env, settings, arns.map(partitionOf).find(Boolean));
  const endpoint = endpointOf(env, profiles, settings);
  const isOn = (variable: string, setting: string): boolean =>
    (env[variable] || settings.get(setting) || '').toLowerCase() === 'true';
  const usesFips = isOn('AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint');
  const usesDualStack = isOn('AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint');
  if (endpoint !== undefined && (usesFips || usesDualStack))
    throw new CliError('local', 'a custom STS endpoint excludes FIPS and dual-stack endpoints', {
      lines: ['AWS tools reject that, too. Remove one of the two settings.'],
    });
  const style = env.AWS_STS_REGIONAL_ENDPOINTS || settings.get('sts_regional_endpoints');
  return {
    partition: partitionOfRegion(region),
    region,
    endpoint,
    usesGlobalEndpoint: style?.toLowerCase() === 'legacy',
    usesFips,
    usesDualStack,
    caFile: env.AWS_CA_BUNDLE || settings.get('ca_bundle') || undefined,
  };
}

function partitionOf(arn: string | undefined): Partition | undefined {
  const name = /^arn:([^:]+):/.exec(arn ?? '')?.[1];
  return PARTITIONS.find(partition => partition === name);
}

/** A region of another partition than that of the role is meant for something else. */
function regionOf(
  env: Environment,
  settings: ProfileSettings,
  partition: Partition | undefined,
): string {
  const named = env.AWS_REGION || env.AWS_DEFAULT_REGION || settings.get('region');
  if (named === undefined || named === '') return defaultRegion(partition ?? 'aws');
  if (!isRegion(named))
    throw new CliError('local', `${JSON.stringify(named)} is not an AWS region`, {
      lines: ['Correct AWS_REGION, or "region" of the profile.'],
    });
  return partition === undefined || partitionOfRegion(named) === partition
    ? named
    : defaultRegion(partition);
}

function endpointOf(
  env: Environment,
  profiles: Profiles,
  settings: ProfileSettings,
): string | undefined {
  const isIgnored =
    env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS || settings.get('ignore_configured_endpoint_urls');
  if (isIgnored?.toLowerCase() === 'true') return undefined;
  const services = settings.get('services');
  const url =
    env.AWS_ENDPOINT_URL_STS ||
    env.AWS_ENDPOINT_URL ||
    (services && profiles.endpointIn(services, 'sts')) ||
    settings.get('endpoint_url');
  return url ? checkedEndpoint(url, 'STS') : undefined;
}

/** Throws `local` for an address over which credentials must not go. */
export function checkedEndpoint(url: string, service: string): string {
  const { protocol, hostname, username } = new URL(URL.canParse(url) ? url : 'none:');
  const isSecure = protocol === 'https:' || (protocol === 'http:' && isThisComputer(hostname));
  if (isSecure && username === '') return url;
  throw new CliError('local', `the endpoint of ${service} is not an https address`, {
    lines: ['Correct it in the environment or the profile (http only on this computer).'],
  });
}
