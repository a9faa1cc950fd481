import { formatDuration } from '../../core/time.ts';
import type { Invocation, Run } from '../command-line/command.ts';
import { durationOf } from '../command-line/times.ts';
import { type MfaCredentials, mfaCredentials } from '../mfa/credentials.ts';
import type { Move } from '../mfa/moving-keys.ts';
import { type MfaProfile, profileOption, readMfaProfile } from '../mfa/profile.ts';
import { type Home, openHome } from '../session/home.ts';
import { CliError } from '../terminal/exit.ts';

// AWS tools run credential-process: what it does not need is loaded by the action that does.

export const run: Run = async invocation => {
  const { options, env, terminal } = invocation;
  const action = actionIn(invocation);
  const name = options.profile;
  if (typeof name !== 'string' || name === '')
    throw new CliError('usage', 'no profile was given', { lines: ['Give one: --profile NAME'] });
  return action.run({ ...invocation, name, home: openHome(env, terminal) });
};

interface MfaInvocation extends Invocation {
  /** The profile. */
  readonly name: string;
  readonly home: Home;
}

interface Action {
  readonly name: string;
  /** Options besides `profile`. */
  readonly options: readonly string[];
  readonly run: (invocation: MfaInvocation) => Promise<number | undefined>;
}

const FOR_CREDENTIALS = ['serial', 'role', 'duration', 'mfa-process', 'minimum', 'no-login'];

const ACTIONS: readonly Action[] = [
  { name: 'login', options: FOR_CREDENTIALS, run: logIn },
  { name: 'credential-process', options: FOR_CREDENTIALS, run: printCredentials },
  { name: 'exec', options: [...FOR_CREDENTIALS, 'env'], run: execute },
  { name: 'console', options: [...FOR_CREDENTIALS, 'destination'], run: printLink },
  { name: 'import', options: ['yes'], run: importKeys },
  { name: 'forget', options: ['yes'], run: forgetKeys },
];

/** Throws `usage` for an unknown action, and for what does not belong to it. */
function actionIn({ words: [name = 'login'], options, passedOn }: Invocation): Action {
  const action = ACTIONS.find(action => action.name === name);
  if (action === undefined) {
    throw new CliError('usage', `mfa has no action ${JSON.stringify(name)}`, {
      lines: [`Actions: ${ACTIONS.map(action => action.name).join(', ')}`],
    });
  }
  const own = ['profile', ...action.options];
  const foreign = Object.keys(options).find(option => !own.includes(option));
  if (foreign !== undefined)
    throw new CliError('usage', `--${foreign} is not an option of "mfa ${name}"`);
  if (passedOn.length > 0 && name !== 'exec')
    throw new CliError('usage', 'only "mfa exec" takes a command after --');
  return action;
}

// ---------------------------------------------------------------- credentials

function profileIn({ env, name, options }: MfaInvocation): MfaProfile {
  const text = (option: string): string | undefined => {
    const value = options[option];
    return typeof value === 'string' ? value : undefined;
  };
  return readMfaProfile(env, name, {
    serial: text('serial'),
    role: text('role'),
    durationSeconds: durationOf(options, 'duration'),
    process: text('mfa-process'),
  });
}

function credentialsOf(
  { home, options }: MfaInvocation,
  profile: MfaProfile,
): Promise<MfaCredentials> {
  return mfaCredentials(home, profile, {
    minimumSeconds: durationOf(options, 'minimum'),
    mayAsk: options['no-login'] !== true,
  });
}

async function logIn(invocation: MfaInvocation): Promise<undefined> {
  const { terminal, name } = invocation;
  const profile = profileIn(invocation);
  const { expiresLocally } = await credentialsOf(invocation, profile);
  const left = formatDuration(Math.floor((expiresLocally - Date.now()) / 1000));
  const what = profile.role === undefined ? 'an MFA session' : profile.role.arn;
  terminal.say(`The profile ${name} has credentials of ${what} for ${left}.`);
}

async function printCredentials(invocation: MfaInvocation): Promise<undefined> {
  const { process } = await credentialsOf(invocation, profileIn(invocation));
  invocation.terminal.print(process);
}

