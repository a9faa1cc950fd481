/**
 * A console link for the credentials of a role, by the federation endpoint of AWS sign-in (IAM User
 * Guide, "Enabling custom identity broker access to the AWS console").
 */
import { consoleDestination } from '../../core/console-destination.ts';
import { BridgeError } from '../../core/errors.ts';
import { type PartitionFacts, partitionTable } from '../../core/partitions.ts';
import { isAccountId } from '../../core/role.ts';
import { type ExchangeAnswer, openExchange } from '../server/exchange.ts';
import type { Home } from '../session/home.ts';
import { CliError } from '../terminal/exit.ts';
import { knownBridges } from '../warm/bridges.ts';
import type { MfaCredentials } from './credentials.ts';
import type { MfaProfile } from './profile.ts';
import { checkedEndpoint } from './sts-settings.ts';

/** Throws `usage` for a profile without a role: AWS gives its credentials no console session. */
export function requireRole({ name, role }: MfaProfile): void {
  if (role !== undefined) return;
  throw new CliError('usage', `the profile ${name} has no role, and the console requires one`, {
    lines: [
      'AWS gives no console session for credentials of GetSessionToken. Give a role: --role ARN, or role_arn in the profile.',
      'Or sign in to the console as the IAM user, with password and MFA code.',
    ],
  });
}

export interface ConsoleRequest {
  readonly profile: MfaProfile;
  readonly credentials: MfaCredentials;
  /** The address of a console page; without it, the start page of the region. */
  readonly destination: string | undefined;
}

/**
 * Throws `refused` for a destination outside the console of the partition, and where AWS refuses
 * the credentials; `unreachable`.
 */
export async function consoleLink(home: Home, request: ConsoleRequest): Promise<string> {
  const { sts } = request.profile;
  const signin = home.env.AWS_ENDPOINT_URL_SIGNIN;
  const partition = partitionTable({
    endpoints: { signin: signin ? checkedEndpoint(signin, 'AWS sign-in') : undefined },
  })[sts.partition];
  const destination = destinationOf(partition, request);
  const token = await home.terminal.progress('Asking AWS for a console link', () =>
    signinToken(home, partition, request),
  );
  const query = new URLSearchParams({
    Action: 'login',
    // Where the console leads when its session has ended.
    Issuer: knownBridges(home.settings)[0]?.server ?? partition.consoleHome(sts.region),
    Destination: destination,
    SigninToken: token,
  });
  return `${partition.federationUrl(sts.region)}?${query}`;
}

function destinationOf(
  partition: PartitionFacts,
  { profile, credentials, destination }: ConsoleRequest,
): string {
  if (destination === undefined) return partition.consoleHome(profile.sts.region);
  const account = credentials.account.id ?? '';
  try {
    if (isAccountId(account)) return consoleDestination(partition, account, destination);
  } catch (thrown) {
    if (!(thrown instanceof BridgeError)) throw thrown;
    throw new CliError('refused', thrown.message, { lines: [thrown.hint], cause: thrown });
  }
  throw new CliError('refused', 'the account of the role is not known');
}

/**
 * A role that long-term keys have assumed is not chained, so a duration is allowed. Where AWS
 * refuses it all the same, the console session ends with the credentials.
 */
async function signinToken(
  home: Home,
  partition: PartitionFacts,
  { profile, credentials }: ConsoleRequest,
): Promise<string> {
  const { sts } = profile;
  const { origin, pathname } = new URL(partition.federationUrl(sts.region));
  const caFile = sts.caFile ?? home.settings.caFile;
  const send = openExchange({ server: origin, env: home.env, caFile });
  const ask = (duration: Readonly<Record<string, string>>): Promise<ExchangeAnswer> =>
    // In the body, because addresses end up in logs, and this one would contain the secret key.
    send({
      method: 'POST',
      path: pathname,
      headers: { accept: 'application/json' },
      body: new URLSearchParams({
        Action: 'getSigninToken',
        Session: JSON.stringify({
          sessionId: credentials.accessKeyId,
          sessionKey: credentials.secretAccessKey,
          sessionToken: credentials.sessionToken,
        }),
        ...duration,
      }),
    });
  const first = await ask({ SessionDuration: String(credentials.durationSeconds) });
  return tokenIn(first.status === 400 ? await ask({}) : first);
}

/** Shows nothing of the answer: an error page can repeat what was sent. */
function tokenIn({ status, text }: ExchangeAnswer): string {
  if (status !== 200) {
    throw new CliError(
      status >= 500 || status === 429 ? 'unreachable' : 'refused',
      `AWS sign-in gave no console link (status ${status})`,
      { lines: ['Try again. The role may have been changed or deleted.'] },
    );
  }
  try {
    const { SigninToken } = JSON.parse(text) as { SigninToken?: unknown };
    if (typeof SigninToken === 'string' && /^[\x21-\x7e]{1,16384}$/.test(SigninToken))
      return SigninToken;
  } catch {
    // Not JSON: the same error.
  }
  throw new CliError('unreachable', 'the response is not from AWS sign-in');
}
