/**
 * The environment of a command that `exec` runs, and how to get back from it to that of the user.
 *
 * Owns: which variables would win over the role; that a variable which the user has set keeps its
 * meaning.
 */
import { bypassesProxy, hasProxy } from '../../core/proxy.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What AWS tools would take instead of the role that was asked for. */
const WOULD_WIN: ReadonlySet<string> = new Set([
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
  readonly isWindows: boolean;
  /** Where renewing credentials come from, and the profile that asks there. */
  readonly renewing?: {
    readonly url: string;
    readonly token: string;
    readonly profile: string;
    readonly configFile: string;
    /** Absent where the user's own is used. */
    readonly credentialsFile?: string | undefined;
  };
  /** Credentials themselves. */
  readonly fixed?: Readonly<Record<string, string>>;
}

/** `env` is the user's: see `outsideOfExec`. */
export function childEnvironment(
  env: Environment,
  options: ChildEnvironmentOptions,
): Record<string, string | undefined> {
  const { role, region, isWindows, renewing, fixed } = options;
  // On Windows `Aws_Profile` is AWS_PROFILE.
  const canonical = (name: string): string => (isWindows ? name.toUpperCase() : name);
  const wins = (name: string): boolean =>
    WOULD_WIN.has(canonical(name)) || BEARER_TOKEN.test(canonical(name));
  const kept = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => value !== undefined && !wins(name)),
  );
  const before = (name: string): string | undefined => valueIn(env, name, isWindows);
  const written = {
    a: before('AWS_REGION') || undefined,
    b: before('AWS_DEFAULT_REGION') || undefined,
  };

  const changed: Record<string, string> = {
    AWS_REGION: written.a ?? written.b ?? region,
    AWS_DEFAULT_REGION: written.b ?? written.a ?? region,
    ...(renewing !== undefined && {
      AWS_PROFILE: renewing.profile,
      AWS_DEFAULT_PROFILE: renewing.profile,
      AWS_CONFIG_FILE: renewing.configFile,
      // SDKs for Go v1 and JavaScript v2 read the config file only with it.
      AWS_SDK_LOAD_CONFIG: '1',
      ...(renewing.credentialsFile !== undefined && {
        AWS_SHARED_CREDENTIALS_FILE: renewing.credentialsFile,
      }),
      ...noProxies(env, renewing.url, isWindows),
    }),
  };
  const changes = Object.fromEntries(
    Object.entries(changed).map(([name, value]) => [name, [value, before(name) ?? null]]),
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
  const names = new Set(Object.keys(added).map(canonical));
  return {
    ...Object.fromEntries(Object.entries(kept).filter(([name]) => !names.has(canonical(name)))),
    ...added,
  };
}

/**
 * Each variable with the local address added where it is missing. Where the user has one of the two
 * spellings, the other is not made: tools differ in which of them wins, and it would hide the one
 * that is there.
 */
function noProxies(env: Environment, url: string, isWindows: boolean): Record<string, string> {
  const target = new URL(url);
  const spellings = isWindows ? ['NO_PROXY'] : ['NO_PROXY', 'no_proxy'];
  const there = spellings.filter(name => valueIn(env, name, isWindows) !== undefined);
  const named = there.length > 0 || !hasProxy(env) ? there : spellings;
  return Object.fromEntries(
    named.flatMap(name => {
      const value = valueIn(env, name, isWindows) ?? '';
      if (bypassesProxy(value, target)) return [];
      return [
        [
          name,
          value.trim() === ''
            ? target.hostname
            : `${value.replace(/[,\s]+$/, '')},${target.hostname}`,
        ],
      ];
    }),
  );
}

function valueIn(env: Environment, name: string, isWindows: boolean): string | undefined {
  if (!isWindows) return env[name];
  return Object.entries(env).find(([key]) => key.toUpperCase() === name.toUpperCase())?.[1];
}

/**
 * The environment as it is outside of `exec`, for commands of ours that run inside of it: `exec` in
 * `exec` and `configure` in a shell of `exec` do as they do outside. A variable that was set inside
 * stays.
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
