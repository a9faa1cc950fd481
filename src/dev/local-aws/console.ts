/**
 * Console sessions: who is signed in with this browser, for how long, and where they may be sent.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { endedPage, signedInPage, signedOutPage } from './console-page.ts';
import type { RoleSession, Sessions } from './sessions.ts';
import type { Answer } from './web.ts';
import type { Account } from './world.ts';

const COOKIE = 'local_aws_console';
const MAX_SESSIONS = 5000;

export interface ConsoleSession {
  readonly session: RoleSession;
  /** Epoch milliseconds. */
  readonly endsAt: number;
  /** Where people are sent when the session ends. */
  readonly issuerUrl: string | undefined;
  readonly destination: string;
}

export interface Console {
  /** A console URL of the account's partition, or a page of this local console. */
  isDestination(text: string, account: Account): boolean;
  /** Answers with the redirect to the console page and the cookie. */
  open(session: ConsoleSession): Answer;
  show(request: IncomingMessage): Answer;
  /**
   * Ends the browser's session, and goes on to `redirectUri` when that is the issuer or this
   * server.
   */
  signOut(request: IncomingMessage, redirectUri: string | null): Answer;
}

export function createConsole({
  baseUrl,
  sessions,
  now,
}: {
  baseUrl: string;
  sessions: Sessions;
  now: () => number;
}): Console {
  // By the hash of the cookie: an id is a bearer secret.
  const open = new Map<string, ConsoleSession>();
  const { origin } = new URL(baseUrl);
  const find = (
    request: IncomingMessage,
  ): { readonly key: string; readonly found: ConsoleSession | undefined } => {
    const key = hash(cookieOf(request) ?? '');
    return { key, found: open.get(key) };
  };
  const expire = `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`;

  return {
    isDestination: (text, account) => {
      const url = URL.parse(text);
      if (url === null || url.username !== '' || url.password !== '' || /[\\\s]/.test(text))
        return false;
      if (url.origin === origin)
        return url.pathname === '/console' || url.pathname.startsWith('/console/');
      const onConsole = account.partition.consoleHosts.some(
        host => url.hostname === host || url.hostname.endsWith(`.${host}`),
      );
      return url.protocol === 'https:' && url.port === '' && onConsole;
    },
    open: session => {
      const id = randomBytes(32).toString('base64url');
      open.set(hash(id), session);
      if (open.size > MAX_SESSIONS) open.delete(open.keys().next().value!);
      const cookie = `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`;
      return {
        status: 302,
        headers: {
          location: `${baseUrl}/console`,
          'set-cookie': cookie,
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
        },
      };
    },
    show: request => {
      const { found } = find(request);
      if (found === undefined) return endedPage(undefined);
      if (now() >= found.endsAt || !sessions.isRoleAlive(found.session))
        return endedPage(found.issuerUrl);
      return signedInPage(modelOf(found, now(), `${baseUrl}/oauth?Action=logout`));
    },
    signOut: (request, redirectUri) => {
      const { key, found } = find(request);
      open.delete(key);
      const target = redirectUri === null ? null : URL.parse(redirectUri);
      const known =
        target !== null &&
        (target.origin === origin || target.href === URL.parse(found?.issuerUrl ?? '')?.href);
      if (known)
        return {
          status: 302,
          headers: { location: target.href, 'set-cookie': expire, 'cache-control': 'no-store' },
        };
      return signedOutPage({ 'set-cookie': expire });
    },
  };
}

function modelOf(
  { session, endsAt, issuerUrl, destination }: ConsoleSession,
  now: number,
  signOutUrl: string,
): Parameters<typeof signedInPage>[0] {
  const transitive = new Set(session.tags.transitiveKeys.map(key => key.toLowerCase()));
  return {
    roleName: session.role.name,
    accountName: session.role.account.name,
    accountId: session.role.account.id,
    partition: session.role.account.partition.name,
    arn: session.arn,
    roleSessionName: session.roleSessionName,
    now,
    endsAt,
    sourceIdentity: session.sourceIdentity,
    tags: session.tags.tags.map(tag => ({
      ...tag,
      transitive: transitive.has(tag.key.toLowerCase()),
    })),
    chained: session.chained,
    provider: session.federatedProvider,
    destination,
    issuerUrl,
    signOutUrl,
  };
}

function cookieOf(request: IncomingMessage): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = pair.trim().split('=');
    if (name === COOKIE) return value;
  }
  return undefined;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
