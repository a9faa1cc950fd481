/**
 * `~/.aws/config` for one person, in the dialects that AWS tools read: the same roles, asked for in different ways.
 *
 * Pure text: the portal shows it, the client writes it. What each dialect cannot do is said beside it (`AWS_CONFIG_TRAPS`).
 */

export const AWS_CONFIG_DIALECTS = ['sso-session', 'sso-legacy', 'credential-process', 'container'] as const;
export type AwsConfigDialect = (typeof AWS_CONFIG_DIALECTS)[number];

export interface ConfiguredRole {
  readonly account: { readonly id: string; readonly name: string; readonly region: string };
  readonly role: string;
}

export interface ConfigSection {
  /** By which two sections are the same: the profile's name, or `services rolebridge`. */
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
  /** How a profile is called; `{account}-{role}` unless told. */
  readonly profileName?: ((role: ConfiguredRole) => string) | undefined;
  /** What `credential_process` runs for a role; the client's name on the PATH unless told. */
  readonly command?: ((role: string) => string) | undefined;
}

/** The name of the sso-session and of the services section. */
const SHARED = 'rolebridge';

/** What goes wrong with each dialect, where it bites. */
export const AWS_CONFIG_TRAPS: { readonly [D in AwsConfigDialect]: readonly string[] } = {
  'sso-session': [
    'Sign in with a profile: aws sso login --profile NAME. With --sso-session alone, the AWS CLI forgets the endpoint and goes to AWS.',
    'aws sso logout sends every cached token to the endpoint of the profile that it runs with; rolebridge ignores those of AWS, but yours may reach AWS without --profile.',
    'The JavaScript SDK takes the endpoint only from the profile that AWS_PROFILE names.',
    'Needs the AWS CLI 2.22 or newer. 2.35.13 and newer want an https start URL; with a private certificate authority, set AWS_CA_BUNDLE.',
  ],
  'sso-legacy': [
    'For tools that do not know sso-session. They sign in by a code, and again whenever the token ends: nothing is renewed.',
    'Needs tools that read the services section (AWS CLI 2.13, botocore 1.31 and newer).',
  ],
  'credential-process': [
    'Needs the rolebridge client on the computer. Works with every AWS CLI and SDK, also with those that know no other endpoint.',
  ],
  container: [
    'For containers and other places without the client. The token opens this one role; make one with POST /api/v1/container-tokens (docs/api.md).',
    'The AWS CLI takes https addresses here since 2.33.2, botocore since 1.42.5.',
  ],
};

/** The sections of one dialect; `container` has none, see `containerEnvironment`. */
export function awsConfig(dialect: Exclude<AwsConfigDialect, 'container'>, options: AwsConfigOptions): readonly ConfigSection[] {
  const { baseUrl, ssoRegion, roles, command = role => `rolebridge credential-process ${role}` } = options;
  const startUrl = `${baseUrl}/start`;
  const profile = (role: ConfiguredRole, lines: readonly string[]): ConfigSection => {
    const name = (options.profileName ?? profileNameOf)(role);
    return { name, header: `[profile ${name}]`, lines: [...lines, `region = ${role.account.region}`] };
  };
  const which = ({ account, role }: ConfiguredRole): string[] => [
    `sso_account_id = ${account.id}`,
    `sso_role_name = ${role}`,
    `services = ${SHARED}`,
  ];
  switch (dialect) {
    case 'sso-session':
      return [
        {
          name: `sso-session ${SHARED}`,
          header: `[sso-session ${SHARED}]`,
          lines: [`sso_start_url = ${startUrl}`, `sso_region = ${ssoRegion}`, 'sso_registration_scopes = sso:account:access'],
        },
        services(baseUrl),
        ...roles.map(role => profile(role, [`sso_session = ${SHARED}`, ...which(role)])),
      ];
    case 'sso-legacy':
      return [
        services(baseUrl),
        ...roles.map(role => profile(role, [`sso_start_url = ${startUrl}`, `sso_region = ${ssoRegion}`, ...which(role)])),
      ];
    case 'credential-process':
      return roles.map(role => profile(role, [`credential_process = ${command(`${role.account.name}/${role.role}`)}`]));
  }
}

function services(baseUrl: string): ConfigSection {
  return {
    name: `services ${SHARED}`,
    header: `[services ${SHARED}]`,
    lines: ['sso =', `  endpoint_url = ${baseUrl}`, 'sso_oidc =', `  endpoint_url = ${baseUrl}`],
  };
}

/** `prod-Admin`, `prod-team-Admin` */
function profileNameOf({ account, role }: ConfiguredRole): string {
  return `${account.name}-${role.replaceAll('/', '-')}`;
}

/** The environment of a container for each role; the token is made when it is needed. */
export function containerEnvironment({ baseUrl, roles }: AwsConfigOptions): string {
  return roles
    .map(
      ({ account, role }) =>
        `# ${account.name}/${role}\nAWS_CONTAINER_CREDENTIALS_FULL_URI=${baseUrl}/api/v1/container-credentials/${encodeURIComponent(account.name)}/${encodeURIComponent(role)}\nAWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/run/secrets/rolebridge\nAWS_REGION=${account.region}\n`,
    )
    .join('\n');
}

/** Sections as the file has them. */
export function renderSections(sections: readonly ConfigSection[]): string {
  return sections.map(({ header, lines }) => `${[header, ...lines].join('\n')}\n`).join('\n');
}
