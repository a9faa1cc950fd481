/**
 * `~/.aws/config` for one person, in the dialects that AWS tools read: the same roles, asked for in different ways.
 *
 * Pure text: the portal shows it, the client writes it. What each dialect cannot do is said beside it (`AWS_CONFIG_TRAPS`).
 */

import { isAccountId, isRoleName } from './role.ts';

export const AWS_CONFIG_DIALECTS = ['sso-session', 'sso-legacy', 'credential-process', 'container'] as const;
export type AwsConfigDialect = (typeof AWS_CONFIG_DIALECTS)[number];

export interface ConfiguredRole {
  readonly account: { readonly id: string; readonly name: string; readonly region: string };
  readonly role: string;
}

export interface ConfigSection {
  /** By which two sections are the same: the profile's name, or `services bridge.example.com`. */
  readonly name: string;
  /** `[profile prod-Admin]` */
  readonly header: string;
  readonly lines: readonly string[];
}

export interface AwsConfigOptions {
  readonly baseUrl: string;
  /** `sso_region`: names no place, but AWS tools want one. */
  readonly ssoRegion: string;
  readonly roles: readonly ConfiguredRole[];
  /** How a profile is called; as `profileNames` says unless told. Then two may be called the same. */
  readonly profileName?: ((role: ConfiguredRole) => string) | undefined;
  /** In front of every profile's name. */
  readonly prefix?: string | undefined;
  /** What `credential_process` runs for a role; the client's name on the PATH unless told. */
  readonly command?: ((role: string) => string) | undefined;
}

/** False for a role that would say something else to whoever reads the file than its name: a file is read line by line, a command by a shell. */
export function isPlain({ account, role }: ConfiguredRole): boolean {
  return isAccountId(account.id) && isRoleName(role) && /^[\w.-]+$/.test(account.name) && isPlainRegion(account.region);
}

export function isPlainRegion(region: string): boolean {
  return /^[a-z\d-]+$/.test(region);
}

const CHAINED =
  'A profile of yours that has one of these for its `source_profile` needs the same `services` line. Without it, botocore and Go send the token to AWS.';
/** What goes wrong with each dialect, where it bites. What people type stands in backticks. */
export const AWS_CONFIG_TRAPS: { readonly [D in AwsConfigDialect]: readonly string[] } = {
  'sso-session': [
    'Sign in with a profile. With `--sso-session` instead of `--profile`, the AWS CLI forgets the endpoint and goes to AWS.',
    '`aws sso logout` sends every token on this computer to the endpoint of the profile that it runs with. Give it a profile of this file; tokens of AWS that arrive here are dropped.',
    CHAINED,
    'The JavaScript SDK takes the endpoint only from the profile that `AWS_PROFILE` names.',
    'Needs the AWS CLI 2.22 or newer. From 2.35.13 on it wants an https start URL; with a private certificate authority, set `AWS_CA_BUNDLE`.',
    'Tokens lie unencrypted in `~/.aws/sso/cache`, as those of AWS do. The rolebridge client keeps them in the keychain.',
  ],
  'sso-legacy': [
    CHAINED,
    'They sign in by a code, and again whenever the token ends: nothing is renewed.',
    'Needs tools that read the services section (AWS CLI 2.13, botocore 1.31 and newer). Those that do not, as .NET, some versions of Java and Go v1, go to AWS instead: give them the rolebridge client.',
  ],
  'credential-process': [
    'Needs the rolebridge client on the computer, signed in. Works with every AWS CLI and SDK, also with those that know no other endpoint.',
  ],
  container: [
    'The token opens this one role, for as long as your session in the terminal lives. `rolebridge exec` gives a program on this computer the same without a token of its own.',
    'The AWS CLI takes https addresses here since 2.33.2, botocore since 1.42.5.',
  ],
};

