/**
 * Console sessions: who is signed in with this browser, for how long, and where they may be sent.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Account } from './accounts.ts';
import { endedPage, signedInPage, signedOutPage } from './console-page.ts';
import type { RoleSession, Sessions } from './sessions.ts';
import type { Answer } from './web.ts';

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

interface Parts {
  readonly baseUrl: string;
  readonly sessions: Sessions;
  readonly now: () => number;
}

/** Console sessions by the hash of their cookie: an id is a bearer secret. */
type Open = Map<string, ConsoleSession>;

const EXPIRE = `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`;

export function createConsole(parts: Parts): Console {
  const { baseUrl, sessions, now } = parts;
  const open: Open = new Map();
  const { origin } = new URL(baseUrl);
  return {
    isDestination: (text, account) => isDestination(text, account, origin),
    open: session => openConsole(open, session, baseUrl),
    show: request => {
      const found = open.get(keyOf(request));
      if (found === undefined) return endedPage(undefined);
      if (now() >= found.endsAt || !sessions.isRoleAlive(found.session))
        return endedPage(found.issuerUrl);
      return signedInPage(modelOf(found, now(), `${baseUrl}/oauth?Action=logout`));
    },
    signOut: (request, redirectUri) => {
      const key = keyOf(request);
      const issuerUrl = open.get(key)?.issuerUrl;
      open.delete(key);
      return signedOut(redirectUri, issuerUrl, origin);
    },
  };
}

function keyOf(request: IncomingMessage): string {
  return hash(cookieOf(request) ?? '');
}

function isDestination(text: string, account: Account, origin: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || /[\\\s]/.test(text))
    return false;
  if (url.origin === origin)
    return url.pathname === '/console' || url.pathname.startsWith('/console/');
  const onConsole = account.partition.consoleHosts.some(
    host => url.hostname === host || url.hostname.endsWith(`.${host}`),
  );
  return url.protocol === 'https:' && url.port === '' && onConsole;
}

function openConsole(open: Open, session: ConsoleSession, baseUrl: string): Answer {
  const id = randomBytes(32).toString('base64url');
  open.set(hash(id), session);
  if (open.size > MAX_SESSIONS) open.delete(open.keys().next().value!);
  return {
    status: 302,
    headers: {
      location: `${baseUrl}/console`,
      'set-cookie': `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    },
  };
}

function signedOut(
  redirectUri: string | null,
  issuerUrl: string | undefined,
  origin: string,
): Answer {
  const target = redirectUri === null ? null : URL.parse(redirectUri);
  const isKnown =
    target !== null &&
    (target.origin === origin || target.href === URL.parse(issuerUrl ?? '')?.href);
  if (!isKnown) return signedOutPage({ 'set-cookie': EXPIRE });
  return {
    status: 302,
    headers: { location: target.href, 'set-cookie': EXPIRE, 'cache-control': 'no-store' },
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
