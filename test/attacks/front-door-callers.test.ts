/**
 * Lies about who asks and where: Host, X-Forwarded-*, cookies, states of others, and who asks too
 * often.
 */
import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { describe, it } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, type Protocol, useWorld } from '../support/world.ts';
import {
  ask,
  assertLogIsClean,
  assertNextSignInWorks,
  assertOurs,
  assertRefused,
  CANARY,
  form,
  signedIn,
} from './front-door.ts';

const EVIL = 'evil.example';
const LIES = [
  ['Host', EVIL],
  ['X-Forwarded-Host', EVIL],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-Port', '666'],
  ['X-Forwarded-Prefix', '/evil'],
  ['X-Forwarded-Server', EVIL],
  ['Forwarded', `for=6.6.6.6;host=${EVIL};proto=https`],
  ['X-Original-URL', '/credentials'],
  ['X-Rewrite-URL', '/credentials'],
  ['X-HTTP-Method-Override', 'POST'],
] as const;

/** A rule of the demo, for people inside of a network only. */
const inside = (yaml: string): string =>
  yaml.replace(
    'session: { duration: 4h, sourceIdentity: "{sessionName}" }',
    '$&\n    require: { networks: [10.0.0.0/8] }\n   ',
  );

describe('lies about the bridge itself', () => {
  const world = useWorld({ configure: inside });

  it('do not change published documents', async () => {
    for (const target of [
      '/saml/corp-saml/metadata',
      '/saml/idp/metadata',
      '/.well-known/openid-configuration',
      '/.well-known/jwks.json',
      '/sign-in',
      '/sign-in?return_to=/console?account=prod%26role=Admin',
    ]) {
      const [honest, lied] = [
        await ask(world, { target }),
        await ask(world, { target, headers: LIES }),
      ];
      assert.equal(lied.status, 200, target);
      assert.equal(lied.body, honest.body);
      assert.ok(![...lied.headers].flat(2).join().includes(EVIL));
    }
  });

  it('do not change the redirect URI or the consumer service sent to identity providers', async () => {
    const oidc = new URL(
      (await ask(world, { target: `/sign-in/${CONNECTOR.oidc}`, headers: LIES })).header(
        'location',
      )!,
    );
    assert.equal(oidc.origin, world.urls.oidc);
    assert.equal(
      oidc.searchParams.get('redirect_uri'),
      `${world.urls.bridge}/oidc/${CONNECTOR.oidc}/callback`,
    );

    const saml = new URL(
      (await ask(world, { target: `/sign-in/${CONNECTOR.saml}`, headers: LIES })).header(
        'location',
      )!,
    );
    assert.equal(saml.origin, world.urls.saml);
    const request = inflateRawSync(
      Buffer.from(saml.searchParams.get('SAMLRequest')!, 'base64'),
    ).toString();
    assert.ok(
      request.includes(
        `AssertionConsumerServiceURL="${world.urls.bridge}/saml/${CONNECTOR.saml}/acs"`,
      ),
      request,
    );
    assert.ok(!request.includes(EVIL));
  });

  it('do not change where a redirect or a route leads', async () => {
    const answer = await ask(world, { target: '/console?account=prod&role=Admin', headers: LIES });

    assert.equal(answer.status, 303);
    assert.equal(
      answer.header('location'),
      '/sign-in?return_to=%2Fconsole%3Ffrom%3Delsewhere%26account%3Dprod%26role%3DAdmin',
    );
    assertOurs(answer);
    assertRefused(world, await ask(world, { target: '/nowhere', headers: LIES }), {
      status: 404,
      code: 'not_found',
    });
  });

  it('a correlation id from the caller is ignored', async () => {
    const own = '11111111-1111-4111-8111-111111111111';
    const answer = await ask(world, {
      target: '/nowhere',
      headers: [
        ['X-Correlation-Id', own],
        ['X-Request-Id', own],
      ],
    });

    assertRefused(world, answer, { status: 404, code: 'not_found' });
    assert.notEqual(answer.header('x-correlation-id'), own);
  });

  for (const target of [
    `//${EVIL}`,
    `/\\${EVIL}`,
    `\\\\${EVIL}`,
    `https://${EVIL}/`,
    `/a/..//${EVIL}`,
    `/./../..//${EVIL}`,
    `/%09/${EVIL}`.replace('%09', '\t'),
    'javascript:alert(1)',
    'data:text/html,x',
    `/\u0000//${EVIL}`,
    ` //${EVIL}`,
    `/@${EVIL}`.replace('/', ''),
  ]) {
    it(`a sign-in does not return to ${JSON.stringify(target)}`, async () => {
      const query = `return_to=${encodeURIComponent(target)}`;
      const page = await ask(world, { target: `/sign-in?${query}` });
      assert.equal(page.status, 200);
      assert.doesNotMatch(page.body, /return_to=/);
      const visitor = new Visitor();
      const { page: arrived } = await world.signIn('bob', 'saml', { visitor, returnTo: target });
      assert.equal(arrived.url, `${world.urls.bridge}/`);
    });
  }

  it('a line break in a return path does not split a header', async () => {
    const answer = await ask(world, {
      target: '/sign-in/corp-oidc?return_to=/%0d%0aSet-Cookie:%20a=b',
    });
    assert.equal(answer.status, 303);
    assert.deepEqual(
      answer.headers.get('set-cookie')?.map(cookie => cookie.split('=')[0]),
      ['rolebridge-attempt'],
    );
  });

  it('the audit trail and the rules use the address of the connection without a trusted proxy', async () => {
    const forwarded = [
      ['X-Forwarded-For', '10.1.1.1'],
      ['X-Real-IP', '10.1.1.1'],
      ['Forwarded', 'for=10.1.1.1'],
      ['True-Client-IP', '10.1.1.1'],
    ] as const;
    const bob = await signedIn(world, 'bob');

    const answer = await ask(world, {
      target: '/console?account=prod&role=ReadOnly',
      headers: [...forwarded, bob.cookie],
    });
    assertRefused(world, answer, { status: 403, code: 'proof_missing' });
    assert.match(answer.body, /your address is 127\.0\.0\.1/);

    const event = (await world.audit()).find(
      ({ origin }) => origin.correlationId === answer.header('x-correlation-id'),
    )!;
    assert.equal(event.origin.address, '127.0.0.1');
  });

  it('malformed cookies count as no session', async () => {
    const { cookie } = await signedIn(world, 'bob');
    const value = cookie[1].split('=')[1]!;

    for (const wrong of [
      'rolebridge',
      'rolebridge=',
      'rolebridge=%',
      'rolebridge=%zz%00',
      `rolebridge=${value}x`,
      `rolebridge=${value.slice(1)}`,
      `rolebridge=${value.toLowerCase().toUpperCase()}`,
      `rolebridge=${'A'.repeat(43)}`,
      `rolebridge=s:${value}`,
      `rolebridge=j:{"id":"${value}"}`,
      `Rolebridge=${value}`,
      `__Host-rolebridge=${value}`,
      `rolebridge-attempt=${value}`,
      `rolebridge[]=${value}`,
      `__proto__=${value}; constructor=${value}`,
      `rolebridge=${'a'.repeat(12_000)}`,
      ';;;===;;;',
      `${Array.from({ length: 1000 }, (_, index) => `c${index}=x`).join('; ')}`,
    ]) {
      const answer = await ask(world, { target: '/', headers: [['Cookie', wrong]] });
      assert.equal(answer.status, 200, wrong);
      assertOurs(answer);
      assert.ok(!answer.body.includes('action="/sign-out"'), wrong);
    }
    assert.match(
      (await ask(world, { target: '/', headers: [cookie] })).body,
      /action="\/sign-out"/,
    );
  });

  it('a cookie that another site set before ours does not sign in another user', async () => {
    const [bob, alice] = [await signedIn(world, 'bob'), await signedIn(world, 'alice')];
    const body = `account=prod&role=Developer&csrf_token=${bob.csrfToken}`;
    const answer = await ask(world, {
      target: '/credentials',
      ...form(body, [['Cookie', `${alice.cookie[1]}; ${bob.cookie[1]}`]]),
    });
    assertRefused(world, answer, { status: 403, code: 'cross_site_request' });
  });

  it('the next user can sign in', async () => {
    assertLogIsClean(world);
    await assertNextSignInWorks(world);
  });
});