/** The sections of one dialect; `container` has none, see `containerEnvironment`. */
export function awsConfig(dialect: Exclude<AwsConfigDialect, 'container'>, options: AwsConfigOptions): readonly ConfigSection[] {
  const { baseUrl, ssoRegion, roles, prefix = '', command = role => `rolebridge credential-process ${role}` } = options;
  const startUrl = `${baseUrl}/start`;
  const shared = sharedName(baseUrl);
  const names = profileNames(roles);
  const profile = (role: ConfiguredRole, lines: readonly string[]): ConfigSection => {
    const name = prefix + (options.profileName?.(role) ?? names.get(role)!);
    return { name, header: `[profile ${name}]`, lines: [...lines, `region = ${role.account.region}`] };
  };
  const which = ({ account, role }: ConfiguredRole): string[] => [
    `sso_account_id = ${account.id}`,
    `sso_role_name = ${role}`,
    `services = ${shared}`,
  ];
  switch (dialect) {
    case 'sso-session':
      return [
        {
          name: `sso-session ${shared}`,
          header: `[sso-session ${shared}]`,
          lines: [`sso_start_url = ${startUrl}`, `sso_region = ${ssoRegion}`, 'sso_registration_scopes = sso:account:access'],
        },
        services(shared, baseUrl),
        ...roles.map(role => profile(role, [`sso_session = ${shared}`, ...which(role)])),
      ];
    case 'sso-legacy':
      return [
        services(shared, baseUrl),
        ...roles.map(role => profile(role, [`sso_start_url = ${startUrl}`, `sso_region = ${ssoRegion}`, ...which(role)])),
      ];
    case 'credential-process':
      return roles.map(role => profile(role, [`credential_process = ${command(`${role.account.name}/${role.role}`)}`]));
  }
}

/** What the sso-session and the services section are called: two bridges on one computer must not be taken for each other. */
function sharedName(baseUrl: string): string {
  return new URL(baseUrl).host.replaceAll(/[^\w.-]+/g, '-').replace(/^-/, '');
}

function services(name: string, baseUrl: string): ConfigSection {
  return {
    name: `services ${name}`,
    header: `[services ${name}]`,
    lines: ['sso =', `  endpoint_url = ${baseUrl}`, 'sso_oidc =', `  endpoint_url = ${baseUrl}`],
  };
}

/**
 * How the profile of each role is called: `prod-Admin`, and `prod-team-Admin` for team/Admin. Where two would be called the same, which AWS
 * tools refuse or mix up, each is spelled out with the id of its account: `111122223333-team_2FAdmin`. So a name never comes to mean another role.
 */
export function profileNames(roles: readonly ConfiguredRole[]): ReadonlyMap<ConfiguredRole, string> {
  const holders = new Map<string, number>();
  for (const name of roles.flatMap(role => [plainName(role), spelledName(role)])) holders.set(name, (holders.get(name) ?? 0) + 1);
  return new Map(roles.map(role => [role, holders.get(plainName(role)) === 1 ? plainName(role) : spelledName(role)]));
}

/** The JavaScript SDK skips a section with `=` or `,` in its name. */
export function inProfileName(role: string): string {
  return role.replaceAll(/[/=,]/g, '-');
}

function plainName({ account, role }: ConfiguredRole): string {
  return `${account.name}-${inProfileName(role)}`;
}

/** No two roles have the same: what is no letter and no digit stands there as `_` and its code. */
function spelledName({ account, role }: ConfiguredRole): string {
  const spelled = role.replaceAll(/[^A-Za-z\d]/g, sign => `_${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return `${account.id}-${spelled}`;
}

/** The environment of a container for each role; the token is made when it is needed. */
export function containerEnvironment({ baseUrl, roles }: AwsConfigOptions): string {
  return roles
    .map(
      ({ account, role }) =>
        `# ${account.name}/${role}\nAWS_CONTAINER_CREDENTIALS_FULL_URI=${baseUrl}/api/v1/container-credentials/${encodeURIComponent(account.name)}/${encodeURIComponent(role)}\nAWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/run/secrets/rolebridge\nAWS_REGION=${account.region}\nAWS_DEFAULT_REGION=${account.region}\n`,
    )
    .join('\n');
}

/** Sections as the file has them. */
export function renderSections(sections: readonly ConfigSection[]): string {
  return sections.map(({ header, lines }) => `${[header, ...lines].join('\n')}\n`).join('\n');
}
