/** What holds for every answer to a hostile request, and that the bridge goes on afterwards. */
import assert from 'node:assert/strict';
import * as cheerio from 'cheerio';
import type { ErrorCode } from '../../src/core/errors.ts';
import { exchange, type RawAnswer, type RawRequest } from '../support/raw-http.ts';
import type { Visitor } from '../support/visitor.ts';
import type { World } from '../support/world.ts';

/** Stands in hostile values; where it comes back as it is, a page would run it. */
export const SCRIPT = `'"><svg/onload=alert(1)>`;
export const ENCODED_SCRIPT = encodeURIComponent(SCRIPT);
/** Stands where codes, states, tokens and assertions stand. No log line may hold it. */
export const CANARY = 'canary-5b1f0c';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const STACK = /\bat (?:async )?[\w.<>]+ \(|file:\/\/\/|node_modules|\.ts:\d|node:internal/;

export interface Refused {
  readonly status: number;
  readonly code: ErrorCode;
  /** Pages for people unless said otherwise. */
  readonly face?: 'page' | 'problem';
}

/**
 * A refusal is a complete answer of the bridge: status, code, headers, and one reference on the
 * page, in the header and in the log.
 */
export function assertRefused(world: World, answer: RawAnswer, expected: Refused): void {
  const { face = 'page' } = expected;
  assert.equal(answer.status, expected.status);
  assertOurs(answer);
  const id = answer.header('x-correlation-id')!;
  if (face === 'page') {
    const $ = cheerio.load(answer.body);
    assert.equal($('.status-line code').text(), expected.code);
    assert.equal($('#reference').text(), id);
    assert.match(answer.header('content-type')!, /^text\/html; charset=utf-8$/);
  } else {
    const problem = JSON.parse(answer.body) as Record<string, unknown>;
    assert.equal(problem.code, expected.code);
    assert.equal(problem.correlation_id, id);
    assert.match(answer.header('content-type')!, /^application\/problem\+json/);
  }
  const logged = world.log
    .map(line => JSON.parse(line) as Record<string, unknown>)
    .filter(line => line.correlationId === id);
  assert.ok(
    logged.some(line => line.msg === 'refused' && line.code === expected.code),
    `the log names ${expected.code}`,
  );
}

/**
 * Whatever the bridge answers: the headers stand, nothing of the inside shows, nothing hostile
 * comes back alive.
 */
export function assertOurs(answer: RawAnswer): void {
  assert.match(answer.header('x-correlation-id') ?? '', UUID);
  assert.equal(answer.headers.get('x-correlation-id')?.length, 1);
  const policy = answer.header('content-security-policy') ?? '';
  for (const directive of [
    "default-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "script-src 'self'",
  ]) {
    assert.ok(policy.split(';').includes(directive), `${directive} in ${policy}`);
  }
  assert.equal(answer.header('x-content-type-options'), 'nosniff');
  assert.equal(answer.header('x-frame-options'), 'DENY');
  assert.equal(answer.header('referrer-policy'), 'no-referrer');
  assert.equal(answer.header('cache-control'), 'no-store, no-transform');
  assert.equal(answer.header('x-powered-by'), undefined);
  assertQuiet(answer);
}

export function assertQuiet({ headers, body }: RawAnswer): void {
  const everything = `${[...headers].flat(2).join('\n')}\n${body}`;
  assert.doesNotMatch(everything, STACK);
  assert.ok(!everything.includes('<svg/onload'), 'hostile markup came back');
  assert.ok(!everything.includes('the-demo-client-secret-of-this-run'));
}

/**
 * Everything that was sent as a secret stayed out of the log, and the log is one JSON object a
 * line.
 */
export function assertLogIsClean(world: World): void {
  for (const line of world.log) assert.doesNotThrow(() => JSON.parse(line), line);
  const log = world.log.join('');
  assert.ok(
    !log.includes(CANARY),
    log.slice(Math.max(0, log.indexOf(CANARY) - 300), log.indexOf(CANARY) + 50),
  );
}

/** The next person gets in, by either protocol. */
export async function assertNextSignInWorks(world: World): Promise<void> {
  for (const protocol of ['oidc', 'saml'] as const) {
    const { page } = await world.signIn('bob', protocol);
    assert.equal(page.$('form[action="/sign-out"]').length, 1, `${protocol}: ${page.text}`);
  }
}

export const form = (
  body: string,
  headers: RawRequest['headers'] = [],
): Omit<RawRequest, 'target'> => ({ method: 'POST', body, headers });

/** A signed-in browser, as raw requests need it. */
export interface SignedIn {
  readonly visitor: Visitor;
  readonly cookie: readonly [string, string];
  readonly csrfToken: string;
}

export async function signedIn(world: World, username: string): Promise<SignedIn> {
  const { visitor, page } = await world.signIn(username, 'saml');
  return {
    visitor,
    cookie: ['Cookie', `rolebridge=${visitor.cookie(world.urls.bridge, 'rolebridge')}`],
    csrfToken: page.$('form[action="/sign-out"] input[name=csrf_token]').attr('value')!,
  };
}

export function ask(world: World, request: RawRequest): Promise<RawAnswer> {
  return exchange(world.urls.bridge, request);
}