async function execute(invocation: MfaInvocation): Promise<number> {
  const { options, passedOn, terminal, env, name, home } = invocation;
  const { commandIn, runFixed, runRenewing } = await import('../exec/run.ts');
  const { readUserFiles } = await import('../exec/user-files.ts');
  const command = commandIn(passedOn, `rolebridge mfa exec ${profileOption(name)} -- aws s3 ls`);
  const profile = profileIn(invocation);
  const first = await credentialsOf(invocation, profile);
  // Region, endpoints and output are those of this profile.
  const files = readUserFiles({ ...env, AWS_PROFILE: name });
  const { directory } = home;
  const run = {
    command,
    role: `mfa/${name}`,
    region: profile.sts.region,
    ...{ first, files, terminal, env, directory },
  };
  if (options.env === true) return runFixed(run);
  const minimumSeconds = durationOf(options, 'minimum');
  return runRenewing(run, {
    // The terminal is that of the command now.
    fetch: () => mfaCredentials(home, profile, { minimumSeconds, mayAsk: false }),
    minimumSeconds,
    loginCommand: `rolebridge mfa ${profileOption(name)}`,
  });
}

async function printLink(invocation: MfaInvocation): Promise<undefined> {
  const { terminal, options, home } = invocation;
  const { destination } = options;
  const profile = profileIn(invocation);
  const { consoleLink, requireRole } = await import('../mfa/console.ts');
  requireRole(profile);
  const credentials = await credentialsOf(invocation, profile);
  const link = await consoleLink(home, {
    ...{ profile, credentials },
    destination: typeof destination === 'string' && destination !== '' ? destination : undefined,
  });
  terminal.print(`${link}\n`);
  terminal.say('Anyone who has this link acts as you in AWS. It expires in 15 minutes.');
}

// ---------------------------------------------------------------- long-term keys

async function importKeys({ home, name, options, terminal }: MfaInvocation): Promise<undefined> {
  const { move, plannedMove } = await import('../mfa/moving-keys.ts');
  const planned = await plannedMove(home, name);
  terminal.say(describe(planned));
  const message = 'Move the keys into the keychain?';
  await confirmed({ terminal, options }, { message, initial: true });
  const copies = await move(home, planned);
  terminal.say(`The keys of ${name} are now in the keychain, and were removed from the file.`);
  for (const { file, lines } of copies) {
    terminal.warn(
      `${file} still contains this secret key: line${lines.length > 1 ? 's' : ''} ${lines.join(', ')}. Remove it there.`,
    );
  }
}

function describe({ profile, arn, kinds, before, keys }: Move): string {
  const files = kinds.map(kind => profile.profiles.files[kind]).join(' and ');
  const replaced =
    before === undefined || before.accessKeyId === keys.accessKeyId
      ? ''
      : ' They replace other keys of this profile in the keychain.';
  return `The keys of ${profile.name} are those of ${arn}. They move from ${files} into the keychain of this computer.${replaced}`;
}

async function forgetKeys({ home, name, options, terminal }: MfaInvocation): Promise<undefined> {
  const { forget, hasKeys } = await import('../mfa/moving-keys.ts');
  if (!(await hasKeys(home, name))) {
    await forget(home, name);
    terminal.say(`The keychain has no keys of ${name}. Cached credentials were removed.`);
    return;
  }
  terminal.say('AWS never shows a secret key again: without a copy, you need a new access key.');
  const message = `Remove the keys of ${name} from the keychain?`;
  await confirmed({ terminal, options }, { message, initial: false });
  await forget(home, name);
  terminal.say(
    `The keys of ${name} were removed from the keychain. AWS still accepts them until the access key is deleted: aws iam delete-access-key`,
  );
}

/** Throws `interrupted` when the user declines, `usage` where there is no user to ask. */
async function confirmed(
  { terminal, options }: Pick<Invocation, 'terminal' | 'options'>,
  question: { readonly message: string; readonly initial: boolean },
): Promise<void> {
  if (options.yes === true) return;
  if (!terminal.isInteractive) {
    throw new CliError('usage', 'no terminal to confirm the change, so nothing was changed', {
      lines: ['To change it without asking, give --yes.'],
    });
  }
  const { confirm } = await import('../terminal/prompts.ts');
  if (!(await confirm(terminal, question)))
    throw new CliError('interrupted', 'nothing was changed');
}
