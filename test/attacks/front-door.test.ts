/** Hostile parameters, forms, bodies and paths at every route. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { RawRequest } from '../support/raw-http.ts';
import { useWorld } from '../support/world.ts';
import {
  ask,
  assertLogIsClean,
  assertNextSignInWorks,
  assertOurs,
  assertRefused,
  CANARY,
  ENCODED_SCRIPT,
  form,
  type Refused,
  type SignedIn,
  signedIn,
} from './front-door.ts';

type Hostile = RawRequest & Refused & { readonly as?: 'stranger' | 'bob'; readonly title?: string };

const BAD: Refused = { status: 400, code: 'bad_request' };
const NO_ATTEMPT: Refused = { status: 400, code: 'attempt_invalid' };
const NO_CONNECTOR: Refused = { status: 404, code: 'connector_unknown' };
const NO_CONSOLE: Refused = { status: 400, code: 'destination_refused' };
const NO_PAGE: Refused = { status: 404, code: 'not_found' };
const NOT_YOURS: Refused = { status: 403, code: 'access_denied' };
const TOO_LARGE: Refused = { status: 413, code: 'payload_too_large' };
const WRONG_TYPE: Refused = { status: 415, code: 'unsupported_media_type' };
const STRANGER: Refused = { status: 401, code: 'not_signed_in' };
const FOREIGN_FORM: Refused = { status: 403, code: 'cross_site_request' };

const long = (length: number): string => 'a'.repeat(length);
const ACS = '/saml/corp-saml/acs';
const CALLBACK = '/oidc/corp-oidc/callback';

const queries: readonly Hostile[] = [
  { target: '/sign-in?return_to=/&return_to=//evil.example', ...BAD },
  { target: `/sign-in?return_to=/${long(2048)}`, ...BAD },
  { target: `/sign-in?return_to=/console?${long(14_400)}`, ...BAD },
  { target: '/sign-in?reauthenticate=yes', ...BAD },
  { target: '/sign-in?reauthenticate=1&reauthenticate=1', ...BAD },
  { target: '/sign-in/corp-oidc?return_to=/&return_to=/', ...BAD },
  { target: `/sign-in/corp-saml?reauthenticate=${ENCODED_SCRIPT}`, ...BAD },
  { target: '/sign-in/unknown', ...NO_CONNECTOR },
  { target: `/sign-in/${ENCODED_SCRIPT}`, ...NO_CONNECTOR },
  { target: '/sign-in/__proto__', ...NO_CONNECTOR },
  { target: '/sign-in/constructor', ...NO_CONNECTOR },
  { target: '/sign-in/corp-oidc%00', ...NO_CONNECTOR },
  { target: '/sign-in/%zz', ...BAD },
  { target: '/sign-in/%c0%ae%c0%ae', ...BAD },
  ...['/console', '/credentials'].flatMap((path): Hostile[] => [
    { target: path, ...BAD },
    { target: `${path}?account=prod`, ...BAD },
    { target: `${path}?account=&role=`, ...BAD },
    { target: `${path}?account=prod&account=gov&role=Admin`, ...BAD },
    { target: `${path}?account[]=prod&role=Admin`, ...BAD },
    { target: `${path}?account[name]=prod&role=Admin`, ...BAD },
    { target: `${path}?account=${long(129)}&role=Admin`, ...BAD },
    { target: `${path}?account=prod&role=${long(513)}`, ...BAD },
    { target: `${path}?__proto__[account]=prod&constructor[prototype][role]=Admin`, ...BAD },
    { target: `${path}?account=__proto__&role=constructor`, as: 'bob', ...NOT_YOURS },
    { target: `${path}?account=${ENCODED_SCRIPT}&role=${ENCODED_SCRIPT}`, as: 'bob', ...NOT_YOURS },
    { target: `${path}?account=prod%00&role=Developer`, as: 'bob', ...NOT_YOURS },
    {
      target: `${path}?account=prod&role=Developer%0d%0aSet-Cookie:%20rolebridge=x`,
      as: 'bob',
      ...NOT_YOURS,
    },
    { target: `${path}?account=%ff%fe&role=%`, as: 'bob', ...NOT_YOURS },
    { target: `${path}?account=*&role=*`, as: 'bob', ...NOT_YOURS },
    { target: `${path}?account=PROD&role=developer`, as: 'bob', ...NOT_YOURS },
    {
      target: `${path}?account=prod&role=arn:aws:iam::111122223333:role/Admin`,
      as: 'bob',
      ...NOT_YOURS,
    },
  ]),
  {
    target: `/console?account=prod&role=Developer&destination=${long(4096)}`,
    as: 'bob',
    ...NO_CONSOLE,
  },
  {
    target: `/console?account=prod&role=Developer&destination=${long(4097)}`,
    as: 'bob',
    ...NO_CONSOLE,
  },
  { target: '/console?account=prod&role=Developer&destination=/&destination=/', as: 'bob', ...BAD },
  {
    target: `/console?account=prod&role=Developer&destination=${ENCODED_SCRIPT}`,
    as: 'bob',
    status: 400,
    code: 'destination_refused',
  },
  { target: '/?q=a&q=b', as: 'bob', ...BAD },
  { target: `/?q=${long(201)}`, as: 'bob', ...BAD },
];

const answersOfIdps: readonly Hostile[] = [
  { target: CALLBACK, ...NO_ATTEMPT },
  { target: `${CALLBACK}?code=${CANARY}`, ...NO_ATTEMPT },
  { target: `${CALLBACK}?state=${CANARY}&code=${CANARY}`, ...NO_ATTEMPT },
  { target: `${CALLBACK}?state=${CANARY}&state=${CANARY}&code=x`, ...NO_ATTEMPT },
  { target: `${CALLBACK}?state[]=${CANARY}&code=x`, ...NO_ATTEMPT },
  { target: `${CALLBACK}?state=${CANARY}%00&code=%00`, ...NO_ATTEMPT },
  {
    target: `${CALLBACK}?error=access_denied&error_description=${ENCODED_SCRIPT}&state=${CANARY}`,
    ...NO_ATTEMPT,
  },
  { target: `${CALLBACK}?state=${long(15_000)}`, ...NO_ATTEMPT },
  { target: `${CALLBACK}?state=%zz&code=%`, ...NO_ATTEMPT },
  { target: `/oidc/corp-saml/callback?state=${CANARY}&code=x`, ...NO_ATTEMPT },
  { target: `/oidc/unknown/callback?state=${CANARY}&code=x`, ...NO_CONNECTOR },
  { target: '/oidc/%zz/callback', ...BAD },
  {
    target: '/saml/corp-oidc/acs',
    ...form(`SAMLResponse=${CANARY}&RelayState=${CANARY}&reposted=1`),
    ...NO_ATTEMPT,
  },
  {
    target: '/saml/__proto__/acs',
    ...form(`SAMLResponse=${CANARY}&RelayState=${CANARY}&reposted=1`),
    ...NO_CONNECTOR,
  },
  { target: '/saml/%zz/acs', ...form('SAMLResponse=x'), ...BAD },
  { target: ACS, ...form(''), ...BAD },
  { target: ACS, ...form('SAMLResponse='), ...BAD },
  { target: ACS, ...form(`SAMLResponse=${CANARY}&SAMLResponse=${CANARY}`), ...BAD },
  { target: ACS, ...form(`SAMLResponse[]=${CANARY}`), ...BAD },
  { target: ACS, ...form(`__proto__[SAMLResponse]=${CANARY}`), ...BAD },
  { target: ACS, ...form(`SAMLResponse=${CANARY}&RelayState=a&RelayState=b`), ...BAD },
  { target: ACS, ...form(`SAMLResponse=${CANARY}&RelayState=${long(2049)}`), ...BAD },
  { target: ACS, ...form(`SAMLResponse=${CANARY}&reposted=2`), ...BAD },
  {
    target: ACS,
    ...form(`SAMLResponse=${CANARY}&RelayState=${CANARY}&__proto__=x&constructor=y&reposted=1`),
    ...NO_ATTEMPT,
  },
  { target: ACS, ...form(`SAMLResponse=%00&RelayState=%00&reposted=1`), ...NO_ATTEMPT },
  {
    title: 'a body over the limit',
    target: ACS,
    ...form(`SAMLResponse=${long(170 * 1024)}`),
    ...TOO_LARGE,
  },
  {
    title: 'many fields',
    target: ACS,
    ...form(`SAMLResponse=x${'&a=b'.repeat(20)}`),
    ...TOO_LARGE,
  },
  {
    title: 'a gzip bomb',
    target: ACS,
    ...form('', [['Content-Encoding', 'gzip']]),
    body: gzipSync(`SAMLResponse=${long(20 * 1024 * 1024)}`),
    ...TOO_LARGE,
  },
  { title: 'no gzip at all', target: ACS, ...form(CANARY, [['Content-Encoding', 'gzip']]), ...BAD },
  { target: ACS, ...form('SAMLResponse=x', [['Content-Encoding', 'compress']]), ...WRONG_TYPE },
  {
    target: ACS,
    ...form('SAMLResponse=x', [
      ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-7'],
    ]),
    ...WRONG_TYPE,
  },
  {
    target: ACS,
    ...form(JSON.stringify({ SAMLResponse: CANARY }), [['Content-Type', 'application/json']]),
    ...BAD,
  },
  {
    target: ACS,
    ...form(`<SAMLResponse>${CANARY}</SAMLResponse>`, [['Content-Type', 'text/xml']]),
    ...BAD,
  },
  {
    target: ACS,
    ...form(`SAMLResponse=${CANARY}`, [['Content-Type', 'multipart/form-data; boundary=x']]),
    ...BAD,
  },
  { target: ACS, ...form(`SAMLResponse=${CANARY}`, [['Content-Type', '']]), ...BAD },
  { target: '/saml/unknown/metadata', ...NO_CONNECTOR, face: 'problem' },
  { target: '/saml/corp-oidc/metadata', ...NO_CONNECTOR, face: 'problem' },
  { target: '/saml/__proto__/metadata', ...NO_CONNECTOR, face: 'problem' },
  { target: '/saml/%zz/metadata', ...BAD, face: 'problem' },
];

const forms: readonly Hostile[] = ['/console', '/credentials'].flatMap((target): Hostile[] => [
  { target, ...form('account=prod&role=Developer'), ...STRANGER },
  { target, ...form(`account=prod&role=Developer&csrf_token=${CANARY}`), ...STRANGER },
  { target, as: 'bob', ...form('account=prod&role=Developer'), ...FOREIGN_FORM },
  { target, as: 'bob', ...form('account=prod&role=Developer&csrf_token='), ...FOREIGN_FORM },
  {
    target,
    as: 'bob',
    ...form(`account=prod&role=Developer&csrf_token=${CANARY}`),
    ...FOREIGN_FORM,
  },
  {
    target: `${target}?csrf_token=$TOKEN`,
    as: 'bob',
    ...form('account=prod&role=Developer'),
    ...FOREIGN_FORM,
  },
  {
    target,
    as: 'bob',
    ...form('account=prod&role=Developer&csrf_token=$TOKEN&csrf_token=$TOKEN'),
    ...BAD,
  },
  {
    target,
    as: 'bob',
    ...form(`account=prod&role=Developer&csrf_token=$TOKEN${CANARY}`),
    ...FOREIGN_FORM,
  },
  { target, as: 'bob', ...form(`account=prod&role=Developer&csrf_token=${long(129)}`), ...BAD },
  ...['cross-site', 'same-site', 'none', 'SAME-ORIGIN'].map((site): Hostile => {
    return {
      target,
      as: 'bob',
      ...form('account=prod&role=Developer&csrf_token=$TOKEN', [['Sec-Fetch-Site', site]]),
      ...FOREIGN_FORM,
    };
  }),
  ...['https://evil.example', 'null', 'http://127.0.0.1'].map((origin): Hostile => {
    return {
      target,
      as: 'bob',
      ...form('account=prod&role=Developer&csrf_token=$TOKEN', [['Origin', origin]]),
      ...FOREIGN_FORM,
    };
  }),
  { target, as: 'bob', ...form('role=Developer&csrf_token=$TOKEN'), ...BAD },
  {
    target,
    as: 'bob',
    ...form('account=prod&account=staging&role=Developer&csrf_token=$TOKEN'),
    ...BAD,
  },
  { target, as: 'bob', ...form('account=prod&role=Admin&csrf_token=$TOKEN'), ...NOT_YOURS },
  {
    target,
    as: 'bob',
    ...form(`account=${ENCODED_SCRIPT}&role=${ENCODED_SCRIPT}&csrf_token=$TOKEN`),
    ...NOT_YOURS,
  },
  {
    title: 'a large form',
    target,
    as: 'bob',
    ...form(`account=prod&role=Developer&csrf_token=$TOKEN&x=${long(48 * 1024)}`),
    ...TOO_LARGE,
  },
  {
    target,
    as: 'bob',
    ...form('{"account":"prod","role":"Developer","csrf_token":"$TOKEN"}', [
      ['Content-Type', 'application/json'],
    ]),
    ...BAD,
  },
]);

const signOuts: readonly Hostile[] = [
  { target: '/sign-out', as: 'bob', ...form(''), ...FOREIGN_FORM },
  { target: '/sign-out', as: 'bob', ...form(`csrf_token=${CANARY}`), ...FOREIGN_FORM },
  {
    target: '/sign-out',
    as: 'bob',
    ...form('csrf_token=$TOKEN', [['Sec-Fetch-Site', 'cross-site']]),
    ...FOREIGN_FORM,
  },
  {
    target: '/sign-out',
    as: 'bob',
    ...form('csrf_token=$TOKEN', [['Origin', 'https://evil.example']]),
    ...FOREIGN_FORM,
  },
  { target: '/sign-out', as: 'bob', ...form('csrf_token=$TOKEN&csrf_token=$TOKEN'), ...BAD },
  { target: '/sign-out?csrf_token=$TOKEN', as: 'bob', ...form(''), ...FOREIGN_FORM },
  {
    title: 'a large form',
    target: '/sign-out',
    ...form(''),
    as: 'bob',
    body: `csrf_token=$TOKEN&x=${long(9000)}`,
    ...TOO_LARGE,
  },
  { target: '/sign-out', as: 'bob', ...NO_PAGE },
];

const paths: readonly Hostile[] = [
  ...[
    '//evil.example',
    '//evil.example/sign-in',
    '/\\evil.example',
    '/%2e%2e/',
    '/../../etc/passwd',
    '/..%2f..%2fpackage.json',
    '/%2e%2e%2f%2e%2e%2fpackage.json',
    '/assets/../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/....//package.json',
    '/assets/portal.js',
    '/assets/',
    '/assets/%zz',
    '/views/layout.eta',
    '/package.json',
    '/.git/config',
    '/.env',
    '/rolebridge.db',
    '/certs/saml.pem',
    '/%00',
    '/%zz',
    '/;/sign-in',
    '/sign-in/corp-oidc/..;/',
    `/${ENCODED_SCRIPT}`,
    `/${long(12_000)}`,
    '/__proto__',
    '/constructor/prototype',
    'http://evil.example/nothing',
  ].map((target): Hostile => ({ target, title: target.slice(0, 40), ...NO_PAGE })),
  ...['TRACE', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'POST'].map(
    (method): Hostile => ({ method, target: '/', ...NO_PAGE }),
  ),
  ...[
    '/sign-in',
    '/sign-in/corp-oidc',
    '/console',
    '/credentials',
    ACS,
    CALLBACK,
    '/healthz',
    '/readyz',
  ].map((target): Hostile => {
    return { method: 'TRACE', target, headers: [['Authorization', CANARY]], ...NO_PAGE };
  }),
  { method: 'PUT', target: ACS, ...NO_PAGE },
  { method: 'GET', target: ACS, ...NO_PAGE },
  { method: 'POST', target: CALLBACK, ...NO_PAGE },
  { method: 'POST', target: '/sign-in', ...NO_PAGE },
];

/** Addresses that lead nowhere are no refusals: the log has them. */
const UNRECORDED: ReadonlySet<string> = new Set(['not_found', 'connector_unknown']);

