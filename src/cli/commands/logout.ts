import type { Run } from '../command-line/command.ts';
import { CLIENT_ID, OAuthRefusal } from '../server/server.ts';
import type { Client } from '../session/client.ts';
import { forgetBridge } from '../session/known-bridges.ts';
import { withLock } from '../session/lock.ts';
import {
  forgetPerson,
  type LoginState,
  loginLock,
  RENEWAL,
  readLogin,
  removeLogin,
  removePerson,
} from '../session/login-state.ts';
import { signedIn } from '../session/signed-in.ts';
import { CliError } from '../terminal/exit.ts';

export const run: Run = async ({ options, client: open, terminal }) => {
  const client = open();
  const scope = options.everywhere === true ? 'everywhere' : 'here';
  const state = await readLogin(client);
  const fault = await terminal
    .progress('Ending the login', () => endAtServer(client, state, scope))
    .catch((thrown: unknown) => thrown);
  // Whatever the server answered: a login that stays here helps only a thief.
  await withLock(loginLock(client), RENEWAL, async () => {
    removeLogin(client);
    forgetPerson(client);
    if (options.forget === true) removePerson(client);
  });
  if (options.forget === true) await forgetBridge(client);
  if (fault !== undefined && !(fault instanceof OAuthRefusal)) throw notEnded(client, fault);
  terminal.say(state === undefined && scope === 'here' ? wasNot(client) : signedOut(client, scope));
  return undefined;
};

/** Of one login here, or of every session of the user. */
type Scope = 'here' | 'everywhere';

async function endAtServer(
  client: Client,
  state: LoginState | undefined,
  scope: Scope,
): Promise<void> {
  if (scope === 'everywhere') {
    await signedIn({ ...client, mayLogIn: false }).call('DELETE', '/sessions');
    return;
  }
  if (state === undefined) return;
  await client.server.form('/oauth/revoke', { client_id: CLIENT_ID, token: state.refreshToken });
}

function notEnded({ server }: Client, fault: unknown): unknown {
  if (!(fault instanceof CliError)) return fault;
  return new CliError(fault.exit, `removed here, but not ended at the server: ${fault.message}`, {
    lines: [...fault.lines, `End the session on the page ${server.origin}/sessions.`],
    cause: fault,
  });
}

function wasNot({ bridge }: Client): string {
  return `You were not signed in${isNamed(bridge) ? ` to ${bridge.title}` : ''}.`;
}

function signedOut({ bridge }: Client, scope: Scope): string {
  const of = isNamed(bridge) ? ` of ${bridge.title}` : '';
  return `Signed out${of}${scope === 'everywhere' ? ' everywhere' : ''}.`;
}

/** Whether another bridge could be meant. */
function isNamed({ isChosen, others }: Client['bridge']): boolean {
  return isChosen || others.length > 0;
}
