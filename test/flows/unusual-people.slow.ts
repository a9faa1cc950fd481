import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { WorldInput } from '../../src/dev/local-aws/world.ts';
import type { Person } from '../../src/dev/people.ts';
import { button, callerOf, credentialsOn, refusalOn } from '../support/handout.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, type Protocol, useWorld, type World } from '../support/world.ts';

const PROTOCOLS: readonly Protocol[] = ['oidc', 'saml'];
/** RoleSessionName and SourceIdentity (STS API reference). */
const FITS_AWS = /^[\w+=,.@-]{2,64}$/;
/** The dash and the person's own sixteen characters stand behind the user name. */
const ROOM_FOR_USERNAME = 64 - 17;

function person(username: string, groups: readonly string[] = ['developers']): Person {
  return {
    username,
    password: 'secret',
    displayName: username,
    email: 'somebody@acme.example',
    department: 'Payments',
    groups,
  };
}

/** Gives the role `Plain` in prod to developers, with nothing of the person in its session. */
const PLAIN_RULE =
  '  - { name: plain, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [prod], roles: [Plain] }';

/** Two more that say the user's own name: one with a way out, one without. */
const NAMING_RULES = ['Named', 'Strict'].map(
  (role, index) =>
    `  - { groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [prod], roles: [${role}], session: { sourceIdentity: "${['{username|{sessionName}}', '{username}'][index]}" } }`,
);

function withPlainRole(aws: WorldInput): WorldInput {
  const developer = aws.roles!.find(
    ({ account, name }) => account === '111122223333' && name === 'Developer',
  )!;
  return {
    ...aws,
    roles: [...aws.roles!, ...['Plain', 'Named', 'Strict'].map(name => ({ ...developer, name }))],
  };
}

async function signIn(
  world: World,
  username: string,
  connector: string,
): Promise<{ visitor: Visitor; page: Page }> {
  const visitor = new Visitor();
  const login = await visitor.get(`${world.urls.bridge}/sign-in/${connector}`);
  return { visitor, page: await enterPassword(visitor, login, { username, password: 'secret' }) };
}

