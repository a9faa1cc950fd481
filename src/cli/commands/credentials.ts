import { inProfileName } from '../../core/aws-config.ts';
import { formatDuration } from '../../core/time.ts';
import { keysPrefix } from '../aws/bridge-profiles.ts';
import { editFile, rewritten } from '../aws/config-file.ts';
import { pathWarnings, profilesWithIdentity, readingFaults } from '../aws/file-check.ts';
import { awsFile } from '../aws/paths.ts';
import type { Invocation, Run } from '../command-line/command.ts';
import { credentialsText, formatNamed } from '../command-line/credentials-text.ts';
import { SHELL_FORMATS, type ShellFormat } from '../command-line/shell-formats.ts';
import { durationOf } from '../command-line/times.ts';
import { chooseRole } from '../roles/choice.ts';
import { sayLacking } from '../roles/credentials.ts';
import { credentialsLasting } from '../roles/lasting-credentials.ts';
import { CliError } from '../terminal/exit.ts';
import type { CachedCredentials } from '../warm/cached-credentials.ts';

/** Ends the name of a profile with keys; the plain name is that of the profile of `configure`. */
const KEYS = '-keys';

export const run: Run = async invocation => {
  const { words, options, client: open, terminal } = invocation;
  const format = formatOf(options);
  const minimumSeconds = durationOf(options, 'minimum');
  const durationSeconds = durationOf(options, 'duration');
  const client = open();
  const role = await chooseRole(client, {
    written: words[0],
    forProgram: format === 'json' || format === 'process',
  });
  const credentials = await credentialsLasting(client, role, { minimumSeconds, durationSeconds });
  sayLacking(client, credentials);
  const profile =
    typeof options.profile === 'string'
      ? options.profile
      : `${keysPrefix(client)}${credentials.account.name}-${inProfileName(credentials.role)}${KEYS}`;
  if (options.write === true) return writeProfile(invocation, credentials, profile);
  terminal.print(credentialsText(format, credentials, profile));
  if (terminal.isInteractive) {
    const mark = role.warning === undefined ? '' : `${terminal.red(role.warning)}, `;
    const left = formatDuration(Math.floor((credentials.expiresLocally - Date.now()) / 1000));
    terminal.say(`${mark}${terminal.dim(`valid for ${left}`)}`);
  }
  return;
};

function formatOf(options: Invocation['options']): ShellFormat {
  if (options.json === true) return 'json';
  const written = options.format;
  if (written === undefined) return options.write === true ? 'credentials-file' : 'env';
  const format = formatNamed(String(written), SHELL_FORMATS);
  if (options.write === true && format !== 'credentials-file')
    throw new CliError('usage', '--write requires --format credentials-file');
  return format;
}

/** Throws `usage` for an invalid name, `local` for a profile that is the user's own. */
function writeProfile(
  { env, terminal }: Invocation,
  credentials: CachedCredentials,
  profile: string,
): undefined {
  if (!/^[\w+=,.@-]+$/.test(profile))
    throw new CliError('usage', `${JSON.stringify(profile)} is not a valid profile name`);
  requireNoIdentity(env, profile);
  const file = awsFile(env, 'credentials');
  editFile(file, text => withProfile(text, { file, profile, credentials }));
  const left = formatDuration(Math.floor((credentials.expiresLocally - Date.now()) / 1000));
  const faults = readingFaults(env, ['credentials', 'config']);
  terminal.say(
    faults.length > 0
      ? `The profile ${profile} is in ${file}, but AWS tools do not see it.`
      : `Wrote the profile ${profile} to ${file}. It expires in ${left} and is not renewed.`,
  );
  for (const warning of [...faults, ...pathWarnings(env, 'credentials')])
    terminal.warn(`${warning}.`);
  return undefined;
}

/** AWS tools prefer keys in the credentials file to the config file's settings of that profile. */
function requireNoIdentity(env: Invocation['env'], profile: string): void {
  if (!profilesWithIdentity(env, 'config').has(profile)) return;
  throw new CliError(
    'local',
    `${awsFile(env, 'config')} has a profile ${profile} already, and the keys would override it`,
    {
      lines: [
        'Nothing was written: the keys expire, and the profile in the config file may renew itself.',
        `Choose another name: --profile NAME. Or use the existing profile: aws --profile ${profile}`,
      ],
    },
  );
}

interface KeysProfile {
  readonly file: string;
  readonly profile: string;
  readonly credentials: CachedCredentials;
}

function withProfile(text: string, { file, profile, credentials }: KeysProfile): string {
  const { accessKeyId, secretAccessKey, sessionToken, account } = credentials;
  const section = {
    name: profile,
    header: `[${profile}]`,
    lines: [
      `aws_access_key_id = ${accessKeyId}`,
      `aws_secret_access_key = ${secretAccessKey}`,
      `aws_session_token = ${sessionToken}`,
      `region = ${account.region}`,
    ],
  };
  const rewriting = { owner: `profile ${profile}`, sections: [section] };
  const { text: next, conflicts } = rewritten(text, rewriting);
  if (conflicts.length === 0) return next;
  throw new CliError('local', `${file} has a profile ${profile} that rolebridge did not write`, {
    lines: ['Nothing was written. Choose another name: --profile NAME'],
  });
}
