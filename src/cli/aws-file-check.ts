/**
 * What the AWS tools make of their files: whether they can read them, and which section wins.
 *
 * Follows botocore, on which the AWS CLI and boto3 stand (`configloader.py`, and Python's `configparser` in strict mode); where the SDKs for
 * other languages differ, that is said.
 */
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type AwsFileKind, awsFile, CREDENTIALS_HEADER, FILE_VARIABLE, readText, sectionsIn } from './aws-config-file.ts';
import { PathFault } from './private-files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What goes wrong with the path that a variable names, for whom; a sentence each. */
export function pathWarnings(env: Environment, kind: AwsFileKind): readonly string[] {
  const named = env[FILE_VARIABLE[kind]];
  if (!named) return [];
  const found = awsFile(env, kind);
  if (found === named) {
    if (isAbsolute(named)) return [];
    return [`${FILE_VARIABLE[kind]} names a relative path (${named}): programs in another directory read another file`];
  }
  const readers = /^~[/\\]/.test(named) && !named.includes('$') ? 'the AWS SDK for Go reads' : 'the AWS SDKs for Go and JavaScript read';
  return [
    `${FILE_VARIABLE[kind]} is ${named}: the AWS CLI and boto3 read ${found}, but ${readers} the path as it is written. Write it out`,
  ];
}

// ---------------------------------------------------------------- whether the AWS CLI can read it

/** Python's idea of blanks, without the byte order mark that JavaScript adds. */
const strip = (line: string): string => line.replace(/^[^\S\ufeff]+|[^\S\ufeff]+$/g, '');

/** Why botocore cannot parse a file, with the line; undefined when it can. The text is Latin-1, byte by byte. */
export function parseFault(latin1: string): string | undefined {
  if (latin1.startsWith('\u00ef\u00bb\u00bf')) return 'it begins with a byte order mark (three bytes, EF BB BF)';
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return 'it is not UTF-8';
  }
  let section: string | undefined;
  let indent = 0;
  let option: { readonly name: string; readonly line: number; readonly values: string[] } | undefined;
  const options: (typeof option & object)[] = [];
  const seen = new Set<string>();
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const at = `line ${index + 1}`;
    const value = strip(line);
    if (value === '') {
      option?.values.push('');
      continue;
    }
    if (/^[#;]/.test(value)) continue;
    const column = line.search(/\S/);
    if (option !== undefined && column > indent) {
      option.values.push(value);
      continue;
    }
    indent = column;
    const header = /^\[(.+)\]/.exec(value)?.[1];
    if (header !== undefined) {
      if (seen.has(`[${header}]`)) return `${at}: the section [${header}] is there twice`;
      if (header !== 'DEFAULT') seen.add(`[${header}]`);
      [section, option] = [header, undefined];
      continue;
    }
    if (section === undefined) return `${at}: text stands before the first section`;
    const [, name, rest] = /^(.*?)\s*[=:]\s*(.*)$/.exec(value) ?? [];
    if (name === undefined || name === '') return `${at} is neither a section nor a setting`;
    const key = `[${section}] ${name.toLowerCase()}`;
    if (seen.has(key)) return `${at}: ${name} is set twice in [${section}]`;
    seen.add(key);
    option = { name, line: index + 1, values: [rest!] };
    options.push(option);
  }
  // A value that begins in the next line is a group of settings.
  const broken = options.find(({ values: [first, ...more] }) => first === '' && more.some(value => value !== '' && !value.includes('=')));
  return broken && `line ${broken.line}: what is indented below ${broken.name} is not a list of settings`;
}

/** Why AWS tools do not see what stands in these files, as they are now; a sentence each. One that cannot be parsed stops the AWS CLI. */
export function readingFaults(env: Environment, kinds: readonly AwsFileKind[]): readonly string[] {
  return kinds.flatMap(kind => {
    const file = awsFile(env, kind);
    const text = textFor(file);
    const fault = text === undefined ? 'you may not read it' : (parseFault(text) ?? modeFault(file));
    return fault === undefined
      ? []
      : [`the AWS CLI cannot read ${file}: ${fault}. Correct the file, then check it: aws configure list-profiles`];
  });
}

/** As AWS tools take a file: what is no regular file counts as none. Undefined when it may not be read. */
function textFor(file: string): string | undefined {
  try {
    return readText(file);
  } catch (thrown) {
    return thrown instanceof PathFault ? '' : undefined;
  }
}

function modeFault(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (process.platform === 'win32' || stats === undefined || (stats.mode & 0o400) !== 0) return undefined;
  return `its mode ${(stats.mode & 0o777).toString(8).padStart(4, '0')} lets even its owner not read it`;
}

// ---------------------------------------------------------------- which section wins

/** Settings that say whose credentials a profile uses. */
const IDENTITY =
  /^\s*(?:aws_access_key_id|aws_secret_access_key|aws_session_token|credential_process|credential_source|role_arn|source_profile|web_identity_token_file|login_session|sso_\w+)\s*[=:]/i;

/** Names of the profiles in a file that have credentials, or say where they come from. */
export function profilesWithIdentity(env: Environment, kind: AwsFileKind): ReadonlySet<string> {
  const sections = sectionsIn(textFor(awsFile(env, kind)) ?? '', kind === 'credentials' ? CREDENTIALS_HEADER : undefined);
  return new Set([...sections].filter(([, lines]) => lines.some(line => IDENTITY.test(line))).map(([name]) => name));
}

/** Variables that win over a profile that nobody names; a profile that is named wins over keys. */
const OVER_DEFAULT = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_WEB_IDENTITY_TOKEN_FILE'];

/** The variables of this environment because of which AWS tools do not take `[default]`. */
export function winningOverDefault(env: Environment): readonly string[] {
  return OVER_DEFAULT.filter(name => env[name] && !(name.endsWith('PROFILE') && env[name] === 'default'));
}
