/** Groups in the forms that identity providers have, from the sign-in to the role. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Person } from '../../src/dev/people.ts';
import { refusalOn } from '../support/handout.ts';
import { Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, type Protocol, useWorld, type World } from '../support/world.ts';

const PROTOCOLS: readonly Protocol[] = ['oidc', 'saml'];
/** Part of every group, which no log may contain. */
const SECRET = 'project-nightfall';

function person(username: string, groups: readonly string[]): Person {
  const named = { username, password: username, displayName: username, department: 'Payments' };
  return { ...named, email: `${username}@acme.example`, groups };
}

/** The line of the log that says this of the newest sign-in. */
function lineOf(world: World, message: string): Readonly<Record<string, unknown>> {
  const lines = world.log.map(line => JSON.parse(line) as Record<string, unknown>);
  return lines.findLast(({ msg }) => msg === message) ?? {};
}

async function rolesOf(world: World, username: string, protocol: Protocol): Promise<string[]> {
  const { page } = await world.signIn(username, protocol);
  return page
    .$('button[aria-label^="Credentials: "]')
    .toArray()
    .map(element => page.$(element).attr('aria-label')!.replace('Credentials: ', ''));
}

describe('groups in a form that the connector states', () => {
  const world = useWorld({
    people: [
      person('separated', [`${SECRET}, developers`]),
      person('json', [`["${SECRET}","developers"]`]),
    ],
    configure: yaml =>
      yaml
        .replace(/^ {4}oidc:$/m, '$&\n      groupsFormat: json')
        .replace(/^ {4}saml:$/m, '$&\n      groupSeparator: ","'),
  });
  for (const [username, protocol] of [
    ['separated', 'saml'],
    ['json', 'oidc'],
  ] as const) {
    it(`gives the roles of each group: ${username} by ${protocol}`, async () => {
      const roles = await rolesOf(world, username, protocol);
      assert.ok(roles.includes('prod as Developer'), String(roles));
      assert.equal(lineOf(world, 'claims received').groupCount, 2);
    });
  }
});

describe('groups in a form that the connector does not state', () => {
  const FIXES: Readonly<Record<string, string>> = {
    [`${SECRET},developers`]: 'set groupSeparator: "," in the connector',
    [`["${SECRET}","developers"]`]: 'set groupsFormat: json in the connector',
  };
  const world = useWorld({
    people: Object.keys(FIXES).map((groups, index) => person(`user${index}`, [groups])),
  });
  for (const protocol of PROTOCOLS) {
    for (const [index, fix] of Object.values(FIXES).entries()) {
      it(`the log names the likely fix, and the page does not: ${fix} (${protocol})`, async () => {
        const { page } = await world.signIn(`user${index}`, protocol);

        assert.match(page.text, /You have no roles yet/);
        assert.doesNotMatch(page.text, /groupSeparator|groupsFormat/);
        for (const message of ['claims received', 'the user has no role']) {
          const line = lineOf(world, message);
          assert.equal(line.fix, fix, message);
          assert.equal(line.level, 'warn');
          const received = line.received as string[];
          assert.ok(received.includes(protocol === 'oidc' ? 'groups' : 'memberOf'));
        }
      });
    }
  }

  it('no line of the log contains a group or an address', () => {
    for (const line of world.log) assert.doesNotMatch(line, /project-nightfall|@acme\.example/);
  });
});

describe('a user without groups', () => {
  const world = useWorld();
  for (const protocol of PROTOCOLS) {
    it(`has no role, and the log names what came (${protocol})`, async () => {
      const { visitor } = await world.signIn('carol', protocol);
      world.clock.turn(60);
      await visitor.get(`${world.urls.bridge}/`);

      const line = lineOf(world, 'the user has no role');
      assert.equal(line.level, 'info');
      assert.equal(line.fix, undefined);
      assert.equal(line.groupCount, 0);
      assert.ok((line.received as string[]).includes(protocol === 'oidc' ? 'email' : 'mail'));
    });
  }
});

describe('groups by the names that Okta gives them', () => {
  const world = useWorld({
    people: [
      person('okta', [
        'aws#acme-prod#Developer#111122223333',
        'aws#other#Developer#222233334444x',
        'CORP\\aws-staging-Developer',
      ]),
    ],
    configure: yaml =>
      yaml.replace(
        /^access:$/m,
        `$&
  - { groupPattern: "aws#{_}#{role}#{accountId}", connectors: [corp-oidc, corp-saml] }
  - { groupPattern: "CORP\\\\aws-{account}-{role}", connectors: [corp-oidc, corp-saml] }`,
      ),
  });
  for (const protocol of PROTOCOLS) {
    it(`name account and role (${protocol})`, async () => {
      const roles = await rolesOf(world, 'okta', protocol);
      assert.deepEqual(roles.toSorted(), ['prod as Developer', 'staging as Developer']);
    });
  }
});

describe('a user without a user name', () => {
  const world = useWorld({
    configure: yaml => yaml.replaceAll(/username: \w+/g, 'username: login_name'),
  });
  for (const protocol of PROTOCOLS) {
    it(`is refused with the names of what came, and no value (${protocol})`, async () => {
      const visitor = new Visitor();
      const login = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}`);
      const page = await enterPassword(visitor, login, { username: 'alice' });

      assert.equal(page.status, 403);
      assert.doesNotMatch(page.text, /login_name|memberOf/);
      const { why } = await refusalOn(world, page);
      assert.match(why, /^the username claim "login_name" is missing or empty; received claims: /);
      assert.match(why, protocol === 'oidc' ? /groups/ : /memberOf/);
      assert.doesNotMatch(why, /alice|aws-admins/);
    });
  }
});
