/**
 * AWS and the store when they fail: nothing is handed out, the page says what to look at, the trail
 * says what happened.
 */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { before, describe, it } from 'node:test';
import { stsError } from '../aws/recording-server.ts';
import { exchange } from '../support/raw-http.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import {
  answer,
  CONNECTOR,
  enterPassword,
  useDatabase,
  useWorld,
  type World,
} from '../support/world.ts';
import { assertLogIsClean, assertNextSignInWorks } from './front-door.ts';

type Plan = Parameters<World['aws']['faults']['arm']>[0];

interface Trouble {
  readonly what: string;
  readonly faults?: Plan;
  /** What STS answers in place of the local AWS. */
  readonly sts?: ReturnType<typeof stsError>;
  readonly role?: readonly [account: string, role: string];
  readonly code: keyof typeof STATUS;
  readonly hint: RegExp;
}

const STATUS = {
  aws_refused: 502,
  aws_throttled: 503,
  aws_failed: 502,
  aws_response_invalid: 502,
  aws_unavailable: 503,
} as const;
const SAID = 'a text of STS that may repeat the proof';
const WAIT = /Try again in a minute\./;
const SHORTLY = /Wait 5 seconds, then try again\./;
const REFERENCE = /Contact your administrator and give them the reference\./;

const troubles: readonly Trouble[] = [
  { what: 'hangs', faults: { sts: { hang: 'always' } }, code: 'aws_unavailable', hint: WAIT },
  {
    what: 'throttles',
    faults: { sts: { throttling: 'always' } },
    code: 'aws_throttled',
    hint: SHORTLY,
  },
  {
    what: 'answers with status 500',
    faults: { sts: { serverError: 'always' } },
    code: 'aws_failed',
    hint: WAIT,
  },
  {
    what: 'answers without end',
    faults: { sts: { oversized: 'always' } },
    code: 'aws_response_invalid',
    hint: WAIT,
  },
  {
    what: 'answers with a page of HTML',
    faults: { sts: { notXml: 'always' } },
    code: 'aws_response_invalid',
    hint: WAIT,
  },
  {
    what: 'is not active in the region',
    faults: { sts: { regionDisabled: 'always' } },
    code: 'aws_refused',
    hint: /not active in region eu-west-1/,
  },
  {
    what: 'cannot read the keys of the bridge',
    faults: { sts: { idpCommunication: 'always' } },
    role: ['staging', 'Developer'],
    code: 'aws_refused',
    hint: /could not read the keys|cannot reach the issuer/,
  },
  {
    what: 'finds the session too large (PackedPolicyTooLarge)',
    sts: stsError(400, 'PackedPolicyTooLarge', SAID),
    code: 'aws_refused',
    hint: /Use fewer or shorter tags/,
  },
  {
    what: 'denies access (AccessDenied)',
    sts: stsError(403, 'AccessDenied', SAID),
    code: 'aws_refused',
    hint: /trust policy allows sts:AssumeRoleWithSAML, sts:TagSession, sts:SetSourceIdentity to arn:aws:iam::111122223333:saml-provider\/rolebridge/,
  },
  {
    what: 'takes the assertion for too old (ExpiredTokenException)',
    sts: stsError(400, 'ExpiredTokenException', SAID),
    code: 'aws_refused',
    hint: /clock of the bridge/,
  },
  {
    what: 'does not know the key (InvalidIdentityToken)',
    sts: stsError(400, 'InvalidIdentityToken', SAID),
    code: 'aws_refused',
    hint: /Upload the current SAML metadata/,
  },
  {
    what: 'refuses for a reason of its own',
    sts: stsError(400, 'SomethingNew', SAID),
    code: 'aws_refused',
    hint: REFERENCE,
  },
];

const federationTroubles: readonly Trouble[] = [
  {
    what: 'hangs',
    faults: { federation: { hang: 'always' } },
    code: 'aws_unavailable',
    hint: WAIT,
  },
  {
    what: 'answers with status 500',
    faults: { federation: { serverError: 'always' } },
    code: 'aws_failed',
    hint: WAIT,
  },
  {
    what: 'answers without end',
    faults: { federation: { oversized: 'always' } },
    code: 'aws_response_invalid',
    hint: WAIT,
  },
  {
    what: 'throttles',
    faults: { federation: { throttling: 'always' } },
    code: 'aws_throttled',
    hint: SHORTLY,
  },
  {
    what: 'answers with a page of HTML',
    faults: { federation: { notXml: 'always' } },
    code: 'aws_response_invalid',
    hint: WAIT,
  },
];

