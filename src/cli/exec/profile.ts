/**
 * The profile of a run of `exec`: a config file of its own that wins over whatever is in `~/.aws`.
 *
 * AWS tools look for credentials in the environment, then in the profile, then at the container
 * address. A default profile would therefore win over the address. The file contains the sections
 * of the user's own file, so that other profiles keep working, and one more profile: the settings
 * of the user's profile, without everything that names credentials, and a `credential_process` that
 * asks the address of this run. No secret is ever written into it.
 */
import {
  type AwsIni,
  type AwsSection,
  DEFAULTS,
  profileOf,
  readAwsIni,
  renderSection,
} from '../aws/ini.ts';

export interface UserTexts {
  /** Bytes as Latin-1; empty where there is no file. */
  readonly config: string;
  readonly credentials: string;
}

export interface UserSettings {
  readonly config: AwsIni;
  readonly credentials: AwsIni;
  /** Options of the user's profile that name no credentials. */
  readonly settings: ReadonlyMap<string, readonly string[]>;
  /** The region of the user's profile. */
  readonly region: string | undefined;
}

/**
 * Words in the names of options that say who a profile is. Options that are not known yet are
 * judged by them, too.
 */
const CREDENTIALS =
  /^aws_(?:access|secret|session|security|account)|credential|secret|token|password|role|source_profile|^sso_|^login|(?<!express_)session|identity|mfa|external_id|duration_seconds|principal|saml/i;
const SECRET = /secret|password|token(?!_file)|^aws_access_key_id$/i;
const REGION = /^[\w-]+$/;

/** `wanted` is the profile that the environment names; `default` counts where it is absent. */
export function readUserSettings(
  { config, credentials }: UserTexts,
  wanted: string | undefined,
): UserSettings {
  const files = {
    config: withOwnCredentials(readAwsIni(config)),
    credentials: readAwsIni(credentials),
  };
  const inConfig = (name: string): readonly AwsSection[] =>
    files.config.sections.filter(section => profileOf(section) === name);
  const inCredentials = (name: string): readonly AwsSection[] =>
    files.credentials.sections.filter(({ header }) => header.trim() === name);
  const isThere =
    wanted !== undefined && inConfig(wanted).length + inCredentials(wanted).length > 0;
  const name = isThere ? wanted : 'default';
  const settings = new Map<string, readonly string[]>();
  const forAll = files.config.sections.filter(({ header }) => header === DEFAULTS);
  // A profile that `configure` wrote has the region of its own account, which says nothing about
  // the user.
  for (const { options } of [...forAll, ...inCredentials(name), ...inConfig(name)].filter(
    ({ isOurs }) => !isOurs,
  )) {
    for (const [option, lines] of options)
      if (!CREDENTIALS.test(option)) settings.set(option.toLowerCase(), lines);
  }
  const region = settings.get('region')?.[0];
  return {
    ...files,
    settings,
    region: region !== undefined && REGION.test(region) ? region : undefined,
  };
}

/**
 * Options that name credentials moved from `[DEFAULT]`, where they would count in the profile of
 * the run, too, into the user's profiles.
 */
function withOwnCredentials(file: AwsIni): AwsIni {
  const shared =
    file.sections.find(({ header }) => header === DEFAULTS)?.options ??
    new Map<string, readonly string[]>();
  const moving = [...shared].filter(([option]) => CREDENTIALS.test(option));
  if (moving.length === 0) return file;
  const withMoving = (options: AwsSection['options']): AwsSection['options'] => {
    const own = new Set([...options.keys()].map(option => option.toLowerCase()));
    return new Map([...moving.filter(([option]) => !own.has(option.toLowerCase())), ...options]);
  };
  const sections = file.sections.map(section => {
    if (section.header === DEFAULTS)
      return {
        ...section,
        options: new Map([...shared].filter(([option]) => !CREDENTIALS.test(option))),
      };
    return profileOf(section) === undefined
      ? section
      : { ...section, options: withMoving(section.options) };
  });
  return { ...file, sections };
}

export interface ExecProfileInput {
  readonly user: UserSettings;
  /** `prod/Admin` */
  readonly role: string;
  readonly region: string | undefined;
  /** What prints the credentials; undefined where it cannot be written for every tool. */
  readonly process: string | undefined;
}

export interface ExecProfile {
  readonly name: string;
  /** The config file. */
  readonly text: string;
  /** Profiles whose keys are in the config file: they are not in this one. */
  readonly leftOut: readonly string[];
}

export function execProfile({ user, role, region, process }: ExecProfileInput): ExecProfile {
  const taken = new Set([
    ...user.config.sections.map(section => profileOf(section)),
    ...user.credentials.sections.map(({ header }) => header.trim()),
  ]);
  const plain = `rolebridge-exec-${role.replace(/[^\w.+@-]+/g, '-')}`;
  let name = plain;
  for (let number = 2; taken.has(name); number++) name = `${plain}-${number}`;

  const hasSecret = ({ options }: AwsSection): boolean =>
    [...options.keys()].some(option => SECRET.test(option));
  const kept = user.config.sections.filter(section => !hasSecret(section));
  const leftOut = user.config.sections
    .filter(hasSecret)
    .map(section => profileOf(section) ?? section.header);
  const options = new Map(user.settings);
  options.delete('region');
  if (region !== undefined && REGION.test(region)) options.set('region', [region]);
  if (process !== undefined) options.set('credential_process', [process]);
  return {
    name,
    text: [
      renderSection(`profile ${name}`, options),
      ...kept.map(section => renderSection(section.header, section.options)),
    ].join(''),
    leftOut,
  };
}

/**
 * A command as `credential_process` has it; undefined where a character has a meaning for one of
 * the readers: botocore splits words like a POSIX shell, JavaScript and Go run a shell, and on
 * Windows quotes do not survive all of them.
 */
export function processLine(
  words: readonly string[],
  platform: NodeJS.Platform,
): string | undefined {
  const isWindows = platform === 'win32';
  const isPlain = (word: string): boolean =>
    /^[\w./:+@-]+$/.test(word) || (isWindows && /^[\w.\\/:+@-]+$/.test(word));
  if (words.every(isPlain)) return words.join(' ');
  if (isWindows || words.some(word => /["$`\\!%\p{Cc}]/u.test(word))) return undefined;
  return words.map(word => `"${word}"`).join(' ');
}
