/**
 * Checks that a PostgreSQL URL protects its password and the sessions on the network.
 *
 * Read as pg 8 reads it (pg-connection-string): of a repeated parameter the last one
 * counts, `host` overrides the host of the URL, without `sslmode` there is no TLS. `prefer`,
 * `require` and `verify-ca` are as strict as `verify-full` until pg 9, or until `uselibpqcompat`
 * selects the weaker meaning of PostgreSQL.
 */
import { isLoopbackHost } from '../core/loopback.ts';
import type { Problem } from './problems.ts';

const NO_URL: Problem = {
  message: 'points at something that is not a PostgreSQL URL.',
  fix: 'Put postgresql://user:password@host/database there, special characters in percent form.',
};
const NO_HOST: Problem = {
  message: 'points at a PostgreSQL URL without a host.',
  fix: 'Put postgresql://user:password@host/database there; for a Unix socket, add ?host=/directory.',
};
const VERIFIED =
  'Write sslmode=verify-full into the URL, and sslrootcert=FILE if the certificate comes from a CA of your own.';

const NO_SSLMODE: Problem = {
  message:
    'points at a database on another machine without sslmode, so passwords and sessions may go there in plain text.',
  fix: VERIFIED,
};

const SSL_MODES = new Map<string, Problem | undefined>([
  ['', NO_SSLMODE],
  [
    'disable',
    {
      message:
        'points at a database on another machine with sslmode=disable, so passwords and sessions go there in plain text.',
      fix: VERIFIED,
    },
  ],
  ...['no-verify', 'prefer', 'require', 'verify-ca'].map(
    mode =>
      [
        mode,
        {
          message: `points at a database on another machine with sslmode=${mode}, which does not verify that it is the right machine.`,
          fix: VERIFIED,
          warning: true,
        },
      ] as const,
  ),
  ['verify-full', undefined],
]);

/**
 * Returns the problem or warning of the URL. It shows nothing of the URL but its `sslmode`, because
 * the URL contains a password.
 */
export function databaseUrlProblem(text: string): Problem | undefined {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return NO_URL;
  const { hostname, searchParams } = new URL(text);
  const host = searchParams.getAll('host').at(-1) || hostname;
  // pg would read it from the environment.
  if (host === '') return NO_HOST;
  const isSocket = /^(?:\/|%2f)/i.test(host);
  if (isSocket || isLoopbackHost(host.toLowerCase())) return undefined;
  const mode = searchParams.getAll('sslmode').at(-1) ?? '';
  if (SSL_MODES.has(mode)) return SSL_MODES.get(mode);
  return {
    message: 'points at a database URL with an sslmode that does not exist.',
    fix: 'Write sslmode=verify-full.',
  };
}
