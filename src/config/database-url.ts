/**
 * Checks that a PostgreSQL URL protects its password and the sessions on the network.
 *
 * Of several hosts, each is checked. Read as pg 8 reads it (pg-connection-string): of a repeated
 * parameter the last one counts, `host` overrides the host of the URL, without `sslmode` there is
 * no TLS. `prefer`, `require` and `verify-ca` are as strict as `verify-full` until pg 9, or until
 * `uselibpqcompat` selects the weaker meaning of PostgreSQL.
 */
import { databaseHosts } from '../core/database-hosts.ts';
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
const HOSTS_IN_PARAMETER: Problem = {
  message: 'points at a PostgreSQL URL with several hosts in the parameter host.',
  fix: 'Write them before the database: postgresql://user:password@a:5432,b:5432/database.',
};
const OTHER_ATTRIBUTE: Problem = {
  message:
    'points at a PostgreSQL URL whose target_session_attrs asks for another server than the primary one.',
  fix: 'Write target_session_attrs=read-write, or leave it out: the bridge always uses the server that takes writes.',
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
  const hosts = databaseHosts(text);
  if (hosts === undefined) return NO_URL;
  if (hosts.isOther) return OTHER_ATTRIBUTE;
  const problems = hosts.urls.map(hostProblem);
  return (
    problems.find(problem => problem?.warning === undefined && problem) ?? problems.find(Boolean)
  );
}

function hostProblem(url: string): Problem | undefined {
  const { hostname, searchParams } = new URL(url);
  const host = searchParams.getAll('host').at(-1) || hostname;
  // pg would read it from the environment.
  if (host === '') return NO_HOST;
  if (host.includes(',')) return HOSTS_IN_PARAMETER;
  const isSocket = /^(?:\/|%2f)/i.test(host);
  if (isSocket || isLoopbackHost(host.toLowerCase())) return undefined;
  const mode = searchParams.getAll('sslmode').at(-1) ?? '';
  if (SSL_MODES.has(mode)) return SSL_MODES.get(mode);
  return {
    message: 'points at a database URL with an sslmode that does not exist.',
    fix: 'Write sslmode=verify-full.',
  };
}
