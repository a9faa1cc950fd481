/**
 * The console federation endpoint (IAM User Guide, "Enable custom identity broker access to the AWS
 * console"): getSigninToken, login, logout. Its errors are pages, not JSON.
 */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Console } from './console.ts';
import { refusalPage } from './console-page.ts';
import type { Log } from './events.ts';
import { type ArmedFaults, TRANSPORT_FAULTS, type TransportFault } from './faults.ts';
import type { RoleSession, Sessions } from './sessions.ts';
import { parseStrictJson } from './strict-json.ts';
import { type Answer, isForm, parseForm, readBody, send } from './web.ts';
import type { World } from './world.ts';

const MAX_BODY = 256 * 1024;
const MAX_TOKENS = 5000;
/** How long a sign-in token may be used. */
const TOKEN_MS = 15 * 60 * 1000;

/** A refusal of the endpoint: a page with little in it, and the reason for the log. */
class Refused extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
    this.reason = reason;
  }
}

const sessionParameter = z.object({
  sessionId: z.string().min(1),
  sessionKey: z.string().min(1),
  sessionToken: z.string().min(1),
});

interface SigninToken {
  readonly session: RoleSession;
  readonly usableUntil: number;
  /** Undefined: as long as the credentials live. */
  readonly durationSeconds: number | undefined;
}

export interface Federation {
  readonly world: World;
  readonly sessions: Sessions;
  readonly console: Console;
  readonly faults: ArmedFaults;
  readonly now: () => number;
  readonly log: Log;
}

type Surface = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
type Action = (parameters: URLSearchParams, request: IncomingMessage) => Outcome;

/** Serves `/federation`. */
export function createFederationSurface(federation: Federation): Surface {
  const { faults, log } = federation;
  const actions = actionsOf(federation);
  return async (request, response) => {
    const requestId = randomUUID();
    const parameters = await readParameters(request);
    const action = (parameters?.get('Action') ?? '').replace(/[^A-Za-z]/g, '').slice(0, 40);
    const line = { surface: 'federation', action, requestId } as const;
    for (const fault of TRANSPORT_FAULTS) {
      if (!faults.strikes('federation', fault)) continue;
      log({ outcome: 'fault', ...line, code: fault });
      if ((await FAULTS[fault](federation, response)) === 'done') return;
    }
    try {
      if (parameters === undefined) throw new Refused(400, 'no form, or too large a one');
      const perform = actions.get(parameters.get('Action') ?? '');
      if (perform === undefined) throw new Refused(400, 'no such Action');
      const { answer, principal } = perform(parameters, request);
      log({ outcome: 'answered', ...line, principal });
      send(response, answer);
    } catch (cause) {
      if (!(cause instanceof Refused)) throw cause;
      log({ outcome: 'refused', ...line, code: String(cause.status), reason: cause.reason });
      send(response, refusalPage(cause.status, 'Invalid request', REFUSAL));
    }
  };
}

function actionsOf(federation: Federation): ReadonlyMap<string, Action> {
  const { console } = federation;
  const tokens = createTokens();
  return new Map<string, Action>([
    ['getSigninToken', parameters => tokenAnswer(tokens, getSigninToken(federation, parameters))],
    [
      'login',
      parameters =>
        login(federation, parameters, tokens.redeem(parameters.get('SigninToken') ?? '')),
    ],
    [
      'logout',
      (parameters, request) => ({
        answer: console.signOut(request, parameters.get('redirect_uri')),
      }),
    ],
  ]);
}

const REFUSAL =
  'The request is missing something, or its credentials, its duration or its destination are not valid.';

interface Outcome {
  readonly answer: Answer;
  readonly principal?: string;
}

interface Tokens {
  issue(token: SigninToken): string;
  /** Whatever comes of it, a token that was shown is spent. */
  redeem(token: string): SigninToken | undefined;
}

function createTokens(): Tokens {
  // By the hash of the token: it is a bearer secret until it is used.
  const issued = new Map<string, SigninToken>();
  return {
    issue: record => {
      const token = randomBytes(192).toString('base64url');
      issued.set(hash(token), record);
      if (issued.size > MAX_TOKENS) issued.delete(issued.keys().next().value!);
      return token;
    },
    redeem: token => {
      const record = issued.get(hash(token));
      issued.delete(hash(token));
      return record;
    },
  };
}

