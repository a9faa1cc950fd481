/**
 * `~/.aws/config` for one user, in the dialects that AWS tools read.
 *
 * Pure text: the portal shows it, the client writes it.
 */

import { isAccountId, isRoleName } from './role.ts';

export const AWS_CONFIG_DIALECTS = [
  'sso-session',
  'sso-legacy',
  'credential-process',
  'container',
] as const;
export type AwsConfigDialect = (typeof AWS_CONFIG_DIALECTS)[number];

export interface ConfiguredRole {
  readonly account: { readonly id: string; readonly name: string; readonly region: string };
  readonly role: string;
}

export interface ConfigSection {
  /** Identifies the section: the profile's name, or `services bridge.example.com`. */
  readonly name: string;
  /** `[profile prod-Admin]` */
  readonly header: string;
  readonly lines: readonly string[];
  /** Profiles refer to it by name: another section of this name would send them elsewhere. */
  readonly isShared?: true;
}

export interface AwsConfigOptions {
  readonly baseUrl: string;
  /** `sso_region`: AWS tools require one, and the bridge has none. */
  readonly ssoRegion: string;
  readonly roles: readonly ConfiguredRole[];
  /** The name of a profile; default: as in `profileNames`. */
  readonly profileName?: ((role: ConfiguredRole) => string) | undefined;
  /**
   * What `credential_process` runs for a role; default: the client on the PATH, with this bridge as
   * its server.
   */
  readonly command?: ((role: string) => string) | undefined;
}

/**
 * False for a role whose names would change the meaning of the file (read line by line) or of a
 * command (read by a shell).
 */
export function isPlain({ account, role }: ConfiguredRole): boolean {
  return (
    isAccountId(account.id) &&
    isRoleName(role) &&
    /^[\w.-]+$/.test(account.name) &&
    isPlainRegion(account.region)
  );
}

export function isPlainRegion(region: string): boolean {
  return /^[a-z\d-]+$/.test(region);
}

type SectionedDialect = Exclude<AwsConfigDialect, 'container'>;

/** The sections of one dialect; `container` has none, see `containerEnvironment`. */
export function awsConfig(
  dialect: SectionedDialect,
  options: AwsConfigOptions,
): readonly ConfigSection[] {
  return SECTIONS[dialect](options);
}

const SECTIONS: {
  readonly [D in SectionedDialect]: (options: AwsConfigOptions) => readonly ConfigSection[];
} = {
  'sso-session': options => {
    const { baseUrl, ssoRegion } = options;
    const shared = sharedName(baseUrl);
    const session: ConfigSection = {
      name: `sso-session ${shared}`,
      header: `[sso-session ${shared}]`,
      lines: [
        `sso_start_url = ${startUrlOf({ baseUrl, ssoRegion })}`,
        `sso_region = ${ssoRegion}`,
        'sso_registration_scopes = sso:account:access',
      ],
      isShared: true,
    };
    const profiles = profilesOf(options, role => [
      `sso_session = ${shared}`,
      ...ssoRole(role, shared),
    ]);
    return [session, services(shared, baseUrl), ...profiles];
  },
  'sso-legacy': options => {
    const { baseUrl, ssoRegion } = options;
    const shared = sharedName(baseUrl);
    const profiles = profilesOf(options, role => [
      `sso_start_url = ${startUrlOf({ baseUrl, ssoRegion })}`,
      `sso_region = ${ssoRegion}`,
      ...ssoRole(role, shared),
    ]);
    return [services(shared, baseUrl), ...profiles];
  },
  'credential-process': options => {
    const { baseUrl } = options;
    const command =
      options.command ??
      (role => `rolebridge credential-process ${role} --server ${asWord(baseUrl)}`);
    return profilesOf(options, ({ account, role }) => [
      `credential_process = ${command(`${account.name}/${role}`)}`,
    ]);
  },
};

/** One profile for each role, with its region. */
function profilesOf(
  { roles, profileName = usualName(roles) }: AwsConfigOptions,
  linesOf: (role: ConfiguredRole) => readonly string[],
): readonly ConfigSection[] {
  return roles.map(role => {
    const name = profileName(role);
    const lines = [...linesOf(role), `region = ${role.account.region}`];
    return { name, header: `[profile ${name}]`, lines };
  });
}

function ssoRole({ account, role }: ConfiguredRole, shared: string): readonly string[] {
  return [`sso_account_id = ${account.id}`, `sso_role_name = ${role}`, `services = ${shared}`];
}

/** Brackets of an IPv6 address are a pattern to some shells. */
function asWord(origin: string): string {
  return origin.includes('[') ? `"${origin}"` : origin;
}

/** A bridge as Identity Center names it. */
export interface StartUrlOptions {
  readonly baseUrl: string;
  readonly ssoRegion: string;
}

/**
 * `sso_start_url`: of an https bridge its own address. One on loopback http takes AWS's form,
 * because the AWS CLI from 2.35.13 on refuses http. That form names the bridge, too: AWS tools keep
 * tokens and credentials of legacy profiles by the start URL alone.
 */
export function startUrlOf({ baseUrl, ssoRegion }: StartUrlOptions): string {
  return isHttp(baseUrl)
    ? `https://${portalLabel(baseUrl)}.portal.${ssoRegion}.app.aws`
    : ownStartUrl(baseUrl);
}

