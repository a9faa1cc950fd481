/** What an error of STS means to a user with an MFA code, and what to do: one row each. */
import { CLOCK_TOLERANCE_MILLISECONDS, describeSkew } from '../server/clock-skew.ts';
import { CliError, type ExitName } from '../terminal/exit.ts';
import { StsRefusal } from './sts.ts';

export interface Refused {
  /** The profile that was asked for. */
  readonly name: string;
  /** The profile that has the keys. */
  readonly keysOf: string;
  readonly serial?: string | undefined;
  readonly roleArn?: string | undefined;
}

interface Row {
  readonly exit: ExitName;
  readonly fits: (refusal: StsRefusal) => boolean;
  readonly message: (asked: Refused, refusal: StsRefusal) => string;
  readonly lines: (asked: Refused, refusal: StsRefusal) => readonly string[];
}

const code =
  (...codes: readonly string[]) =>
  ({ code }: StsRefusal): boolean =>
    code !== undefined && codes.includes(code);
const says =
  (...patterns: readonly RegExp[]) =>
  ({ said }: StsRefusal): boolean =>
    patterns.some(pattern => pattern.test(said));

/** The first row that fits counts. */
const ROWS: readonly Row[] = [
  {
    exit: 'loginFailed',
    fits: isWrongCode,
    message: () => 'AWS rejected the MFA code: it is wrong, has expired or was used already',
    lines: (_, { clockOffset = 0 }) => [
      'Each code works once. Wait for the next one, then try again.',
      ...(Math.abs(clockOffset) > CLOCK_TOLERANCE_MILLISECONDS
        ? [
            `The clock of this computer is ${describeSkew(clockOffset)} that of AWS, so codes that it generates are wrong.`,
          ]
        : []),
    ],
  },
  {
    exit: 'loginFailed',
    fits: says(/MultiFactorAuthentication failed/),
    message: ({ keysOf, serial }) =>
      `the MFA device ${serial} does not belong to the user of the profile ${keysOf}`,
    lines: () => [
      'Check the serial number: it identifies a device of this user, and is not the ARN of the user.',
    ],
  },
  {
    exit: 'local',
    fits: isClockRefusal,
    message: (_, { clockOffset }) =>
      clockOffset === undefined
        ? 'AWS rejected the time of the request: the clock of this computer is out of sync'
        : `AWS rejected the time of the request: the clock of this computer is ${describeSkew(clockOffset)} that of AWS`,
    lines: () => ['Set the clock (in WSL after a sleep: sudo hwclock -s), then try again.'],
  },
  {
    exit: 'refused',
    fits: code('InvalidClientTokenId', 'UnrecognizedClient', 'InvalidAccessKeyId'),
    message: ({ keysOf }) => `AWS does not know the access key of the profile ${keysOf}`,
    lines: () => [
      'It was deleted or deactivated, or belongs to another partition of AWS. Create a new access key, or ask an administrator of the account.',
    ],
  },
  {
    exit: 'refused',
    fits: code('SignatureDoesNotMatch', 'IncompleteSignature'),
    message: ({ keysOf }) => `AWS rejected the secret key of the profile ${keysOf}`,
    lines: () => ['Check that aws_secret_access_key is complete and belongs to aws_access_key_id.'],
  },
  {
    exit: 'refused',
    fits: ({ code, said }) => code === 'AccessDenied' && /session credentials/.test(said),
    message: ({ keysOf }) => `the keys of the profile ${keysOf} are temporary`,
    lines: () => ['GetSessionToken requires the long-term keys of an IAM user.'],
  },
  {
    exit: 'refused',
    fits: ({ code, said }) => code === 'ValidationError' && /DurationSeconds/.test(said),
    message: ({ roleArn }) => `${roleArn ?? 'AWS'} does not allow sessions of this length`,
    lines: () => [
      'Give a shorter --duration, or duration_seconds in the profile. The limit is MaxSessionDuration of the role.',
    ],
  },
  {
    exit: 'refused',
    fits: code('AccessDenied'),
    message: ({ keysOf, roleArn }) =>
      roleArn === undefined
        ? `AWS denied GetSessionToken to the user of the profile ${keysOf}`
        : `AWS denied ${roleArn} to the user of the profile ${keysOf}`,
    lines: ({ roleArn }) => [
      roleArn === undefined
        ? 'A policy of the user or of the organization denies it.'
        : 'AWS does not say why: the role might not exist, or its trust policy or a policy of the user does not allow it, or requires an external_id, a role_session_name or an MFA device.',
    ],
  },
  {
    exit: 'refused',
    fits: code('RegionDisabled'),
    message: () => 'the region is not enabled for this account',
    lines: () => ['Set AWS_REGION, or "region" of the profile, to an enabled region.'],
  },
  {
    exit: 'unreachable',
    fits: ({ code, status }) =>
      /^(?:Throttling|TooManyRequests|RequestLimitExceeded)/.test(code ?? '') ||
      status === 429 ||
      (status ?? 0) >= 500,
    message: (_, { status }) => `AWS is unavailable or throttles requests (status ${status})`,
    lines: () => ['Try again in a moment, with the next code.'],
  },
  {
    exit: 'unreachable',
    fits: ({ code }) => code === undefined,
    message: (_, { status }) =>
      `the response is not from AWS STS (status ${status}): a network sign-in page or a wrong endpoint may have answered`,
    lines: () => ['Check the network, the proxy, and AWS_ENDPOINT_URL_STS if it is set.'],
  },
];

/** The code was wrong or used: the next one may be right. */
export function isWrongCode(thrown: unknown): boolean {
  return (
    thrown instanceof StsRefusal &&
    /MultiFactorAuthentication failed with invalid MFA/.test(thrown.said)
  );
}

function isClockRefusal({ code, clockOffset = 0, said }: StsRefusal): boolean {
  return (
    /^Signature (?:expired|not yet current)/.test(said) ||
    code === 'RequestExpired' ||
    (code === 'SignatureDoesNotMatch' && Math.abs(clockOffset) > SIGNATURE_TOLERANCE_MILLISECONDS)
  );
}

/** What AWS allows between the time of a signature and its own clock. */
const SIGNATURE_TOLERANCE_MILLISECONDS = 5 * 60_000;

/** The error for the user. Anything but a StsRefusal is returned as it is. */
export function explained(thrown: unknown, asked: Refused): unknown {
  if (!(thrown instanceof StsRefusal)) return thrown;
  const row = ROWS.find(({ fits }) => fits(thrown));
  if (row === undefined) {
    return new CliError('refused', `AWS rejected the request (${thrown.code})`, {
      // Six digits in it could be the code.
      lines: [`It said: ${thrown.said.replace(/\b\d{6}\b/g, '******').slice(0, 300)}`],
      cause: thrown,
    });
  }
  return new CliError(row.exit, row.message(asked, thrown), {
    lines: row.lines(asked, thrown),
    cause: thrown,
  });
}
