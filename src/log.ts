/**
 * The operator's log: pino, JSON on stdout, with redaction as the last net. Whoever logs passes fields, not sentences;
 * secrets must not be passed at all.
 */
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Names under which a secret could travel by accident. */
const SECRET_NAMES = [
  'authorization',
  'cookie',
  'set-cookie',
  'x-amz-security-token',
  'x-amz-sso_bearer_token',
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
] as const;

export function createLog(options: { readonly level: string; readonly destination?: DestinationStream | undefined }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: { paths: SECRET_NAMES.flatMap(name => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]), censor: '[redacted]' },
    },
    options.destination ?? pino.destination({ sync: false }),
  );
}
