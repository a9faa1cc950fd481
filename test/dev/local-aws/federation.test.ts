import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  AssumeRoleCommand,
  AssumeRoleWithSAMLCommand,
  type Credentials,
} from '@aws-sdk/client-sts';
import { samlResponse } from './saml.ts';
import {
  ADMIN,
  PROD,
  ROLE_PAIR,
  type Running,
  SAML_PROVIDER,
  samlWorld,
  type TrustPolicy,
  useLocalAws,
} from './support.ts';

const HOP = `arn:aws:iam::${PROD}:role/Hop`;
const ISSUER = 'https://bridge.example.com/';
const DESTINATION = 'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1';

const WORLD = samlWorld({
  roles: [
    {
      account: PROD,
      name: 'Hop',
      trustPolicy: {
        Statement: { Effect: 'Allow', Principal: { AWS: ADMIN }, Action: 'sts:*' },
      } as TrustPolicy,
    },
  ],
  iamUsers: [
    {
      account: PROD,
      name: 'ci',
      accessKeys: [
        { accessKeyId: 'AKIAIOSFODNN7LOCAL00', secretAccessKey: 'local-user-secret-key-0001' },
      ],
    },
  ],
});

type Session = Readonly<Record<'sessionId' | 'sessionKey' | 'sessionToken', string>>;

function sessionOf(credentials: Credentials | undefined): Session {
  return {
    sessionId: credentials!.AccessKeyId!,
    sessionKey: credentials!.SecretAccessKey!,
    sessionToken: credentials!.SessionToken!,
  };
}

async function signIn(running: Running, change: object = {}): Promise<Session> {
  const SAMLAssertion = samlResponse({ roles: [ROLE_PAIR], now: running.clock.now(), ...change });
  const { Credentials } = await running
    .sts()
    .send(
      new AssumeRoleWithSAMLCommand({ RoleArn: ADMIN, PrincipalArn: SAML_PROVIDER, SAMLAssertion }),
    );
  return sessionOf(Credentials);
}

async function chained(running: Running, from: Session): Promise<Session> {
  const sts = running.sts({
    accessKeyId: from.sessionId,
    secretAccessKey: from.sessionKey,
    sessionToken: from.sessionToken,
  });
  return sessionOf(
    (await sts.send(new AssumeRoleCommand({ RoleArn: HOP, RoleSessionName: 'alice' }))).Credentials,
  );
}

function federate(
  running: Running,
  parameters: Readonly<Record<string, string>>,
  method: 'GET' | 'POST' = 'POST',
): Promise<Response> {
  const form = new URLSearchParams(parameters);
  if (method === 'GET') return fetch(`${running.url}/federation?${form}`, { redirect: 'manual' });
  return fetch(`${running.url}/federation`, { method, body: form, redirect: 'manual' });
}

async function signinToken(
  running: Running,
  session: Session,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const answer = await federate(running, {
    Action: 'getSigninToken',
    Session: JSON.stringify(session),
    ...more,
  });
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { SigninToken: string }).SigninToken;
}

function login(
  running: Running,
  token: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return federate(
    running,
    { Action: 'login', Issuer: ISSUER, Destination: DESTINATION, SigninToken: token, ...more },
    'GET',
  );
}

function cookieOf(answer: Response): string {
  return answer.headers.get('set-cookie')!.split(';')[0]!;
}

