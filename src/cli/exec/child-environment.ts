/**
 * The environment of a command that `exec` runs, and the way back to that of the user.
 *
 * Owns: which variables would override the role; that a variable of the user keeps its meaning.
 */
import { bypassesProxy, hasProxy } from '../../core/proxy.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that AWS tools prefer to the requested role. */
const OVERRIDING: ReadonlySet<string> = new Set([
  'AWS_ACCESS_KEY_ID',
  'AWS_ACCESS_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_CREDENTIAL_SCOPE',
  'AWS_CREDENTIAL_FILE',
  'AWS_ACCOUNT_ID',
  'AMAZON_ACCESS_KEY_ID',
  'AMAZON_SECRET_ACCESS_KEY',
  'AMAZON_SESSION_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
]);
/** API keys of single services (AWS_BEARER_TOKEN_BEDROCK), which SDKs prefer to credentials. */
const BEARER_TOKEN = /^AWS_BEARER_TOKEN_/;

/**
 * What `exec` has changed: `{ "AWS_PROFILE": ["inside", "before" | null] }`. Contains no secret.
 */
const CHANGES = 'ROLEBRIDGE_EXEC_CHANGES';

export interface ChildEnvironmentOptions {
  /** `prod/Admin` */
  readonly role: string;
  /** Used where the user has set no region. */
  readonly region: string;
  readonly platform: NodeJS.Platform;
  /** Where renewing credentials come from, and the profile that asks there. */
  readonly renewing?: Renewing;
  /** Credentials themselves. */
  readonly fixed?: Readonly<Record<string, string>>;
}

interface Renewing {
  readonly url: string;
  readonly token: string;
  readonly profile: string;
  readonly configFile: string;
  /** Absent where the user's own is used. */
  readonly credentialsFile?: string | undefined;
}

/** `env` is the user's: see `outsideOfExec`. */
export function childEnvironment(
  env: Environment,
  options: ChildEnvironmentOptions,
): Record<string, string | undefined> {
  const { role, platform, renewing, fixed } = options;
  const changed = { ...regions(env, options), ...settingsOf(env, options) };
  const changes = Object.fromEntries(
    Object.entries(changed).map(([name, value]) => [
      name,
      [value, valueIn(env, name, platform) ?? null],
    ]),
  );
  const added = {
    ...changed,
    ...fixed,
    ...(renewing !== undefined && {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: renewing.url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: renewing.token,
    }),
    ROLEBRIDGE_ROLE: role,
    [CHANGES]: JSON.stringify(changes),
  };
  const names = new Set(Object.keys(added).map(name => canonical(name, platform)));
  const kept = Object.entries(env).filter(
    ([name, value]) =>
      value !== undefined && !overrides(name, platform) && !names.has(canonical(name, platform)),
  );
  return { ...Object.fromEntries(kept), ...added };
}

/** One of the two stands for the other where the user has set only one. */
function regions(
  env: Environment,
  { region, platform }: ChildEnvironmentOptions,
): Record<string, string> {
  const own = valueIn(env, 'AWS_REGION', platform) || undefined;
  const ofDefault = valueIn(env, 'AWS_DEFAULT_REGION', platform) || undefined;
  return {
    AWS_REGION: own ?? ofDefault ?? region,
    AWS_DEFAULT_REGION: ofDefault ?? own ?? region,
  };
}

function settingsOf(
  env: Environment,
  { renewing, platform }: ChildEnvironmentOptions,
): Record<string, string> {
  if (renewing === undefined) return {};
  const { url, profile, configFile, credentialsFile } = renewing;
  return {
    AWS_PROFILE: profile,
    AWS_DEFAULT_PROFILE: profile,
    AWS_CONFIG_FILE: configFile,
    // SDKs for Go v1 and JavaScript v2 read the config file only with it.
    AWS_SDK_LOAD_CONFIG: '1',
    ...(credentialsFile !== undefined && { AWS_SHARED_CREDENTIALS_FILE: credentialsFile }),
    ...noProxies(env, url, platform),
  };
}

function overrides(name: string, platform: NodeJS.Platform): boolean {
  const plain = canonical(name, platform);
  return OVERRIDING.has(plain) || BEARER_TOKEN.test(plain);
}

/** On Windows `Aws_Profile` is AWS_PROFILE. */
function canonical(name: string, platform: NodeJS.Platform): string {
  return platform === 'win32' ? name.toUpperCase() : name;
}

/**
 * Each variable with the local address added where it is missing. Where the user has one of the two
 * spellings, the other is not made: tools differ in which of them wins, and it would hide the one
 * that is there.
 */
function noProxies(
  env: Environment,
  url: string,
  platform: NodeJS.Platform,
): Record<string, string> {
  const target = new URL(url);
  const spellings = platform === 'win32' ? ['NO_PROXY'] : ['NO_PROXY', 'no_proxy'];
  const there = spellings.filter(name => valueIn(env, name, platform) !== undefined);
  const named = there.length > 0 || !hasProxy(env) ? there : spellings;
  return Object.fromEntries(
    named.flatMap(name => {
      const value = valueIn(env, name, platform) ?? '';
      if (bypassesProxy(value, target)) return [];
      const others = value.replace(/[,\s]+$/, '');
      return [[name, value.trim() === '' ? target.hostname : `${others},${target.hostname}`]];
    }),
  );
}

function valueIn(env: Environment, name: string, platform: NodeJS.Platform): string | undefined {
  if (platform !== 'win32') return env[name];
  return Object.entries(env).find(([key]) => key.toUpperCase() === name.toUpperCase())?.[1];
}

/**
 * The environment without the changes of `exec`, for rolebridge commands inside it: `exec` in
 * `exec` and `configure` in a shell of `exec` work as they do outside. A variable that was set
 * inside stays.
 */
export function outsideOfExec(env: Environment): Environment {
  const changes = changesIn(env[CHANGES]);
  if (changes === undefined) return env;
  const outside: Record<string, string | undefined> = { ...env };
  delete outside[CHANGES];
  for (const [name, [inside, before]] of Object.entries(changes)) {
    if (env[name] !== inside) continue;
    if (before === null) delete outside[name];
    else outside[name] = before;
  }
  return outside;
}

function changesIn(
  text: string | undefined,
): Readonly<Record<string, readonly [inside: string, before: string | null]>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    const isChange = (change: unknown): boolean =>
      Array.isArray(change) &&
      typeof change[0] === 'string' &&
      (change[1] === null || typeof change[1] === 'string');
    if (typeof value !== 'object' || value === null || !Object.values(value).every(isChange))
      return undefined;
    return value as Readonly<Record<string, readonly [string, string | null]>>;
  } catch {
    return undefined;
  }
}
