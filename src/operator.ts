/**
 * The operator's commands, one row each: what `rolebridge-server` does with sessions, users and
 * workloads on the host of the bridge.
 *
 * They work on the store of a running bridge, which notices each change at its next read. Data goes
 * to standard output; audit events go to the store, to standard error and, through the running
 * bridge, to its log.
 */
import type { ConfigurationWithStore } from './config/configuration.ts';
import { BridgeError } from './core/errors.ts';
import { type Command, EXIT, type ExitCode, type Options } from './operate/command.ts';
import { readConfiguration, readWithoutWarnings } from './operate/reading.ts';
import type { TrustFormat } from './operate/trust/trust.ts';
import type { UseCases } from './operate/use-cases.ts';
import type { RoleAsking } from './operate/who-can.ts';

type Act = (useCases: UseCases, options: Options) => Promise<void>;

const TRUST_FORMATS = [
  { format: 'terraform', help: 'print Terraform of the IAM providers and roles; --json: .tf.json' },
  { format: 'cloudformation', help: 'print a CloudFormation template of them' },
  { format: 'stackset', help: 'print templates that accounts share, and their StackSets' },
  { format: 'cli', help: 'print a script of aws commands that creates or updates them' },
] as const;

export const OPERATOR_COMMANDS: readonly Command[] = [
  {
    name: 'init',
    synopsis: '[CONFIG] [OPTION ...]',
    help: 'write a configuration, by questions or options, and create the signing keys',
    arguments: ['[CONFIG]'],
    requires: [],
    allows: [
      ...(['base-url', 'provider', 'protocol', 'metadata', 'entity-id'] as const),
      ...(['issuer', 'discovery'] as const),
      ...(['client-id', 'client-secret-env', 'client-secret-file', 'connector', 'claim'] as const),
      ...(['accounts-file', 'account', 'trust', 'rule', 'listen', 'store'] as const),
      ...(['aws-endpoint', 'offline', 'yes', 'print'] as const),
    ],
    run: initialize,
  },
  {
    name: 'doctor',
    synopsis: '[CONFIG] [OPTION ...]',
    help: 'name what is wrong between the identity provider and the roles',
    arguments: ['[CONFIG]'],
    requires: [],
    allows: ['connector', 'account', 'role', 'iam', 'aws-profile', 'no-probe'],
    run: examine,
  },
  ...TRUST_FORMATS.map(
    ({ format, help }): Command => ({
      name: `trust ${format}`,
      synopsis: '[CONFIG] [--account NAME] [--out DIR]',
      help,
      arguments: ['[CONFIG]'],
      requires: [],
      allows: ['account', 'role', 'out', 'force', 'existing', 'iam'],
      run: options => trust(format, options),
    }),
  ),
  {
    name: 'who-can',
    synopsis: 'ACCOUNT/ROLE [CONFIG]',
    help: 'list the rules that give a role, and the users who can get it',
    arguments: ['ACCOUNT/ROLE', '[CONFIG]'],
    requires: [],
    run: onQuestions(async () => (await import('./operate/who-can.ts')).whoCan),
  },
  {
    name: 'what-can',
    synopsis: 'USER [CONFIG] [--person ID] [--connector ID]',
    help: 'list the roles that a user can get, with the reasons',
    arguments: ['USER', '[CONFIG]'],
    requires: [],
    allows: ['person', 'connector'],
    run: onQuestions(async () => (await import('./operate/what-can.ts')).whatCan),
  },
  {
    name: 'what-can',
    synopsis: 'USER [CONFIG] --groups A,B [--connector ID]',
    help: 'the same for a user of these groups, who need not have signed in',
    arguments: ['USER', '[CONFIG]'],
    requires: ['groups'],
    allows: ['connector'],
    run: whatGroupsCan,
  },
  {
    name: 'sessions',
    synopsis: '--config FILE [--user NAME]',
    help: 'list sessions in terminals',
    requires: ['config'],
    allows: ['user'],
    run: onStore(async () => (await import('./operate/sessions.ts')).listSessions),
  },
  {
    name: 'sessions',
    synopsis: '--config FILE --browsers [--user NAME]',
    help: 'list sessions in browsers',
    requires: ['config', 'browsers'],
    allows: ['user'],
    run: onStore(async () => (await import('./operate/sessions.ts')).listBrowsers),
  },
  {
    name: 'sessions',
    synopsis: '--config FILE --blocked',
    help: 'list blocked users and workloads',
    requires: ['config', 'blocked'],
    run: onStore(async () => (await import('./operate/sessions.ts')).listBlocked),
  },
  {
    name: 'sessions',
    synopsis: '--config FILE --workloads [--workload NAME]',
    help: 'list live tokens of workloads',
    requires: ['config', 'workloads'],
    allows: ['workload'],
    run: onStore(async () => (await import('./operate/workloads.ts')).listWorkloadTokens),
  },
  {
    name: 'end-sessions',
    synopsis: '--config FILE --session ID',
    help: 'end one session in a terminal or a browser',
    requires: ['config', 'session'],
    run: onStore(async () => (await import('./operate/end-sessions.ts')).endSession),
  },
  {
    name: 'end-sessions',
    synopsis: '--config FILE --user NAME',
    help: 'end all sessions of a user, in browsers and terminals',
    requires: ['config', 'one user'],
    run: onStore(async () => (await import('./operate/end-sessions.ts')).endSessions),
  },
  {
    name: 'end-sessions',
    synopsis: '--config FILE --user NAME --block',
    help: 'the same as block',
    requires: ['config', 'one user', 'block'],
    allows: ['reason'],
    run: onStore(async () => (await import('./operate/end-sessions.ts')).blockUser),
  },
  {
    name: 'end-sessions',
    synopsis: '--config FILE --workload NAME',
    help: 'end all tokens of a workload',
    requires: ['config', 'workload'],
    run: onStore(async () => (await import('./operate/workloads.ts')).endWorkloadTokens),
  },
  {
    name: 'end-sessions',
    synopsis: '--config FILE --workload-token ID',
    help: 'end one token of a workload',
    requires: ['config', 'workload-token'],
    run: onStore(async () => (await import('./operate/workloads.ts')).endWorkloadToken),
  },
  {
    name: 'audit export',
    synopsis: '[CONFIG] [--from TIME] [--to TIME] [--output FILE]',
    help: 'write the audit trail as lines of JSON, oldest event first',
    arguments: ['[CONFIG]'],
    requires: [],
    allows: ['from', 'to', 'output'],
    run: onStore(async () => (await import('./operate/audit-export.ts')).exportAudit),
  },
  {
    name: 'block',
    synopsis: '--config FILE --user NAME',
    help: 'end all sessions of a user and deny further sign-ins',
    requires: ['config', 'one user'],
    allows: ['reason'],
    run: onStore(async () => (await import('./operate/end-sessions.ts')).blockUser),
  },
  {
    name: 'block',
    synopsis: '--config FILE --workload NAME',
    help: 'end all tokens of a workload and deny it every role',
    requires: ['config', 'workload'],
    allows: ['reason'],
    run: onStore(async () => (await import('./operate/workloads.ts')).blockWorkload),
  },
  {
    name: 'unblock',
    synopsis: '--config FILE --user NAME',
    help: 'allow the user to sign in again',
    requires: ['config', 'one user'],
    allows: ['reason'],
    run: onStore(async () => (await import('./operate/end-sessions.ts')).unblockUser),
  },
  {
    name: 'unblock',
    synopsis: '--config FILE --workload NAME',
    help: 'allow the workload to get credentials again',
    requires: ['config', 'workload'],
    allows: ['reason'],
    run: onStore(async () => (await import('./operate/workloads.ts')).unblockWorkload),
  },
];

