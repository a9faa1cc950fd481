/**
 * The credentials that AWS gives to a function, a task or an instance for its own role. Profiles of
 * users are never read, nor keys in the environment of anything but a function.
 */
import { isRegion } from '../../core/partitions.ts';
import { isToken, objectOf } from '../server/answers.ts';
import { CliError, systemCode } from '../terminal/exit.ts';
import { isThisComputer } from '../warm/bridges.ts';
import { readIfThere } from '../warm/private-files.ts';
import { type Environment, noProof } from './identity.ts';
import { askMetadata, type MetadataRequest } from './metadata.ts';

export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly region: string;
}

type Keys = Omit<RoleCredentials, 'region'>;

/** Whether the environment says that AWS gives this process credentials of a role. */
export function hasRoleVariables(env: Environment): boolean {
  return isFunction(env) || containerAddress(env) !== undefined;
}

/** Whether the metadata service of an EC2 instance answers. */
export async function isInstance(env: Environment): Promise<boolean> {
  return (await instanceSession(env).catch(() => undefined)) !== undefined;
}

/** Throws `local`. */
export async function roleCredentials(env: Environment): Promise<RoleCredentials> {
  const keys = keysOfFunction(env) ?? (await keysOfContainer(env));
  if (keys === undefined) return credentialsOfInstance(env);
  return { ...keys, region: knownRegion(namedRegion(env)) };
}

const isKeys = objectOf({ AccessKeyId: isToken, SecretAccessKey: isToken, Token: isToken });

/** Long-term keys have no session token. */
function usableKeys(answer: unknown, where: string): Keys {
  if (!isKeys(answer))
    throw noProof(`${where} gave no credentials of a role`, [
      'Credentials of a role have a key id, a secret and a session token. Long-term keys are not used.',
    ]);
  const { AccessKeyId, SecretAccessKey, Token } = answer as Record<keyof AwsKeys, string>;
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
}

interface AwsKeys {
  readonly AccessKeyId?: string | undefined;
  readonly SecretAccessKey?: string | undefined;
  readonly Token?: string | undefined;
}

function namedRegion(env: Environment): string {
  return env.AWS_REGION || env.AWS_DEFAULT_REGION || '';
}

function knownRegion(region: string): string {
  if (isRegion(region)) return region;
  throw noProof(region === '' ? 'the AWS region is unknown' : 'AWS_REGION is not a region', [
    'Set AWS_REGION: it selects the STS endpoint that the request is signed for.',
  ]);
}

// ---------------------------------------------------------------- Lambda

function isFunction({ AWS_LAMBDA_FUNCTION_NAME: name }: Environment): boolean {
  return Boolean(name);
}

function keysOfFunction(env: Environment): Keys | undefined {
  if (!isFunction(env) || !env.AWS_ACCESS_KEY_ID) return undefined;
  const keys: AwsKeys = {
    AccessKeyId: env.AWS_ACCESS_KEY_ID,
    SecretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    Token: env.AWS_SESSION_TOKEN,
  };
  return usableKeys(keys, 'the environment of the function');
}

// ---------------------------------------------------------------- ECS, EKS Pod Identity, CodeBuild

const CONTAINER = 'the container credentials provider';
const ECS = 'http://169.254.170.2';
/** Hosts that SDKs ask by http, besides loopback. */
const CONTAINER_HOSTS: ReadonlySet<string> = new Set([
  '169.254.170.2',
  '169.254.170.23',
  '[fd00:ec2::23]',
]);

function containerAddress(env: Environment): string | undefined {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path, AWS_CONTAINER_CREDENTIALS_FULL_URI: url } =
    env;
  if (path) return `${ECS}${path.startsWith('/') ? '' : '/'}${path}`;
  return url || undefined;
}

async function keysOfContainer(env: Environment): Promise<Keys | undefined> {
  const written = containerAddress(env);
  if (written === undefined) return undefined;
  const address = URL.canParse(written) ? new URL(written) : undefined;
  if (address === undefined || !isContainerAddress(address))
    throw noProof('AWS_CONTAINER_CREDENTIALS_FULL_URI is not an address of container credentials', [
      'It must be https, or an address of this computer, of ECS or of EKS.',
    ]);
  const authorization = containerAuthorization(env);
  const request = authorization === undefined ? {} : { headers: { authorization } };
  return usableKeys(parsed(await ask(address, request, CONTAINER)), CONTAINER);
}