describe('the federation endpoint', () => {
  const running = useLocalAws(WORLD);
  let session: Session;
  before(async () => {
    session = await signIn(running);
  });

  test('exchanges credentials for a console session', async () => {
    const answer = await login(
      running,
      await signinToken(running, session, { SessionDuration: '28800' }),
    );
    assert.equal(answer.status, 302);
    assert.equal(answer.headers.get('location'), `${running.url}/console`);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.match(answer.headers.get('set-cookie')!, /HttpOnly; SameSite=Lax/);

    const page = await fetch(`${running.url}/console/any/page?x=1`, {
      headers: { cookie: `other=1; ${cookieOf(answer)}` },
    });
    assert.equal(page.status, 200);
    assert.match(await page.text(), /7 h 59 min left|8 h 0 min left/);
  });

  test('takes GET as well as POST', async () => {
    assert.equal(
      (
        await federate(
          running,
          { Action: 'getSigninToken', Session: JSON.stringify(session), SessionType: 'json' },
          'GET',
        )
      ).status,
      200,
    );
    assert.equal(
      (
        await federate(
          running,
          { Action: 'getSigninToken', Session: JSON.stringify(session) },
          'POST',
        )
      ).status,
      200,
    );
  });

  test('rejects a used sign-in token, and one that is 15 minutes old', async () => {
    const token = await signinToken(running, session);
    assert.equal((await login(running, token)).status, 302);
    assert.equal((await login(running, token)).status, 400);
    assert.match(running.reason()!, /used before/);

    const old = await signinToken(running, session);
    running.clock.turn(15 * 60);
    assert.equal((await login(running, old)).status, 400);
    assert.match(running.reason()!, /15 minutes/);
  });

  test('accepts a token once when two requests race', async () => {
    const token = await signinToken(running, session);
    const answers = await Promise.all([login(running, token), login(running, token)]);
    assert.deepEqual(answers.map(answer => answer.status).sort(), [302, 400]);
  });

  test('rejects SessionDuration with role chaining, and accepts the credentials without it', async () => {
    const hop = await chained(running, session);
    const answer = await federate(running, {
      Action: 'getSigninToken',
      Session: JSON.stringify(hop),
      SessionDuration: '3600',
    });

    assert.equal(answer.status, 400);
    assert.match(running.reason()!, /role chaining/);
    assert.match(answer.headers.get('content-type')!, /^text\/html/);
    assert.equal((await login(running, await signinToken(running, hop))).status, 302);
  });

  describe('denies a sign-in token for', () => {
    const cases: readonly [string, (good: Session) => Readonly<Record<string, string>>, RegExp][] =
      [
        [
          'a duration of 899 seconds',
          good => ({ Session: JSON.stringify(good), SessionDuration: '899' }),
          /900 to 43200/,
        ],
        [
          'a duration of 43,201 seconds',
          good => ({ Session: JSON.stringify(good), SessionDuration: '43201' }),
          /900 to 43200/,
        ],
        [
          'a duration that is no number',
          good => ({ Session: JSON.stringify(good), SessionDuration: '1h' }),
          /900 to 43200/,
        ],
        ['no session', () => ({}), /not JSON/],
        ['a session that is not JSON', () => ({ Session: 'x' }), /not JSON/],
        [
          'numbers in place of strings',
          good => ({ Session: JSON.stringify({ ...good, sessionKey: 1 }) }),
          /not JSON/,
        ],
        [
          'an unknown key',
          good => ({ Session: JSON.stringify({ ...good, sessionId: 'ASIAAAAAAAAAAAAAAAAA' }) }),
          /no session/,
        ],
        [
          'the key of an IAM user',
          good => ({ Session: JSON.stringify({ ...good, sessionId: 'AKIAIOSFODNN7LOCAL00' }) }),
          /no session/,
        ],
        [
          'a wrong secret key',
          good => ({ Session: JSON.stringify({ ...good, sessionKey: 'x'.repeat(40) }) }),
          /do not belong/,
        ],
        [
          'a wrong session token',
          good => ({ Session: JSON.stringify({ ...good, sessionToken: 'x' }) }),
          /do not belong/,
        ],
      ];
    for (const [name, parameters, reason] of cases) {
      test(name, async () => {
        const answer = await federate(running, {
          Action: 'getSigninToken',
          ...parameters(session),
        });
        assert.equal(answer.status, 400);
        assert.doesNotMatch(await answer.text(), /SigninToken/);
        assert.match(running.reason()!, reason);
        assert.ok(!JSON.stringify(running.events).includes(session.sessionKey));
      });
    }
  });

  describe('rejects the destination', () => {
    const destinations = [
      '',
      'https://example.com/',
      'https://console.aws.amazon.com.example.com/',
      'https://evilconsole.aws.amazon.com/',
      'http://console.aws.amazon.com/',
      'https://console.aws.amazon.com:8443/',
      'https://user@console.aws.amazon.com/',
      'https://console.aws.amazon.com\\@example.com/',
      'https://console.amazonaws-us-gov.com/',
      'javascript:alert(1)',
      '/console',
    ];
    for (const destination of destinations) {
      test(JSON.stringify(destination), async () => {
        const answer = await login(running, await signinToken(running, session), {
          Destination: destination,
        });
        assert.equal(answer.status, 400);
        assert.match(running.reason()!, /no console URL of aws/);
      });
    }

    test('on its own origin outside /console', async () => {
      assert.equal(
        (
          await login(running, await signinToken(running, session), {
            Destination: `${running.url}/federation`,
          })
        ).status,
        400,
      );
      assert.equal(
        (
          await login(running, await signinToken(running, session), {
            Destination: `${running.url}/console/home`,
          })
        ).status,
        302,
      );
    });
  });

  test('rejects a login without Issuer, or with one that is no URL', async () => {
    for (const Issuer of ['', 'bridge', 'javascript:alert(1)']) {
      assert.equal(
        (await login(running, await signinToken(running, session), { Issuer })).status,
        400,
      );
      assert.match(running.reason()!, /Issuer/);
    }
  });

  test('rejects an unknown action and a body that is no form', async () => {
    assert.equal((await federate(running, { Action: 'getFederationToken' })).status, 400);

    const answer = await fetch(`${running.url}/federation`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(answer.status, 400);

    const huge = await fetch(`${running.url}/federation`, {
      method: 'POST',
      body: new URLSearchParams({ Action: 'getSigninToken', Session: 'x'.repeat(300_000) }),
    });
    assert.equal(huge.status, 400);
  });

  test('denies expired credentials and a deleted role', async () => {
    const late = await signIn(running, { sessionDuration: '900' });
    running.clock.turn(900);
    assert.equal(
      (await federate(running, { Action: 'getSigninToken', Session: JSON.stringify(late) })).status,
      400,
    );
    assert.match(running.reason()!, /expired/);

    const orphan = await signIn(running);
    running.aws.roles.delete(ADMIN);
    assert.equal(
      (await federate(running, { Action: 'getSigninToken', Session: JSON.stringify(orphan) }))
        .status,
      400,
    );
    assert.match(running.reason()!, /deleted/);
  });
});

describe('the console page', () => {
  const running = useLocalAws(WORLD);

  const show = (cookie: string) => fetch(`${running.url}/console`, { headers: { cookie } });

  test('shows the signed-in role with its account and tags, escaped', async () => {
    const session = await signIn(running, {
      sourceIdentity: 'alice',
      tags: { Team: ['red+blue'], Cost: ['7'] },
      transitiveKeys: ['Team'],
    });
    const destination = `${DESTINATION}&q=<b>"'`.replaceAll('"', '%22');

    const answer = await login(running, await signinToken(running, session), {
      Destination: destination,
      Issuer: 'https://bridge.example.com/?a=1&b="><script>',
    });
    assert.equal(answer.status, 302);

    const page = await show(cookieOf(answer));
    const text = await page.text();
    for (const part of [
      'Admin in prod',
      PROD,
      `arn:aws:sts::${PROD}:assumed-role/Admin/alice@example.com`,
      'red+blue',
      'transitive',
      SAML_PROVIDER,
      'without role chaining',
      '&lt;b&gt;',
      "This is not Amazon's console",
    ]) {
      assert.ok(text.includes(part), part);
    }
    assert.ok(!/<script|<b>/.test(text));
    assert.match(
      page.headers.get('content-security-policy')!,
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
    );
    assert.equal(page.headers.get('cache-control'), 'no-store');
  });

  test('ends with the credentials if no duration was requested', async () => {
    const cookie = cookieOf(
      await login(running, await signinToken(running, await signIn(running))),
    );
    running.clock.turn(3599 - 1);
    assert.equal((await show(cookie)).status, 200);

    running.clock.turn(2);
    const page = await show(cookie);
    assert.equal(page.status, 401);

    const text = await page.text();
    assert.match(text, /Your console session has ended/);
    assert.ok(text.includes(`href="${ISSUER}"`));
  });

  test('outlives the credentials if a longer duration was requested', async () => {
    const cookie = cookieOf(
      await login(
        running,
        await signinToken(running, await signIn(running), { SessionDuration: '7200' }),
      ),
    );
    running.clock.turn(7199);
    assert.equal((await show(cookie)).status, 200);

    running.clock.turn(1);
    assert.equal((await show(cookie)).status, 401);
  });

  test('says that a browser was never signed in', async () => {
    for (const cookie of ['', 'local_aws_console=guess', 'local_aws_console='])
      assert.equal((await show(cookie)).status, 401);
  });

  test('signs out by the addresses of AWS, and redirects to known addresses only', async () => {
    const targets: readonly [string, string | null][] = [
      [ISSUER, ISSUER],
      [`${'URL'}/federation?Action=login`, 'own'],
      ['https://evil.example.com/', null],
      ['javascript:alert(1)', null],
    ];
    for (const [target, expected] of targets) {
      const cookie = cookieOf(
        await login(running, await signinToken(running, await signIn(running))),
      );
      const redirect = target.replace('URL', running.url);
      const answer = await fetch(
        `${running.url}/oauth?${new URLSearchParams({ Action: 'logout', redirect_uri: redirect })}`,
        {
          headers: { cookie },
          redirect: 'manual',
        },
      );
      assert.equal(answer.headers.get('location'), expected === 'own' ? redirect : expected);
      assert.match(answer.headers.get('set-cookie')!, /Max-Age=0/);
      assert.equal((await show(cookie)).status, 401);
    }
  });
});