describe('people with unusual names', () => {
  const NAMES: Readonly<Record<string, string>> = {
    'a blank': 'anna lena',
    'blanks around it': ' heidi ',
    'a blank in front': ' heidi',
    'small letters': 'heidi',
    'a capital letter': 'Heidi',
    'capital letters': 'HEIDI',
    'letters of another script that look the same': 'h\u0435idi',
    umlauts: 'jürgen.müller',
    'umlauts in two parts': 'ju\u0308rgen.mu\u0308ller',
    'one letter': 'h',
    '200 characters': 'a'.repeat(200),
    'as many characters as a session name has room for': 'b'.repeat(ROOM_FOR_USERNAME),
    'one character more': 'b'.repeat(ROOM_FOR_USERNAME + 1),
    'an emoji': 'fox🦊',
    markup: '<script>alert(1)</script>',
    'quotes and entities': `"o'neil" &lt;b&gt;`,
    'what looks like an ARN': 'arn:aws:iam::111122223333:role/Admin',
    'a prefix that AWS keeps for itself': 'aws:root',
    'the end of another name': 'heidi-aaaaaaaaaaaaaaaa',
  };
  const people = Object.values(NAMES);
  const issued: {
    readonly username: string;
    readonly connector: string;
    readonly sessionName: string;
  }[] = [];
  const world = useWorld({
    people: people.map(username => person(username)),
    configure: yaml =>
      yaml.replace(/^access:$/m, `$&\n${[PLAIN_RULE, ...NAMING_RULES].join('\n')}`),
    aws: withPlainRole,
  });

  for (const [what, username] of Object.entries(NAMES)) {
    for (const protocol of PROTOCOLS) {
      it(`${what}: signs in by ${protocol}, is shown as text, and gets a session that AWS takes`, async () => {
        const { visitor, page } = await signIn(world, username, CONNECTOR[protocol]);
        assert.equal(page.status, 200, page.text);
        assert.ok(page.$('header').text().includes(username));
        assert.ok(!page.html.includes('<script>alert') && !page.html.includes('"o\'neil"'));

        const shown = await visitor.submit(page, button('Credentials', 'prod', 'Plain'));
        const sessionName = (await callerOf(world.urls.aws, credentialsOn(shown)))
          .split('/')
          .at(-1)!;
        assert.match(sessionName, FITS_AWS);

        const fits = FITS_AWS.test(`${username}-`) && username.length <= ROOM_FOR_USERNAME;
        assert.match(sessionName.slice(fits ? username.length + 1 : 0), /^[a-z2-7]{16}$/);

        if (fits) assert.ok(sessionName.startsWith(`${username}-`));
        issued.push({ username, connector: CONNECTOR[protocol], sessionName });
        assert.equal(
          sourceIdentityOn(await visitor.submit(page, button('Console', 'prod', 'Developer'))),
          sessionName,
        );

        const named = await visitor.submit(page, button('Console', 'prod', 'Named'));
        assert.equal(sourceIdentityOn(named), FITS_AWS.test(username) ? username : sessionName);

        // Without an alternative the source identity is the name as it stands, or there is none and
        // no role.
        const strict = await visitor.submit(page, button('Console', 'prod', 'Strict'));
        if (FITS_AWS.test(username)) {
          assert.equal(sourceIdentityOn(strict), username);
        } else {
          assert.equal(strict.status, 403);
          assert.match(
            strict.text,
            /does not fit AWS's limits for the source identity of this role/,
          );
        }
      });
    }
  }

  it('no two of them share a session name, not even where capital letters do not count', async () => {
    assert.equal(issued.length, people.length * PROTOCOLS.length);
    assert.equal(
      new Set(issued.map(({ sessionName }) => sessionName.toLowerCase())).size,
      issued.length,
    );
  });

  it('the audit trail has each name letter by letter beside its session name', async () => {
    const events = (await world.audit()).filter(isIssued);
    for (const { username, connector, sessionName } of issued) {
      const event = events.find(candidate => candidate.sessionName === sessionName);
      assert.deepEqual([event?.actor.username, event?.actor.connector], [username, connector]);
    }
  });

  it('no name breaks a line of the log', () => {
    for (const line of world.log) assert.equal(typeof JSON.parse(line), 'object');
  });
});

describe('users whose names cannot be told apart or printed', () => {
  const NAMES: Readonly<Record<string, string>> = {
    'a character without width': 'hei\u200bdi',
    'a turn of the writing direction': '\u202eidieh',
    'a line break': 'heidi\nadmin',
    'a tab': 'hei\tdi',
    'nothing but blanks': '   ',
    'more than 256 characters': 'a'.repeat(257),
    'emoji that are joined by an invisible character': 'dev👩\u200d💻',
  };
  const world = useWorld({ people: Object.values(NAMES).map(username => person(username)) });

  for (const [what, username] of Object.entries(NAMES)) {
    for (const protocol of PROTOCOLS) {
      it(`${what}: is refused by ${protocol} with the reason for the operator`, async () => {
        const { visitor, page } = await signIn(world, username, CONNECTOR[protocol]);

        assert.equal(page.status, 403);
        assert.match(page.text, /identity_incomplete/);
        assert.match(page.text, /Your identity provider did not send all required attributes/);
        assert.equal(visitor.cookie(world.urls.bridge, 'rolebridge'), undefined);
        assert.match(
          (await refusalOn(world, page)).why,
          /^the username claim "(?:preferred_username|uid)" (?:contains a control or invisible|is blank|has 257).*; received claims: .*\b(?:groups|memberOf)\b/,
        );
      });
    }
  }
});