describe('hostile requests at the front door', () => {
  const world = useWorld();
  let bob: SignedIn;
  before(async () => {
    bob = await signedIn(world, 'bob');
  });

  const withSession = ({ headers = [], body, target, as, ...rest }: Hostile): RawRequest => {
    const filled = (text: string): string => text.replaceAll('$TOKEN', bob.csrfToken);
    return {
      ...rest,
      target: filled(target),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? filled(body) : body }),
      headers: as === 'bob' ? [...headers, bob.cookie] : headers,
    };
  };

  for (const [group, rows] of Object.entries({
    queries,
    'answers of identity providers': answersOfIdps,
    forms,
    signOuts,
    paths,
  })) {
    describe(`in ${group}`, () => {
      const recorded: [correlationId: string, code: string][] = [];
      for (const row of rows) {
        const { method = 'GET', target, title, as = 'stranger', status, code } = row;
        const what =
          title ?? `${target} ${typeof row.body === 'string' ? row.body : ''}`.slice(0, 100);
        const how = (row.headers ?? []).map(header => ` ${header.join(' ')}`).join(',');
        it(`${method} ${what}${how} by ${as} is rejected with ${status} ${code}`, async () => {
          const answer = await ask(world, withSession(row));
          assertRefused(world, answer, row);
          if (!UNRECORDED.has(code) && row.face !== 'problem')
            recorded.push([answer.header('x-correlation-id')!, code]);
        });
      }

      it('record each rejection once, issue nothing and log no secret, and the next user can sign in', async () => {
        const events = await world.audit();

        for (const [id, code] of recorded) {
          const own = events.filter(({ origin }) => origin.correlationId === id);
          assert.deepEqual(
            own.map(event => 'code' in event && event.code),
            [code],
          );
        }
        assert.deepEqual(
          events.filter(({ type }) => type.endsWith('.issued') || type === 'sign-out'),
          [],
        );
        assertLogIsClean(world);
        await assertNextSignInWorks(world);
        assert.equal(
          (await bob.visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length,
          1,
          'bob is still signed in',
        );
      });
    });
  }

  it('accept a form with its token, so the rejections above have the reason that they name', async () => {
    const answer = await ask(
      world,
      withSession({
        target: '/credentials',
        as: 'bob',
        ...form('account=prod&role=Developer&csrf_token=$TOKEN'),
        ...BAD,
      }),
    );

    assert.equal(answer.status, 200, answer.body);
    assertOurs(answer);
  });

  it('reject the token of another session', async () => {
    const alice = await signedIn(world, 'alice');
    const body = `account=prod&role=Developer&csrf_token=${bob.csrfToken}`;
    assertRefused(
      world,
      await ask(world, { target: '/credentials', ...form(body, [alice.cookie]) }),
      FOREIGN_FORM,
    );
  });

  it('ignore unknown parameters, names of prototypes among them', async () => {
    for (const target of [
      '/sign-in?__proto__=1&constructor=2&a[b]=3&return_to[]=//evil.example',
      '/?__proto__[q]=x',
    ]) {
      const answer = await ask(world, { target });
      assert.equal(answer.status, 200);
      assertOurs(answer);
      assert.ok(!answer.body.includes('evil.example'));
    }
    assert.equal(({} as Record<string, unknown>).q, undefined);
  });
});
