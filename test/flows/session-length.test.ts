import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { callApi, loginByDevice } from '../support/cli-login.ts';
import { button } from '../support/handout.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { type AwsRequest, useWorld } from '../support/world.ts';

/** Texts that are no duration, or that no role has. */
const WRONG: readonly (readonly [string, RegExp])[] = [
  ['-1h', /malformed/],
  ['1e3s', /malformed/],
  ['3600', /malformed/],
  ['1w', /malformed/],
  ['PT1H', /malformed/],
  ['1h 30m', /malformed/],
  ['1H', /malformed/],
  ['٣h', /malformed/],
  ['0m', /malformed/],
  ['0x10m', /malformed/],
  ['NaN', /malformed/],
  ['<script>', /malformed/],
  [`${'9'.repeat(15)}h`, /malformed/],
  [`${'9'.repeat(20)}h`, /malformed: duration/],
  ['14m', /AWS gives sessions of 15 min or more\. Choose a length from 15 min to/],
  ['1s', /AWS gives sessions of 15 min or more/],
  ['4h1s', /at most/],
  ['999999d', /at most/],
];

describe('the length of a session', () => {
  const world = useWorld();
  let visitor: Visitor;
  let roles: Page;
  before(async () => {
    ({ visitor, page: roles } = await world.signIn('alice', 'saml'));
  });

  const stsLengths = (): (string | null)[] =>
    world.toAws
      .filter(({ form }) => form.get('Action')?.startsWith('AssumeRole'))
      .map(({ form }) => form.get('DurationSeconds'));
  const consoleLengths = (): (string | null)[] => {
    const isForToken = ({ path, form }: AwsRequest): boolean =>
      path === '/federation' && form.get('Action') === 'getSigninToken';
    return world.toAws.filter(isForToken).map(({ form }) => form.get('SessionDuration'));
  };
  const last = async <T extends AuditEvent['type']>(type: T) =>
    (await world.audit()).find(event => event.type === type) as Extract<AuditEvent, { type: T }>;
  const minutesOf = (console: Page): number =>
    Math.round((Date.parse(console.$('time').attr('datetime')!) - world.clock.now()) / 60_000);
  const openConsole = (account: string, role: string, duration: string): Promise<Page> =>
    visitor.get(`${world.urls.bridge}/console?${new URLSearchParams({ account, role, duration })}`);
  const askFor = (account: string, role: string): Promise<Page> =>
    visitor.get(`${world.urls.bridge}/credentials?${new URLSearchParams({ account, role })}`);

  describe('of credentials', () => {
    it('is offered from 15 minutes to the length of the rule, which is the default', async () => {
      const page = await askFor('prod', 'Admin');
      const options = page.$('select[name=duration] option').toArray();
      assert.deepEqual(
        options.map(option => [page.$(option).attr('value'), page.$(option).text()]),
        [
          ['900s', '15 min'],
          ['1800s', '30 min'],
          ['3600s', '1 h'],
          ['7200s', '2 h'],
          ['', '4 h'],
        ],
      );
      assert.equal(page.$('select[name=duration] option[selected]').attr('value'), '');
    });

    it('is the chosen one, for AWS and in the audit trail', async () => {
      const page = await visitor.submit(
        await askFor('prod', 'Admin'),
        'form[action="/credentials"]',
        {
          duration: '45m',
        },
      );
      assert.equal(page.status, 200);
      assert.match(page.text, /Time left4[45] min/);
      assert.equal(stsLengths().at(-1), '2700');
      const { durationSeconds, requestedSeconds } = await last('credentials.issued');
      assert.deepEqual([durationSeconds, requestedSeconds], [2700, 2700]);
    });

    it('is that of the rule where none is chosen', async () => {
      await visitor.submit(await askFor('prod', 'Admin'), 'form[action="/credentials"]');
      assert.equal(stsLengths().at(-1), '14400');
      const { durationSeconds, requestedSeconds } = await last('credentials.issued');
      assert.deepEqual([durationSeconds, requestedSeconds], [14_400, undefined]);
    });

    it('is chosen on the page that a link with a length opens', async () => {
      const page = await visitor.get(
        `${world.urls.bridge}/credentials?account=prod&role=Admin&duration=50m`,
      );
      const chosen = page.$('select[name=duration] option[selected]');
      assert.deepEqual([chosen.attr('value'), chosen.text()], ['3000s', '50 min']);
    });

    it('is shortened by AWS only with a note on the page', async () => {
      const form = await visitor.submit(
        await askFor('prod', 'ReadOnly'),
        'form[action="/credentials"]',
        {
          duration: '2h',
        },
      );
      assert.match(form.text, /You chose 2 h, but AWS allows 1 h for this role/);
      // An hour was not asked for, so a length that the role may allow is tried.
      await visitor.submit(await askFor('prod', 'ReadOnly'), 'form[action="/credentials"]', {
        duration: '90m',
      });
      assert.deepEqual(stsLengths().slice(-2), ['5400', '3600']);
    });
  });

  describe('of a console', () => {
    it('is the chosen one where the rule gives the console its own', async () => {
      const console = await openConsole('prod', 'Admin', '1h');
      assert.equal(minutesOf(console), 60);
      assert.deepEqual([stsLengths().at(-1), consoleLengths().at(-1)], ['3600', '3600']);
      const { durationSeconds, consoleSeconds, requestedSeconds } =
        await last('console-link.issued');
      assert.deepEqual([durationSeconds, consoleSeconds, requestedSeconds], [3600, 3600, 3600]);
    });

    it('can be longer than that of the credentials, up to that of the rule', async () => {
      assert.equal(minutesOf(await openConsole('prod', 'Admin', '6h')), 360);
      assert.deepEqual([stsLengths().at(-1), consoleLengths().at(-1)], ['14400', '21600']);
      const refused = await openConsole('prod', 'Admin', '8h1m');
      assert.equal(refused.status, 400);
      assert.match(refused.text, /The rule of this role gives at most 8 h/);
    });

    it('shortens the credentials where the console ends with them', async () => {
      const console = await openConsole('partner', 'Auditor', '30m');
      assert.equal(minutesOf(console), 30);
      assert.deepEqual([stsLengths().at(-1), consoleLengths().at(-1)], ['1800', null]);
      const { durationSeconds, consoleSeconds } = await last('console-link.issued');
      assert.deepEqual([durationSeconds, consoleSeconds], [1800, undefined]);
    });

    it('is not exceeded where AWS refuses a length of the console', async () => {
      world.aws.faults.arm({ federation: { refuseDuration: 1 } });
      assert.equal(minutesOf(await openConsole('prod', 'Admin', '20m')), 20);
      assert.deepEqual(consoleLengths().slice(-2), ['1200', null]);
    });

    it('is that of the rule where a form has an empty one', async () => {
      const console = await visitor.submit(roles, button('Console', 'prod', 'Admin'), {
        duration: '',
      });
      assert.equal(minutesOf(console), 480);
    });

    it('is kept on the way through a sign-in', async () => {
      const link = '/console?account=prod&role=Admin&duration=25m';
      const { page } = await world.signIn('alice', 'saml', { returnTo: link });
      assert.equal(minutesOf(page), 25);
    });
  });

  describe('that is wrong', () => {
    for (const [duration, why] of WRONG)
      it(`"${duration.slice(0, 24)}" is rejected in a link and in a form, and AWS is not asked`, async () => {
        const asked = world.toAws.length;
        const link = await openConsole('prod', 'ReadOnly', duration);
        assert.equal(link.status, 400, link.text);
        assert.match(link.text, why);
        assert.ok(!link.html.includes('<script>'));
        const page = await visitor.submit(
          await askFor('prod', 'Admin'),
          'form[action="/credentials"]',
          { duration },
        );
        assert.equal(page.status, 400, page.text);
        assert.match(page.text, why);
        assert.equal(world.toAws.length, asked);
      });

    it('twice in one address is rejected', async () => {
      const twice = await visitor.get(
        `${world.urls.bridge}/console?account=prod&role=Admin&duration=15m&duration=8h`,
      );
      assert.equal(twice.status, 400);
      assert.match(twice.text, /repeated or malformed: duration/);
    });

    it('says nothing of the rule to a user without the role', async () => {
      const { visitor: bob } = await world.signIn('bob', 'saml');
      const page = await bob.get(
        `${world.urls.bridge}/console?account=prod&role=Admin&duration=12h`,
      );
      assert.equal(page.status, 403);
      assert.doesNotMatch(page.text, /8 h|at most/);
    });
  });

  describe('by the bearer API', () => {
    let token: string;
    before(async () => {
      token = (await loginByDevice(world, 'alice')).accessToken;
    });
    const ask = (path: string, duration_seconds: unknown, role = 'Admin') =>
      callApi(world, token, {
        method: 'POST',
        path,
        body: { account: 'prod', role, duration_seconds },
      });

    it('is that of the request', async () => {
      const { json } = await ask('/credentials', 1200);
      assert.deepEqual([json.duration_seconds, json.reduced_from_seconds], [1200, null]);
      const { json: link } = await ask('/console-link', 1800);
      assert.deepEqual([link.duration_seconds, link.console_seconds], [1800, 1800]);
    });

    it('says that AWS gave less than was requested', async () => {
      const { json } = await ask('/credentials', 3 * 3600, 'ReadOnly');
      assert.deepEqual([json.duration_seconds, json.reduced_from_seconds], [3600, 3 * 3600]);
    });

    for (const [seconds, code] of [
      [-900, 'duration_refused'],
      [0, 'duration_refused'],
      [899, 'duration_refused'],
      [12 * 3600, 'duration_refused'],
      [2 ** 40, 'duration_refused'],
      [1e300, 'bad_request'],
      [900.5, 'bad_request'],
      ['3600', 'bad_request'],
      ['1h', 'bad_request'],
      [[900], 'bad_request'],
      [null, 'bad_request'],
      [true, 'bad_request'],
    ] as const)
      it(`${JSON.stringify(seconds)} is ${code}, and AWS is not asked`, async () => {
        const asked = world.toAws.length;
        for (const path of ['/credentials', '/console-link']) {
          const { status, json } = await ask(path, seconds);
          assert.deepEqual([status, json.code], [400, code], path);
        }
        assert.equal(world.toAws.length, asked);
      });

    it('is refused with the limits, and the refusal is recorded', async () => {
      const { json } = await ask('/credentials', 5 * 3600);
      assert.match(
        json.hint ?? json.detail,
        /gives at most 4 h\. Choose a length from 15 min to 4 h/,
      );
      const { code, why } = await last('access.refused');
      assert.equal(code, 'duration_refused');
      assert.match(why, /18000 s, and the role has 900 s to 14400 s/);
    });
  });
});