describe('the same person id at two connectors', () => {
  const TWINS = { oidc: ['corp-oidc', 'other-oidc'], saml: ['corp-saml', 'other-saml'] } as const;
  const world = useWorld({
    people: [person('alice')],
    connectors: { oidc: [TWINS.oidc[1]], saml: [TWINS.saml[1]] },
    // Persistent NameIDs differ from service provider to service provider; the user name does
    // not.
    configure: yaml =>
      withTwins(
        yaml
          .replace(/^access:$/m, `$&\n${PLAIN_RULE}`)
          .replace(/^ {4}saml:$/m, '$&\n      subject: uid'),
      ),
    aws: withPlainRole,
  });

  for (const protocol of PROTOCOLS) {
    it(`is two people by ${protocol}: to the audit trail, and to AWS`, async () => {
      for (const connector of TWINS[protocol]) {
        const { visitor, page } = await signIn(world, 'alice', connector);
        assert.equal(
          (await visitor.submit(page, button('Credentials', 'prod', 'Plain'))).status,
          200,
        );
      }

      const [second, first] = (await world.audit()).filter(isIssued);
      assert.deepEqual([first!.actor.connector, second!.actor.connector], TWINS[protocol]);
      assert.equal(first!.actor.username, second!.actor.username);
      assert.notEqual(first!.actor.person, second!.actor.person);
      assert.notEqual(first!.sessionName, second!.sessionName);
    });

    it(`does not let a session begun at one ${protocol} connector pass for the other's`, async () => {
      const [one, other] = TWINS[protocol];
      const visitor = new Visitor();
      const login = await visitor.get(`${world.urls.bridge}/sign-in/${one}`);
      const isOurs = (url: string): boolean => url.startsWith(`${world.urls.bridge}/`);
      const page = await visitor.submit(
        login,
        'form',
        { username: 'alice', password: 'secret' },
        { stopAt: isOurs },
      );

      const refused =
        protocol === 'oidc'
          ? await visitor.get(page.path.at(-1)!.replace(`/oidc/${one}/`, `/oidc/${other}/`))
          : await visitor.post(`${world.urls.bridge}/saml/${other}/acs`, fieldsOf(page));

      assert.equal(refused.status, 400);
      assert.match(refused.text, /attempt_invalid/);
    });
  }
});