describe('the answer of one sign-in under the state of another', () => {
  const world = useWorld();

  interface Begun {
    readonly visitor: Visitor;
    /** `state` or RelayState. */
    readonly state: string;
    /** What the identity provider answered: the code with its issuer, or the SAMLResponse. */
    readonly answer: Readonly<Record<string, string>>;
  }

  const begun = async (protocol: Protocol, username: string): Promise<Begun> => {
    const visitor = new Visitor();
    const login = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}`);
    const toBridge = (url: string): boolean => url.startsWith(`${world.urls.bridge}/oidc/`);
    const page = await visitor.submit(
      login,
      'form',
      { username, password: username },
      { stopAt: toBridge },
    );
    const fields: Readonly<Record<string, string>> =
      protocol === 'oidc'
        ? Object.fromEntries(new URL(page.path.at(-1)!).searchParams)
        : Object.fromEntries(
            page
              .$('form')
              .serializeArray()
              .map(({ name, value }) => [name, value]),
          );
    const { state, RelayState, ...answer } = fields;
    return { visitor, state: (state ?? RelayState)!, answer };
  };

  const deliver = async (protocol: Protocol, { visitor, state, answer }: Begun): Promise<Page> => {
    if (protocol === 'oidc')
      return visitor.get(
        `${world.urls.bridge}/oidc/${CONNECTOR.oidc}/callback?${new URLSearchParams({ ...answer, state })}`,
      );
    const page = await visitor.post(
      `${world.urls.bridge}/saml/${CONNECTOR.saml}/acs`,
      new URLSearchParams({ ...answer, RelayState: state }),
    );
    // Our own page posts a response to an attempt that was answered before once more.
    return page.$('input[name=reposted]').length === 0 ? page : visitor.submit(page, 'form');
  };

  const isSignedIn = async (visitor: Visitor): Promise<boolean> =>
    (await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length === 1;

  for (const protocol of ['oidc', 'saml'] as const) {
    const refusal = `${protocol}_response_refused`;

    it(`does not sign the victim in by ${protocol}`, async () => {
      const [victim, attacker] = [await begun(protocol, 'alice'), await begun(protocol, 'bob')];
      const page = await deliver(protocol, { ...victim, answer: attacker.answer });
      assert.equal(page.status, 403);
      assert.equal(page.$('.status-line code').text(), refusal);
      assert.equal(await isSignedIn(victim.visitor), false);

      // The attempt is spent, also for the right answer.
      const late = await deliver(protocol, victim);
      assert.equal(late.status, 400);
      assert.equal(await isSignedIn(victim.visitor), false);
    });

    it(`is rejected by ${protocol} in a browser that did not begin the attempt`, async () => {
      const [victim, attacker] = [await begun(protocol, 'alice'), await begun(protocol, 'bob')];
      const page = await deliver(protocol, { ...attacker, visitor: victim.visitor });
      assert.equal(page.$('.status-line code').text(), 'attempt_invalid');
      assert.equal(await isSignedIn(victim.visitor), false);
    });
  }

  it('is rejected when the state belongs to the other connector', async () => {
    const [oidc, saml] = [await begun('oidc', 'alice'), await begun('saml', 'alice')];

    for (const [protocol, mixed] of [
      ['saml', { ...oidc, answer: saml.answer }],
      ['oidc', { ...saml, answer: oidc.answer }],
    ] as const) {
      const page = await deliver(protocol, mixed);
      assert.equal(page.$('.status-line code').text(), 'attempt_invalid');
      assert.equal(await isSignedIn(mixed.visitor), false);
    }
    await assertNextSignInWorks(world);
  });
});

describe('behind a trusted proxy', () => {
  const world = useWorld({
    configure: yaml => `${inside(yaml)}\nproxy: { trusted: [127.0.0.1/32, 192.0.2.7/32] }\n`,
  });

  for (const [said, believed] of [
    ['203.0.113.9', '203.0.113.9'],
    // The proxy appends; what stood there before is the caller's own word.
    ['10.1.1.1, 203.0.113.9', '203.0.113.9'],
    ['6.6.6.6, 203.0.113.9, 192.0.2.7', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1'],
    [`<b>${CANARY}</b>`, '127.0.0.1'],
    ['', '127.0.0.1'],
  ] as const) {
    it(`X-Forwarded-For "${said}" is recorded as ${believed}`, async () => {
      const headers = [
        ['X-Forwarded-For', said],
        ['X-Forwarded-Host', EVIL],
      ] as const;
      const answer = await ask(world, { target: '/oidc/corp-oidc/callback', headers });
      assertRefused(world, answer, { status: 400, code: 'attempt_invalid' });

      const event = (await world.audit()).find(
        ({ origin }) => origin.correlationId === answer.header('x-correlation-id'),
      )!;
      assert.equal(event.origin.address, believed);
      assert.ok(!answer.body.includes(EVIL));
    });
  }

  it('a network rule uses the address that the proxy saw', async () => {
    const { cookie } = await signedIn(world, 'bob');
    const target = '/credentials?account=prod&role=ReadOnly';

    const outside = await ask(world, {
      target,
      headers: [cookie, ['X-Forwarded-For', '10.1.1.1, 203.0.113.9']],
    });

    assertRefused(world, outside, { status: 403, code: 'proof_missing' });
    assert.equal(
      (await ask(world, { target, headers: [cookie, ['X-Forwarded-For', '10.1.1.1']] })).status,
      200,
    );
  });
});

describe('a caller over the rate limit', () => {
  const world = useWorld();

  it('gets 429, whatever addresses it claims', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const path = `${world.urls.bridge}/credentials?account=prod&role=Admin`;
    const statusOf = (index: number): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = {
          'x-forwarded-for': `203.0.113.${index % 256}`,
          'user-agent': `agent ${index}`,
        };
        get(path, { agent, headers }, answer =>
          answer.resume().on('end', () => resolve(answer.statusCode!)),
        ).on('error', reject);
      });
    const statuses = await Promise.all(Array.from({ length: 3020 }, (_, index) => statusOf(index)));

    agent.destroy();
    assert.equal(statuses.filter(status => status === 303).length, 3000);
    assert.equal(statuses.filter(status => status === 429).length, 20);

    const answer = await ask(world, { target: '/sign-in/corp-oidc' });
    assertRefused(world, answer, { status: 429, code: 'too_many_requests' });

    const wait = /Wait (\d+) seconds?, then try again\./.exec(answer.body)?.[1];
    assert.match(answer.header('retry-after')!, /^\d+$/);
    assert.equal(answer.header('retry-after'), wait);
    // One event stands for the flood, and AWS and load balancers are not in its way.
    assert.equal((await world.audit()).length, 1);

    for (const target of ['/healthz', '/readyz', '/.well-known/jwks.json'])
      assert.equal((await ask(world, { target })).status, 200);
  });
});
