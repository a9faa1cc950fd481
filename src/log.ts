/**
 * The operator's log: pino, JSON on stdout, with redaction as the last safeguard. Log fields, not
 * sentences, and never a secret. No line contains control characters for terminals, whatever its
 * source (threats R46).
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import { printableLogLine } from './core/printable.ts';

export type { Logger } from 'pino';

/** Names of fields that could contain a secret by accident, in any capitalisation. */
const SECRET_NAMES: ReadonlySet<string> = new Set(
  [
    'authorization',
    'cookie',
    'set-cookie',
    'x-amz-security-token',
    'x-amz-sso_bearer_token',
    'x-rolebridge-doctor',
    'password',
    'clientSecret',
    'client_secret',
    'secretAccessKey',
    'SecretAccessKey',
    'sessionToken',
    'SessionToken',
    'samlResponse',
    'SAMLResponse',
    'SAMLAssertion',
    'WebIdentityToken',
    'id_token',
    'access_token',
    'refresh_token',
    'accessToken',
    'refreshToken',
    'device_code',
    'deviceCode',
    'user_code',
    'userCode',
    'codeVerifier',
    'code_verifier',
    'RelayState',
    'nonce',
    'SigninToken',
    'externalId',
    'privateKey',
  ].map(name => name.toLowerCase()),
);
/** Lines are written in batches, because a write costs as much as half a request. */
const BATCH_BYTES = 8 * 1024;
const BATCH_MILLISECONDS = 100;
/** Levels of a line that are searched. */
const DEEPEST = 5;

export function createLog(options: {
  readonly level: string;
  readonly destination?: DestinationStream | undefined;
}): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // pino's own redaction by paths takes longer than everything else about a line.
      formatters: {
        level: label => ({ level: label }),
        log: fields => redacted(fields) as Record<string, unknown>,
      },
      hooks: { streamWrite: printableLogLine },
      serializers: { err: (fault: Error) => redacted(pino.stdSerializers.err(fault)) as object },
    },
    options.destination ??
      pino.destination({ sync: false, minLength: BATCH_BYTES, periodicFlush: BATCH_MILLISECONDS }),
  );
}

/** The same value if there is nothing to hide, else a copy. */
function redacted(value: unknown, depth = 1): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error || depth > DEEPEST)
    return value;
  let copy: Record<string, unknown> | undefined;
  for (const [name, field] of Object.entries(value)) {
    const shown = SECRET_NAMES.has(name.toLowerCase()) ? '[redacted]' : redacted(field, depth + 1);
    if (shown === field) continue;
    copy ??= { ...value };
    copy[name] = shown;
  }
  return copy === undefined ? value : Array.isArray(value) ? Object.values(copy) : copy;
}