function tokenAnswer(tokens: Tokens, token: SigninToken): Outcome {
  const body = JSON.stringify({ SigninToken: tokens.issue(token) });
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return { answer: { status: 200, headers, body }, principal: token.session.arn };
}

async function readParameters(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const query = request.url?.split('?')[1] ?? '';
  if (request.method !== 'POST') return parseForm(query);
  if (!isForm(request)) return undefined;
  try {
    const body = (await readBody(request, MAX_BODY)).toString('utf8');
    return parseForm(query === '' ? body : `${body}&${query}`);
  } catch {
    return undefined;
  }
}

function getSigninToken(
  { sessions, faults, now }: Federation,
  parameters: URLSearchParams,
): SigninToken {
  const credentials = readSession(parameters.get('Session'));
  const session = sessions.find(credentials.sessionId);
  // Long-term keys of IAM users are no sessions, and get no further either.
  if (session === undefined) throw new Refused(400, 'no session has this access key');
  if (
    !same(credentials.sessionKey, session.secretAccessKey) ||
    !same(credentials.sessionToken, session.sessionToken)
  ) {
    throw new Refused(400, 'secret key or session token do not belong to the access key');
  }
  if (session.kind === 'user')
    throw new Refused(400, 'credentials of GetSessionToken get no sign-in token');
  if (now() >= session.expiresAt) throw new Refused(400, 'the credentials have expired');
  if (!sessions.isRoleAlive(session)) throw new Refused(400, 'the role was deleted');
  const text = parameters.get('SessionDuration');
  if (text === null) return { session, usableUntil: now() + TOKEN_MS, durationSeconds: undefined };
  const durationSeconds = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(durationSeconds >= 900 && durationSeconds <= 43_200))
    throw new Refused(400, 'SessionDuration is not 900 to 43200');
  if (session.chained)
    throw new Refused(
      400,
      'SessionDuration with a role that temporary credentials assumed (role chaining)',
    );
  if (faults.strikes('federation', 'refuseDuration'))
    throw new Refused(400, 'fault: SessionDuration refused');
  return { session, usableUntil: now() + TOKEN_MS, durationSeconds };
}

function readSession(text: string | null): z.output<typeof sessionParameter> {
  try {
    return sessionParameter.parse(parseStrictJson(text ?? ''));
  } catch {
    throw new Refused(400, 'Session is not JSON with sessionId, sessionKey and sessionToken');
  }
}

function login(
  { console, now }: Federation,
  parameters: URLSearchParams,
  token: SigninToken | undefined,
): Outcome {
  if (token === undefined) throw new Refused(400, 'the SigninToken is unknown or was used before');
  if (now() >= token.usableUntil)
    throw new Refused(400, 'the SigninToken is older than 15 minutes');
  const { session, durationSeconds } = token;
  const issuerUrl = parameters.get('Issuer') ?? '';
  if (!['https:', 'http:'].includes(URL.parse(issuerUrl)?.protocol ?? ''))
    throw new Refused(400, 'Issuer is missing or no URL');
  const destination = parameters.get('Destination') ?? '';
  if (!console.isDestination(destination, session.role.account))
    throw new Refused(
      400,
      `Destination is no console URL of ${session.role.account.partition.name}`,
    );
  const endsAt = durationSeconds === undefined ? session.expiresAt : now() + durationSeconds * 1000;
  if (now() >= endsAt) throw new Refused(400, 'the credentials have expired');
  return {
    answer: console.open({ session, endsAt, issuerUrl, destination }),
    principal: session.arn,
  };
}

type Fault = (federation: Federation, response: ServerResponse) => Promise<'done' | 'go on'>;

const FAULTS: Readonly<Record<TransportFault, Fault>> = {
  throttling: async (_, response) =>
    answered(response, refusalPage(429, 'Too many requests', 'Try again in a moment.')),
  serverError: async (_, response) =>
    answered(response, refusalPage(500, 'Internal error', 'Something went wrong.')),
  hold: async ({ faults }) => {
    await faults.untilReleased();
    return 'go on';
  },
  hang: async () => 'done',
  oversized: async (_, response) =>
    answered(response, {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ SigninToken: 'a'.repeat(8 * 1024 * 1024) }),
    }),
  notXml: async (_, response) =>
    answered(response, {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html><body>This is not JSON</body></html>',
    }),
};

function answered(response: ServerResponse, answer: Answer): 'done' {
  send(response, answer);
  return 'done';
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

function same(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(hash(a)), Buffer.from(hash(b)));
}
