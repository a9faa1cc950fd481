/**
 * The operator's commands, one row each: what `rolebridge-server` does with sessions and users on
 * the host of the bridge.
 *
 * They work on the store of a running bridge, which notices each change at its next read. Data goes
 * to standard output; audit events go to the store, to standard error and, through the running
 * bridge, to its log.
 */
import type { OperatorSessions } from './bridge/operator-sessions.ts';
import type { Configuration } from './config/configuration.ts';
import { BridgeError } from './core/errors.ts';
import { type Command, EXIT, type ExitCode, type Options } from './operate/command.ts';
import { readConfiguration } from './operate/reading.ts';

type Act = (sessions: OperatorSessions, options: Options) => Promise<void>;

export const OPERATOR_COMMANDS: readonly Command[] = [
  {
    name: 'sessions',
    synopsis: '--config FILE [--user NAME]',
    help: 'list sessions in terminals',
    requires: ['config'],
    allows: ['user'],
    run: onSessions(async () => (await import('./operate/sessions.ts')).listSessions),
  },
  {
    name: 'sessions',
    synopsis: '--config FILE --blocked',
    help: 'list blocked users',
    requires: ['config', 'blocked'],
    run: onSessions(async () => (await import('./operate/sessions.ts')).listBlocked),
  },
  {
    name: 'end-sessions',
    synopsis: '--config FILE --session ID',
    help: 'end one session in a terminal',
    requires: ['config', 'session'],
    run: onSessions(async () => (await import('./operate/end-sessions.ts')).endSession),
  },
  {
    name: 'end-sessions',
    synopsis: '--config FILE --user NAME',
    help: 'end all sessions of a user, in browsers and terminals',
    requires: ['config', 'one user'],
    run: onSessions(async () => (await import('./operate/end-sessions.ts')).endSessions),
  },
  {
    name: 'end-sessions',
    synopsis: '--config FILE --user NAME --block',
    help: 'the same as block',
    requires: ['config', 'one user', 'block'],
    allows: ['reason'],
    run: onSessions(async () => (await import('./operate/end-sessions.ts')).blockUser),
  },
  {
    name: 'block',
    synopsis: '--config FILE --user NAME',
    help: 'end all sessions of a user and deny further sign-ins',
    requires: ['config', 'one user'],
    allows: ['reason'],
    run: onSessions(async () => (await import('./operate/end-sessions.ts')).blockUser),
  },
  {
    name: 'unblock',
    synopsis: '--config FILE --user NAME',
    help: 'allow the user to sign in again',
    requires: ['config', 'one user'],
    allows: ['reason'],
    run: onSessions(async () => (await import('./operate/end-sessions.ts')).unblockUser),
  },
];

/**
 * Runs a command on the sessions of the configured store. Its code is loaded when it runs: serving
 * needs none of it, and a command in an emergency loads nothing of a bridge.
 */
function onSessions(load: () => Promise<Act>): Command['run'] {
  return async (options): Promise<ExitCode> => {
    const configuration = await readConfiguration(options.config!);
    if (configuration === undefined) return EXIT.configuration;
    const act = await load();
    await withSessions(configuration, sessions => act(sessions, options));
    return EXIT.done;
  };
}

async function withSessions(
  configuration: Configuration,
  act: (sessions: OperatorSessions) => Promise<void>,
): Promise<void> {
  const { composeForOperator } = await import('./compose/operator.ts');
  const { createLog } = await import('./log.ts');
  const sessions = await composeForOperator(configuration, {
    log: createLog({ level: configuration.log.level, destination: process.stderr }),
  });
  try {
    await act(sessions);
  } catch (thrown) {
    throw thrown instanceof BridgeError && thrown.code === 'not_found'
      ? new Error(`${thrown.message}. ${thrown.hint}`, { cause: thrown })
      : thrown;
  } finally {
    await sessions.close();
  }
}