function isContainerAddress({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  return protocol === 'http:' && (isThisComputer(hostname) || CONTAINER_HOSTS.has(hostname));
}

function containerAuthorization(env: Environment): string | undefined {
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } =
    env;
  const value = file ? contentOf(file).trim() : token || undefined;
  if (value === undefined || /^[\x20-\x7e]+$/.test(value)) return value;
  throw noProof('the authorization token of the container credentials cannot be used', [
    'It is empty or contains a line break.',
  ]);
}

function contentOf(file: string): string {
  try {
    return readIfThere(file)?.toString('utf8') ?? '';
  } catch (thrown) {
    throw noProof(
      `${file} cannot be read (${systemCode(thrown) ?? 'not a regular file'})`,
      ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names this file.'],
      thrown,
    );
  }
}

// ---------------------------------------------------------------- EC2

const INSTANCE = 'the metadata service of the instance';
const ROLES = '/latest/meta-data/iam/security-credentials/';
const REGION = '/latest/meta-data/placement/region';
const SESSION_SECONDS = '300';

async function credentialsOfInstance(env: Environment): Promise<RoleCredentials> {
  const session = await instanceSession(env).catch(unreachable(INSTANCE));
  if (session === undefined)
    throw noProof('AWS gives no role to this process', [
      'It is not a Lambda function, a container with a task role or an EC2 instance with IMDSv2.',
      'In a container on an instance, IMDSv2 requires a hop limit of 2.',
    ]);
  const [role = ''] = (await session(ROLES)).split('\n');
  const keys = parsed(await session(`${ROLES}${encodeURIComponent(role.trim())}`));
  const region = namedRegion(env) || (await session(REGION)).trim();
  return { ...usableKeys(keys, INSTANCE), region: knownRegion(region) };
}

/** Reads a path of the metadata service. Throws `local`. */
type InstanceSession = (path: string) => Promise<string>;

/** A session of IMDSv2; undefined where none answers. */
async function instanceSession(env: Environment): Promise<InstanceSession | undefined> {
  if (env.AWS_EC2_METADATA_DISABLED?.toLowerCase() === 'true') return undefined;
  const origin = instanceOrigin(env);
  const { status, text } = await askMetadata(new URL('/latest/api/token', origin), {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': SESSION_SECONDS },
  });
  if (status !== 200 || !isToken(text)) return undefined;
  const headers = { 'x-aws-ec2-metadata-token': text };
  return path => ask(new URL(path, origin), { headers }, INSTANCE);
}

/** The address that the environment names as for SDKs, otherwise the one of AWS. */
function instanceOrigin(env: Environment): string {
  const { AWS_EC2_METADATA_SERVICE_ENDPOINT: url, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: mode } =
    env;
  if (!url && mode?.toLowerCase() === 'ipv6') return 'http://[fd00:ec2::254]';
  const address = url || 'http://169.254.169.254';
  const { protocol, hostname, origin } = new URL(URL.canParse(address) ? address : 'none:');
  const isLinkLocal = /^169\.254\.\d+\.\d+$/.test(hostname) || hostname === '[fd00:ec2::254]';
  if (protocol === 'http:' && (isLinkLocal || isThisComputer(hostname))) return origin;
  throw noProof('AWS_EC2_METADATA_SERVICE_ENDPOINT is not an address of a metadata service', [
    'It must be http, at a link-local address or on this computer.',
  ]);
}

// ---------------------------------------------------------------- answers

async function ask(address: URL, request: MetadataRequest, where: string): Promise<string> {
  const { status, text } = await askMetadata(address, request).catch(unreachable(where));
  if (status === 200) return text;
  throw noProof(`${where} answered with the status ${status}`, [
    status === 404
      ? 'It has no role. Attach an instance profile or a task role.'
      : 'Check the role of this instance or task, then try again.',
  ]);
}

function unreachable(where: string): (thrown: unknown) => never {
  return thrown => {
    if (thrown instanceof CliError) throw thrown;
    const code = systemCode(thrown);
    const why = code === undefined ? '' : ` (${code})`;
    throw noProof(`${where} cannot be used${why}`, ['Try again.'], thrown);
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
