/** The rules of the README lock no user out, whatever a user is called. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Person } from '../../src/dev/people.ts';
import { blocksOf } from '../docs/pages.ts';
import { button, callerOf, credentialsOn } from '../support/handout.ts';
import { Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, type Protocol, useWorld, type World } from '../support/world.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const INSIDE = { 'x-forwarded-for': '10.1.2.3' };

const NAMES: Readonly<Record<string, string>> = {
  'letters and a space that AWS does not take': 'Åsa Öberg',
  'another script': '名前',
  'one letter': 'a',
  '65 characters': 'u'.repeat(65),
  '256 characters': 'u'.repeat(256),
  'a comma': 'berg,anna',
  'an apostrophe': "o'neil",
  'a domain in front': 'CORP\\alice',
  'a usual name': 'alice',
};
const EMAILS: Readonly<Record<string, string>> = {
  "o'neil": "o'neil@acme.example",
  alice: 'alice@acme.example',
};

function person(username: string): Person {
  const email = EMAILS[username] ?? `${encodeURIComponent(username).slice(0, 40)}!@acme.example`;
  return {
    username,
    password: 'secret',
    displayName: username,
    email,
    department: 'Payments',
    groups: ['aws-admins'],
  };
}

/**
 * The demo with the access rules of the README, for both of its connectors, behind a proxy that
 * names the caller.
 */
function withRulesOfTheReadme(yaml: string): string {
  const example = blocksOf(README).find(
    ({ info, text }) => info === 'yaml' && text.includes('\naccess:'),
  )!.text;
  const rules = example
    .slice(example.indexOf('\naccess:'))
    .replaceAll('connectors: [okta]', 'connectors: [corp-oidc, corp-saml]');
  const others = yaml.slice(yaml.indexOf('\naws:'));
  return `${yaml.slice(0, yaml.indexOf('\naccess:'))}${rules}${others}proxy: { trusted: [127.0.0.1/32] }\n`;
}

describe('the example of the README', () => {
  const world = useWorld({
    people: Object.values(NAMES).map(person),
    configure: withRulesOfTheReadme,
  });

  for (const protocol of ['oidc', 'saml'] as const) {
    for (const [what, username] of Object.entries(NAMES)) {
      it(`gives its role to a user name of ${what} by ${protocol}, and AWS takes the session`, async () => {
        const { visitor, portal } = await signIn(world, username, protocol);
        const shown = await visitor.submit(
          portal,
          button('Credentials', 'prod', 'Admin'),
          {},
          { headers: INSIDE },
        );
        assert.equal(shown.status, 200, shown.text);

        const arn = await callerOf(world.urls.aws, credentialsOn(shown));
        const event = (await world.audit()).find(
          (one): one is Issued => one.type === 'credentials.issued',
        )!;
        assert.equal(event.actor.username, username);
        assert.equal(
          event.sourceIdentity,
          event.sessionName,
          'the source identity is the unique session name',
        );
        assert.ok(arn.endsWith(`:assumed-role/Admin/${event.sessionName}`), arn);

        const console = await visitor.submit(
          portal,
          button('Console', 'prod', 'Admin'),
          {},
          { headers: INSIDE },
        );
        assert.equal(console.status, 200, console.text);

        const email = username === 'alice' ? EMAILS.alice! : 'none';
        assert.ok(
          console.$('tbody tr').text().replaceAll(/\s+/g, ' ').includes(email),
          console.text,
        );
      });
    }
  }
});

type Issued = Extract<AuditEvent, { type: 'credentials.issued' }>;

async function signIn(world: World, username: string, protocol: Protocol) {
  const visitor = new Visitor();
  await enterPassword(
    visitor,
    await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}`),
    { username, password: 'secret' },
  );
  return { visitor, portal: await visitor.get(world.urls.bridge, { headers: INSIDE }) };
}