async function initialize(options: Options): Promise<ExitCode> {
  const { composeForInit } = await import('./compose/init.ts');
  const { init } = await import('./operate/init/init.ts');
  const { ports, close } = composeForInit();
  try {
    return await init(options, ports);
  } finally {
    await close();
  }
}

async function examine(options: Options): Promise<ExitCode> {
  const configuration = await readWithoutWarnings(options.config!);
  if (configuration === undefined) return EXIT.configuration;
  const { composeForDoctor } = await import('./compose/doctor.ts');
  const doctor = await import('./operate/doctor/doctor.ts');
  return doctor.examine(composeForDoctor(configuration, options), options);
}

/** Asks the rules and the store, and changes nothing. */
function onQuestions(
  load: () => Promise<(asking: RoleAsking, options: Options) => Promise<void>>,
): Command['run'] {
  return async (options): Promise<ExitCode> => {
    const configuration = await readConfiguration(options.config!, { secrets: 'store' });
    if (configuration === undefined) return EXIT.configuration;
    const ask = await load();
    const { composeForQuestions } = await import('./compose/role-questions.ts');
    const { createLog } = await import('./log.ts');
    const { level } = configuration.log;
    const { questions, close } = await composeForQuestions(configuration, {
      log: createLog({ level, destination: process.stderr }),
    });
    try {
      await ask({ questions, giving: configuration }, options);
    } finally {
      await close();
    }
    return EXIT.done;
  };
}

/** Needs no store and no secret. */
async function whatGroupsCan(options: Options): Promise<ExitCode> {
  const configuration = await readConfiguration(options.config!, { secrets: 'none' });
  if (configuration === undefined) return EXIT.configuration;
  const ids = configuration.connectors.map(({ id }) => id);
  (await import('./operate/what-can.ts')).whatGroupsCan(configuration, ids, options);
  return EXIT.done;
}

async function trust(format: TrustFormat, options: Options): Promise<ExitCode> {
  const configuration = await readConfiguration(options.config!, { secrets: 'none' });
  if (configuration === undefined) return EXIT.configuration;
  const { composeForTrust } = await import('./compose/trust.ts');
  const { printTrust } = await import('./operate/trust/trust.ts');
  const { existingIam, readStates } = await import('./operate/trust/existing.ts');
  const sources = composeForTrust(configuration);
  const existing = existingIam(options, await readStates(options.iam ?? []));
  return printTrust({ format, configuration, sources, existing }, options);
}

/**
 * Runs a command on the configured store. Its code is loaded when it runs: serving needs none of
 * it, and a command in an emergency loads nothing of a bridge.
 */
function onStore(load: () => Promise<Act>): Command['run'] {
  return async (options): Promise<ExitCode> => {
    const configuration = await readConfiguration(options.config!, { secrets: 'store' });
    if (configuration === undefined) return EXIT.configuration;
    const act = await load();
    await withUseCases(configuration, useCases => act(useCases, options));
    return EXIT.done;
  };
}

async function withUseCases(
  configuration: ConfigurationWithStore,
  act: (useCases: UseCases) => Promise<void>,
): Promise<void> {
  const { composeForOperator } = await import('./compose/operator.ts');
  const { createLog } = await import('./log.ts');
  const { close, ...useCases } = await composeForOperator(configuration, {
    log: createLog({ level: configuration.log.level, destination: process.stderr }),
  });
  try {
    await act({ ...useCases, entries: configuration.workloads });
  } catch (thrown) {
    throw thrown instanceof BridgeError && thrown.code === 'not_found'
      ? new Error(`${thrown.message}. ${thrown.hint}`, { cause: thrown })
      : thrown;
  } finally {
    await close();
  }
}