describe('people with unusual groups', () => {
  const MANY = Array.from(
    { length: 498 },
    (_, index) => `directory-group-of-the-whole-company-${index}`,
  );
  const NEAR_MISSES = [
    'developers,aws-admins',
    'developers;aws-admins',
    ' developers',
    'developers ',
    'Developers',
    'cn=developers,ou=groups,dc=acme',
    'aws-{account}-{role}',
    'aws-*-Admin',
    'aws-prod-*',
    'aws-prod-../Admin',
    'AWS-prod-ReadOnly',
    '<b>developers</b>',
    '__proto__',
    'constructor',
  ];
  const BROKEN: Readonly<Record<string, string>> = {
    'a line break': 'developers\naws-admins',
    'a line separator of Unicode': 'developers\u2028aws-admins',
    'a NUL at the end': 'developers\u0000',
    'more than 256 characters': 'g'.repeat(257),
  };
  const world = useWorld({
    people: [
      person('queen', [...MANY, 'developers', 'aws-staging-ReadOnly']),
      person('near', NEAR_MISSES),
      ...Object.entries(BROKEN).map(([what, group]) => person(what, ['developers', group])),
    ],
  });

  for (const protocol of PROTOCOLS) {
    it(`500 groups come through by ${protocol}, the last ones too`, async () => {
      const { visitor, page } = await signIn(world, 'queen', CONNECTOR[protocol]);
      assert.equal(page.status, 200);
      assert.equal(
        (await visitor.submit(page, button('Credentials', 'staging', 'ReadOnly'))).status,
        200,
      );
      assert.equal(
        (await visitor.submit(page, button('Credentials', 'prod', 'Developer'))).status,
        200,
      );

      const event = (await world.audit()).find(({ type }) => type === 'sign-in.succeeded');
      assert.equal(event?.type === 'sign-in.succeeded' && event.groupCount, 500);
    });

    it(`a group that only resembles one gives nothing by ${protocol}, and the page shows it as it is`, async () => {
      const { visitor, page } = await signIn(world, 'near', CONNECTOR[protocol]);
      assert.equal(page.status, 200);
      assert.equal(page.$('button[aria-label^="Credentials: "]').length, 0);

      const shown = new Set(
        page
          .$('main li, main code')
          .toArray()
          .map(element => page.$(element).text()),
      );
      for (const group of NEAR_MISSES)
        assert.ok(
          [...shown].some(text => text.includes(group)),
          `${JSON.stringify(group)} in ${[...shown]}`,
        );
      assert.ok(!page.html.includes('<b>developers'));

      for (const role of ['Admin', 'Developer', 'ReadOnly']) {
        const refused = await visitor.get(
          `${world.urls.bridge}/credentials?account=prod&role=${role}`,
        );
        assert.equal(refused.status, 403, role);
      }
    });
  }

  for (const [what, group] of Object.entries(BROKEN)) {
    // XML 1.0 has no U+0000, so no SAML identity provider can send it.
    for (const protocol of PROTOCOLS.filter(
      candidate => candidate === 'oidc' || !group.includes('\u0000'),
    )) {
      it(`a group with ${what} is left out and counted by ${protocol}, and the others count`, async () => {
        const { visitor, page } = await signIn(world, what, CONNECTOR[protocol]);
        assert.equal(page.status, 200);
        assert.equal(
          (await visitor.submit(page, button('Credentials', 'prod', 'Developer'))).status,
          200,
        );
        const event = (await world.audit()).find(({ type }) => type === 'sign-in.succeeded');
        assert.equal(event?.type === 'sign-in.succeeded' && event.groupCount, 1);
        const { leftOut } = lineOf(world, 'claims received');
        assert.equal(leftOut.length, 1);
        assert.match(
          leftOut[0]!,
          /^1 entry of the groups claim "(?:groups|memberOf)": entry 2 (?:contains a control or invisible|has 257)/,
        );
      });
    }
  }
});

// ---------------------------------------------------------------- the trail and the configuration

/** The newest line of the log with this message. */
function lineOf(world: World, message: string): { readonly leftOut: readonly string[] } {
  return world.log
    .map(line => JSON.parse(line) as { msg: string; leftOut: string[] })
    .findLast(({ msg }) => msg === message)!;
}

type Issued = Extract<AuditEvent, { type: 'credentials.issued' }>;

function isIssued(event: AuditEvent): event is Issued {
  return event.type === 'credentials.issued';
}

function sourceIdentityOn(console: Page): string {
  const term = console
    .$('dt')
    .filter((_, element) => console.$(element).text() === 'Source identity');
  return term.next().text();
}

/** What the form on the page would send. */
function fieldsOf(page: Page): URLSearchParams {
  const fields = page.$('form').serializeArray();
  return new URLSearchParams(fields.map(({ name, value }): [string, string] => [name, value]));
}

/** Each connector a second time, under another id and label, with groups that count as much. */
function withTwins(yaml: string): string {
  const trusting = yaml.replaceAll(
    /connectors: \[corp-oidc, corp-saml\]/g,
    'connectors: [corp-oidc, corp-saml, other-oidc, other-saml]',
  );
  return trusting.replaceAll(
    /^ {2}- id: corp-(oidc|saml)\n(?: {4}.*\n)+/gm,
    (block, protocol: string) => {
      return `${block}${block.replace(`corp-${protocol}`, `other-${protocol}`).replace(/label: .*/, `label: The other ${protocol}`)}`;
    },
  );
}
