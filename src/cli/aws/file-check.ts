/**
 * How AWS tools read their files: whether they can, and which section takes precedence.
 *
 * Follows botocore, which the AWS CLI and boto3 use (`configloader.py`; `ini` is its
 * parser); differences of other SDKs are noted.
 */
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { PathFault } from '../warm/private-files.ts';
import { readText } from './config-file.ts';
import { type AwsSection, DEFAULTS, profileOf, readAwsIni } from './ini.ts';
import { type AwsFileKind, awsFile, FILE_VARIABLE } from './paths.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Which tools misread the path in a variable, a sentence each. */
export function pathWarnings(env: Environment, kind: AwsFileKind): readonly string[] {
  const named = env[FILE_VARIABLE[kind]];
  if (!named) return [];
  const found = awsFile(env, kind);
  if (found === named) {
    if (isAbsolute(named)) return [];
    return [
      `${FILE_VARIABLE[kind]} names a relative path (${named}): programs in another directory read another file`,
    ];
  }
  const readers =
    /^~[/\\]/.test(named) && !named.includes('$')
      ? 'the AWS SDK for Go reads'
      : 'the AWS SDKs for Go and JavaScript read';
  return [
    `${FILE_VARIABLE[kind]} is ${named}: the AWS CLI and boto3 read ${found}, but ${readers} the path as it is written. Write it out`,
  ];
}

// ---------------------------------------------------------------- whether the AWS CLI can read it

/**
 * Why botocore cannot parse a file, with the line; undefined when it can. The text is Latin-1, byte
 * by byte.
 */
export function parseFault(latin1: string): string | undefined {
  return readAwsIni(latin1).faults.find(({ kind }) => kind === 'rejected')?.why;
}

/**
 * Why AWS tools do not see what stands in these files, as they are now; a sentence each. One that
 * cannot be parsed stops the AWS CLI.
 */
export function readingFaults(env: Environment, kinds: readonly AwsFileKind[]): readonly string[] {
  return kinds.flatMap(kind => {
    const file = awsFile(env, kind);
    const text = textFor(file);
    const fault = text === undefined ? 'permission denied' : (parseFault(text) ?? modeFault(file));
    return fault === undefined
      ? []
      : [
          `the AWS CLI cannot read ${file}: ${fault}. Fix the file, then check it: aws configure list-profiles`,
        ];
  });
}

/**
 * The text as AWS tools read it: empty for what is not a regular file. Undefined for a file that
 * cannot be read.
 */
function textFor(file: string): string | undefined {
  try {
    return readText(file);
  } catch (thrown) {
    return thrown instanceof PathFault ? '' : undefined;
  }
}

function modeFault(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (process.platform === 'win32' || stats === undefined || (stats.mode & 0o400) !== 0)
    return undefined;
  return `its mode ${(stats.mode & 0o777).toString(8).padStart(4, '0')} does not allow its owner to read it`;
}

// ---------------------------------------------------------------- which section wins

/** Settings that say whose credentials a profile uses. */
const IDENTITY =
  /^(?:aws_access_key_id|aws_secret_access_key|aws_session_token|credential_process|credential_source|role_arn|source_profile|web_identity_token_file|login_session|sso_\w+)$/i;

/** Names of the profiles in a file that have credentials, or say where they come from. */
export function profilesWithIdentity(
  env: Environment,
  kind: AwsFileKind,
): ReadonlySet<string | undefined> {
  const withIdentity = sectionsWithIdentity(env, kind);
  return new Set(
    withIdentity.map(section => (kind === 'config' ? profileOf(section) : section.header)),
  );
}

/** Whether `[DEFAULT]` of the config file gives an identity to every profile in it. */
function hasIdentityForAll(env: Environment): boolean {
  return sectionsWithIdentity(env, 'config').some(({ header }) => header === DEFAULTS);
}

function sectionsWithIdentity(env: Environment, kind: AwsFileKind): readonly AwsSection[] {
  const { sections } = readAwsIni(textFor(awsFile(env, kind)) ?? '');
  return sections.filter(({ options }) => [...options.keys()].some(name => IDENTITY.test(name)));
}

/** Variables that override the default profile; a profile that is named overrides keys. */
const OVER_DEFAULT = [
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ACCESS_KEY_ID',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
];

/** The variables of this environment because of which AWS tools do not take `[default]`. */
function winningOverDefault(env: Environment): readonly string[] {
  return OVER_DEFAULT.filter(
    name => env[name] && !(name.endsWith('PROFILE') && env[name] === 'default'),
  );
}

// ---------------------------------------------------------------- profiles that are written

export interface WrittenProfiles {
  /** Their names. */
  readonly written: readonly string[];
  /** Paths in them that an update of Node or rolebridge removes. */
  readonly passing: readonly string[];
}

/**
 * Why AWS tools may use something else than what is written, a sentence each. `planned` is the text
 * of a file that is not written yet.
 */
export function profileWarnings(
  env: Environment,
  { written, passing }: WrittenProfiles,
  planned?: string,
): readonly string[] {
  const config = awsFile(env, 'config');
  const fault = planned === undefined ? undefined : parseFault(planned);
  const others = profilesWithIdentity(env, 'credentials');
  const shadowed = written.filter(name => others.has(name));
  const unread = written.filter(name => /[=,]/.test(name));
  const variables = written.includes('default') ? winningOverDefault(env) : [];
  const findings: readonly (readonly [isFound: boolean, warning: string])[] = [
    [fault !== undefined, `the AWS CLI cannot read ${config}: ${fault}`],
    [
      shadowed.length > 0,
      `${awsFile(env, 'credentials')} has sections of the same name, and AWS tools use those: ${shadowed.join(', ')}. Remove them there, or use --prefix or --profile-name`,
    ],
    [
      hasIdentityForAll(env),
      `[DEFAULT] in ${config} counts in every profile for the AWS CLI and boto3, and gives another identity. Move its settings to [default]`,
    ],
    [
      variables.length > 0,
      `AWS tools do not use [default] here, because of ${variables.join(', ')} in the environment`,
    ],
    [
      unread.length > 0,
      `the AWS SDK for JavaScript does not read profiles with = or , in their names: ${unread.join(', ')}`,
    ],
    [
      passing.length > 0,
      `an update of Node or rolebridge removes paths that the profiles use: ${passing.join(', ')}. Run configure again after it, or name a permanent link or shim: --command PATH`,
    ],
  ];
  const found = findings.filter(([isFound]) => isFound).map(([, warning]) => warning);
  return [...found, ...pathWarnings(env, 'config')];
}
