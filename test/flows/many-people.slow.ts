import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Person } from '../../src/dev/people.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, type Protocol, useWorld } from '../support/world.ts';

type Issued = Extract<AuditEvent, { type: 'credentials.issued' }>;

interface Guest {
  readonly person: Person;
  readonly protocol: Protocol;
  /** The one role that the person's own groups give. */
  readonly account: string;
  readonly role: string;
}

/** Three kinds of groups, so that the roles of a neighbour would be seen. */
const KINDS = [
  { group: 'developers', account: 'prod', role: 'Developer', others: 3 },
  { group: 'aws-staging-ReadOnly', account: 'staging', role: 'ReadOnly', others: 1 },
  { group: 'aws-staging-Developer', account: 'staging', role: 'Developer', others: 1 },
] as const;

const GUESTS: readonly Guest[] = Array.from({ length: 50 }, (_, index) => {
  const username = `guest-${String(index).padStart(2, '0')}`;
  const { group, account, role } = KINDS[index % KINDS.length]!;
  return {
    person: {
      username,
      password: username,
      displayName: `Guest Number ${index}`,
      email: `${username}@acme.example`,
      department: `Department ${index}`,
      groups: [group, `only-${username}`],
    },
    protocol: index % 2 === 0 ? 'oidc' : 'saml',
    account,
    role,
  };
});

describe('fifty people at once, half by each protocol', () => {
  const arrived = new Map<Guest, { readonly visitor: Visitor; readonly page: Page }>();
  const world = useWorld({ people: GUESTS.map(({ person }) => person) });

  it('everyone lands on a page of their own, with their own roles', async () => {
    await Promise.all(
      GUESTS.map(async guest => {
        arrived.set(guest, await world.signIn(guest.person.username, guest.protocol));
      }),
    );
    for (const [{ person, account, role }, { page }] of arrived) {
      assert.equal(page.status, 200, person.username);
      const header = page.$('header.masthead').text().replaceAll(/\s+/g, ' ');
      assert.match(header, new RegExp(`${person.displayName}(?!\\d)`));
      assert.equal(page.$(`button[aria-label="Credentials: ${account} as ${role}"]`).length, 1);
      const kind = KINDS.find(({ group }) => person.groups.includes(group))!;
      assert.equal(page.$('button[aria-label^="Credentials: "]').length, kind.others);
    }

    const sessions = new Set(
      [...arrived.values()].map(({ visitor }) => visitor.cookie(world.urls.bridge, 'rolebridge')),
    );
    assert.equal(sessions.size, GUESTS.length);
  });

  it('every user gets credentials that AWS and the audit trail record under their own name', async () => {
    const callers = await Promise.all(
      [...arrived].map(async ([guest, { visitor, page }]) => {
        const shown = await visitor.submit(
          page,
          `button[aria-label="Credentials: ${guest.account} as ${guest.role}"]`,
        );
        assert.equal(shown.status, 200, shown.text);
        const {
          AccessKeyId: accessKeyId,
          SecretAccessKey: secretAccessKey,
          SessionToken: sessionToken,
        } = credentialsOn(shown);
        const client = new STSClient({
          region: 'eu-west-1',
          endpoint: world.urls.aws,
          credentials: { accessKeyId, secretAccessKey, sessionToken },
          maxAttempts: 1,
        });
        const { Arn } = await client.send(new GetCallerIdentityCommand({}));
        client.destroy();
        return { guest, accessKeyId, arn: Arn! };
      }),
    );
    const issued = (await world.audit()).filter(
      (event): event is Issued => event.type === 'credentials.issued',
    );
    assert.equal(issued.length, GUESTS.length);

    for (const { guest, accessKeyId, arn } of callers) {
      const { username } = guest.person;
      const event = issued.find(candidate => candidate.accessKeyId === accessKeyId)!;
      assert.equal(event.actor.username, username);
      assert.equal(event.actor.connector, CONNECTOR[guest.protocol]);
      assert.equal(event.sessionName, `${username}-${event.actor.person}`);
      assert.equal(event.sourceIdentity, event.sessionName);
      assert.ok(arn.endsWith(`:assumed-role/${guest.role}/${event.sessionName}`), arn);
    }
    assert.equal(new Set(issued.map(({ actor }) => actor.person)).size, GUESTS.length);
    assert.equal(new Set(issued.map(({ origin }) => origin.correlationId)).size, GUESTS.length);
  });

  it('everyone opens the console as themselves', async () => {
    const developers = [...arrived].filter(([{ account }]) => account === 'prod');
    const consoles = await Promise.all(
      developers.map(async ([{ person }, { visitor, page }]) => ({
        person,
        console: await visitor.submit(page, 'button[aria-label="Console: prod as Developer"]'),
      })),
    );
    assert.equal(consoles.length, 17);

    for (const { person, console } of consoles) {
      assert.match(console.text, new RegExp(`Source identity\\s*${person.username}(?!\\d)`, 'i'));
      assert.ok(console.text.includes(person.email), console.text);
    }
  });
});

function credentialsOn(page: Page): {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
} {
  const json = page
    .$('pre, code, textarea')
    .toArray()
    .map(element => page.$(element).text().trim())
    .find(text => text.startsWith('{'));
  return JSON.parse(json!);
}