const codeOn = (page: Page): string => page.$('.status-line code').text();

describe('AWS fails', () => {
  const world = useWorld({ configure: yaml => yaml.replace(/^aws:$/m, 'aws:\n  timeout: 1s') });
  let bob: { readonly visitor: Visitor; readonly page: Page };
  let good: RequestListener;
  before(async () => {
    bob = await world.signIn('bob', 'saml');
    [good] = world.servers.aws.listeners('request') as [RequestListener];
  });

  const press = (
    door: 'Console' | 'Credentials',
    [account, role] = ['prod', 'Developer'] as readonly [string, string],
  ): Promise<Page> =>
    bob.visitor.submit(bob.page, `button[aria-label="${door}: ${account} as ${role}"]`);

  const arm = ({ faults, sts }: Trouble): void => {
    if (faults !== undefined) world.aws.faults.arm(faults);
    if (sts === undefined || typeof sts === 'string') return;
    answer(world.servers.aws, (request, response) => {
      request.resume();
      response.writeHead(sts.status, sts.headers).end(sts.body);
    });
  };

  const assertRefused = async (
    page: Page,
    { code, hint }: Trouble,
    purpose: 'credentials' | 'console-link',
  ): Promise<void> => {
    assert.equal(page.status, STATUS[code], page.text);
    assert.equal(codeOn(page), code);
    assert.match(page.text, hint);
    assert.ok(!page.text.includes(SAID));
    assert.doesNotMatch(page.html, /ASIA|SigninToken/);
    const events = (await world.audit()).filter(
      ({ origin }) => origin.correlationId === page.headers.get('x-correlation-id'),
    );
    assert.equal(events.length, 1);
    const [event] = events;
    assert.ok(event?.type === 'access.refused');
    assert.deepEqual([event.code, event.purpose, event.actor.username], [code, purpose, 'bob']);
    assert.ok(!event.why.includes(SAID), event.why);
  };

  for (const trouble of troubles) {
    it(`STS ${trouble.what}: both pages answer ${trouble.code} within four seconds`, async () => {
      arm(trouble);
      const started = Date.now();

      try {
        const pages = await Promise.all([
          press('Credentials', trouble.role),
          press('Console', trouble.role),
        ]);
        assert.ok(Date.now() - started < 4000, `${Date.now() - started} ms`);
        await assertRefused(pages[0], trouble, 'credentials');
        await assertRefused(pages[1], trouble, 'console-link');
      } finally {
        world.aws.faults.clear();
        answer(world.servers.aws, good);
      }
    });
  }

  for (const trouble of federationTroubles) {
    it(`the federation endpoint ${trouble.what}: the page answers ${trouble.code} within three seconds`, async () => {
      arm(trouble);
      const started = Date.now();

      try {
        const page = await press('Console');
        assert.ok(Date.now() - started < 3000, `${Date.now() - started} ms`);
        await assertRefused(page, trouble, 'console-link');
      } finally {
        world.aws.faults.clear();
      }
    });
  }

  it('no credentials were issued by any of these, and the log has each refusal without a secret', async () => {
    assert.ok(!(await world.audit()).some(({ type }) => type.endsWith('.issued')));
    const log = world.log.join('');
    assert.ok(!log.includes(SAID));
    assert.doesNotMatch(log, /SAMLAssertion|PHNhbWxwOl|"eyJ|sessionKey/);
    assertLogIsClean(world);
  });

  it('one throttled answer is retried, and both pages work when AWS has recovered', async () => {
    world.aws.faults.arm({ sts: { throttling: 1 } });
    const shown = await press('Credentials');
    assert.equal(shown.status, 200);
    assert.match(shown.html, /ASIA/);
    world.aws.faults.arm({ federation: { refuseDuration: 1 } });
    assert.ok((await press('Console')).url.startsWith(`${world.urls.aws}/console`));
  });

  it('other users are served while STS keeps one waiting', async () => {
    world.aws.faults.arm({ sts: { hold: 1 } });
    const held = press('Credentials');
    const { page } = await world.signIn('alice', 'saml');
    assert.equal(page.status, 200);
    const other = await bob.visitor.get(world.urls.bridge);
    assert.equal(other.status, 200);
    world.aws.faults.clear();
    assert.equal((await held).status, 200);
  });
});

describe('the store fails in the middle', () => {
  const world = useWorld();
  const database = useDatabase(world);

  it('issues no credentials, no console link and no session that the audit trail cannot store', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    const issuedBefore = world.log.filter(line =>
      line.includes('"msg":"credentials.issued"'),
    ).length;
    database.exec('ALTER TABLE audit_events RENAME TO audit_events_gone');

    try {
      for (const door of ['Credentials', 'Console']) {
        const refused = await visitor.submit(
          page,
          `button[aria-label="${door}: prod as Developer"]`,
          {},
          { stopAt: () => true },
        );
        assert.equal(refused.status, 503, door);
        assert.equal(codeOn(refused), 'unavailable');
        assert.doesNotMatch(refused.html, /ASIA|SigninToken|audit_events|rolebridge\.db/);
        assert.equal(refused.headers.get('location'), null);
      }
      const lost = world.log
        .map(line => JSON.parse(line) as Record<string, unknown>)
        .filter(line => line.kept === false);
      assert.ok(
        lost.some(line => line.msg === 'credentials.issued' && line.username === 'bob'),
        'the log has the event that the store has not',
      );
      for (const protocol of ['oidc', 'saml'] as const) {
        const stranger = new Visitor();
        const login = await stranger.get(`${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}`);
        const refused = await enterPassword(stranger, login, { username: 'alice' });
        assert.equal(codeOn(refused), 'unavailable');
        assert.equal(stranger.cookie(world.urls.bridge, 'rolebridge'), undefined);
      }
    } finally {
      database.exec('ALTER TABLE audit_events_gone RENAME TO audit_events');
    }
    assert.equal(
      world.log.filter(
        line => line.includes('"msg":"credentials.issued"') && line.includes('"kept":true'),
      ).length,
      issuedBefore,
    );
    assert.equal(
      (await visitor.submit(page, 'button[aria-label="Credentials: prod as Developer"]')).status,
      200,
    );
    await assertNextSignInWorks(world);
  });

  it('treats every browser as signed out while sessions cannot be read', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    database.exec('ALTER TABLE sessions RENAME TO sessions_gone');

    try {
      for (const refused of [
        await visitor.get(world.urls.bridge),
        await visitor.get(`${world.urls.bridge}/credentials?account=prod&role=Developer`),
        await visitor.submit(page, 'button[aria-label="Credentials: prod as Developer"]'),
      ]) {
        assert.equal(refused.status, 503);
        assert.equal(codeOn(refused), 'unavailable');
        assert.doesNotMatch(refused.html, /ASIA/);
      }
      assert.equal(
        (await new Visitor().get(world.urls.bridge)).status,
        200,
        'a stranger needs no session',
      );
    } finally {
      database.exec('ALTER TABLE sessions_gone RENAME TO sessions');
    }
    assert.equal((await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length, 1);
  });

  it('answers with an error page and 503 from /readyz, and 200 from /healthz, when the store is closed', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    await world.bridge.close();

    const refused = await visitor.submit(
      page,
      'button[aria-label="Credentials: prod as Developer"]',
    );
    assert.equal(codeOn(refused), 'unavailable');
    assert.equal(
      (await new Visitor().get(`${world.urls.bridge}/sign-in/${CONNECTOR.saml}`)).status,
      503,
    );

    const [ready, health] = [
      await exchange(world.urls.bridge, { target: '/readyz' }),
      await exchange(world.urls.bridge, { target: '/healthz' }),
    ];
    assert.equal(ready.status, 503);
    assert.deepEqual(
      { ...JSON.parse(ready.body), connectors: undefined },
      { status: 'unavailable', store: 'unavailable', connectors: undefined },
    );
    assert.equal(health.status, 200);
    assertLogIsClean(world);
  });
});