/**
 * Whether this start URL means this bridge. Files outlive a change of the region, so any region is
 * accepted.
 */
export function isStartUrlOf({ baseUrl, ssoRegion }: StartUrlOptions, url: string): boolean {
  const plain = url.replace(/\/?(?:#\/?)?$/, '');
  if ([ownStartUrl(baseUrl), baseUrl, accessPortalOf(ssoRegion)].includes(plain)) return true;
  const [, label] = /^https:\/\/([a-z\d-]+)\.portal\.[a-z\d-]+\.app\.aws$/.exec(plain) ?? [];
  return isHttp(baseUrl) && label === portalLabel(baseUrl);
}

function ownStartUrl(baseUrl: string): string {
  return `${baseUrl}/start`;
}

function isHttp(baseUrl: string): boolean {
  return new URL(baseUrl).protocol === 'http:';
}

/**
 * `rolebridge-127-0-0-1-3000`; of a bridge on loopback, whose hosts are few and short. A dash of
 * the host is doubled.
 */
function portalLabel(baseUrl: string): string {
  const { hostname, port } = new URL(baseUrl);
  const host = hostname.replaceAll('-', '--').replaceAll(/[^a-z\d-]+/g, '-');
  return `rolebridge-${host.replaceAll(/^-+|-+$/g, '')}${port === '' ? '' : `-${port}`}`;
}

/**
 * The address that AWS would have. The AWS CLI from 2.35.13 on rejects a start URL that does not
 * lead to an address of this form; it sends nothing there.
 */
export function accessPortalOf(region: string): string {
  return `https://rolebridge.portal.${region}.app.aws`;
}

/**
 * The name of the sso-session and the services section: `aws.example.com`, `127.0.0.1-3000`. AWS
 * tools store tokens by it, so no two hosts share one. Where a plain name could be that of another
 * host, every other character becomes `_` and its code.
 */
function sharedName(baseUrl: string): string {
  const { hostname, host, port } = new URL(baseUrl);
  const plain = hostname === '[::1]' ? '1' : hostname;
  const readsAsPort = port === '' && /(?:^|-)\d+$/.test(plain);
  if (!/^[a-z\d.-]+$/.test(plain) || readsAsPort) return spelled(host, /[^a-z\d.]/g);
  return port === '' ? plain : `${plain}-${port}`;
}

function services(name: string, baseUrl: string): ConfigSection {
  return {
    name: `services ${name}`,
    header: `[services ${name}]`,
    lines: ['sso =', `  endpoint_url = ${baseUrl}`, 'sso_oidc =', `  endpoint_url = ${baseUrl}`],
    isShared: true,
  };
}

/**
 * The name of each role's profile: `prod-Admin`, and `prod-team-Admin` for team/Admin. Equal names,
 * which AWS tools reject or mix up, are spelled out with the id of the account:
 * `111122223333-team_2FAdmin`. So no name in a file stands for two roles.
 */
export function profileNames(
  roles: readonly ConfiguredRole[],
): ReadonlyMap<ConfiguredRole, string> {
  const holders = new Map<string, number>();
  for (const name of roles.flatMap(role => [plainName(role), spelledName(role)]))
    holders.set(name, (holders.get(name) ?? 0) + 1);
  return new Map(
    roles.map(role => [
      role,
      holders.get(plainName(role)) === 1 ? plainName(role) : spelledName(role),
    ]),
  );
}

function usualName(roles: readonly ConfiguredRole[]): (role: ConfiguredRole) => string {
  const names = profileNames(roles);
  return role => names.get(role)!;
}

/**
 * A role with a path is one word; and the JavaScript SDK skips a section with `=` or `,` in its
 * name.
 */
export function inProfileName(role: string): string {
  return role.replaceAll(/[/=,]/g, '-');
}

function plainName({ account, role }: ConfiguredRole): string {
  return `${account.name}-${inProfileName(role)}`;
}

/** Injective: every character except letters and digits becomes `_` and its code. */
function spelledName({ account, role }: ConfiguredRole): string {
  return `${account.id}-${spelled(role, /[^A-Za-z\d]/g)}`;
}

function spelled(text: string, signs: RegExp): string {
  return text.replaceAll(
    signs,
    sign => `_${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/**
 * The environment of a container for each role; the token is created when it is needed. Every line
 * is a comment: otherwise a program that loads the file gets its last role.
 */
export function containerEnvironment({ baseUrl, roles }: AwsConfigOptions): string {
  const blocks = roles.map(({ account, role }) => [
    `# ${account.name}/${role}`,
    `#AWS_CONTAINER_CREDENTIALS_FULL_URI=${baseUrl}/api/v1/container-credentials/${encodeURIComponent(account.name)}/${encodeURIComponent(role)}`,
    '#AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/run/secrets/rolebridge',
    `#AWS_REGION=${account.region}`,
    `#AWS_DEFAULT_REGION=${account.region}`,
  ]);
  return [['# Take the marks off the lines of one role.'], ...blocks]
    .map(lines => `${lines.join('\n')}\n`)
    .join('\n');
}

/** Sections as text of the file. */
export function renderSections(sections: readonly ConfigSection[]): string {
  return sections.map(({ header, lines }) => `${[header, ...lines].join('\n')}\n`).join('\n');
}
