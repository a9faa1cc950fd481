import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ENV, GOOD, problems, said, spoiled, written } from './written.ts';

describe('a problem is reported with its line, its path and a fix', () => {
  for (const { title, from, to, says } of problems.cases) {
    it(title, () =>
      written(async ({ check }) => {
        const { configuration, problems } = await check(spoiled(from, to));
        assert.deepEqual(said(problems), says);
        assert.equal(configuration, undefined);
      }),
    );
  }
});

describe('a second factor at Google', () => {
  const google = spoiled('https://acme.okta.com', 'https://accounts.google.com');
  const of = (connectors: string) =>
    google.replace('{ mfa: true }', `{ mfa: true }\n    connectors: ${connectors}`);

  it('cannot be required by a rule for its groups alone', () =>
    written(async ({ check }) => {
      assert.deepEqual(said((await check(of('[okta]'))).problems), [
        '28:16 access[0].require.mfa: cannot be met: Google states no second factor. Remove mfa, and require 2-step verification in Google.',
      ]);
    }));

  it('can be required by a rule for groups of another connector, too', () =>
    written(async ({ check }) => {
      assert.deepEqual((await check(of('[okta, adfs]'))).problems, []);
    }));
});

it('warns of an archive without a retention', () =>
  written(async ({ check }) => {
    const file = spoiled('sessions:', 'audit: { archive: { directory: archive } }\nsessions:');
    const { configuration, problems, warnings } = await check(file);
    assert.deepEqual(problems, []);
    assert.deepEqual(said(warnings), [
      '5:10 audit.archive: has no effect without audit.retention: the database keeps all events. Add retention to audit, such as 400d.',
    ]);
    assert.deepEqual(configuration?.audit, {});
  }));

it('takes a retention with the directory of its archives, relative to the file', () =>
  written(async ({ check, directory }) => {
    const file = spoiled(
      'sessions:',
      'audit: { retention: 400d, archive: { directory: archive } }\nsessions:',
    );
    const { configuration } = await check(file);
    assert.deepEqual(configuration?.audit.retention, {
      retentionSeconds: 400 * 86_400,
      directory: join(directory, 'archive'),
    });
  }));

describe('all problems at once', () => {
  it('of every kind are reported together, in the order of the file', () =>
    written(async ({ check }) => {
      const { problems } = await check(`baseUrl: https://aws.example.com/bridge
listen: { prot: 3000 }
store: {}
connectors:
  - id: okta
    label: Acme Okta
    oidc:
      issuer: http://acme.okta.com
      clientId: 0oa1
      clientSecret: { env: OTHER_SECRET }
accounts:
  - { id: 111122223333, name: prod, trust: saml }
access:
  - groups: [admins]
    accounts: [prod, stage]
    roles: ["*"]
    session: { duration: 14h, tags: { Team: "{team}" }, transitiveTags: [Squad] }
`);
      assert.deepEqual(
        problems.map(({ line, path }) => `${line} ${path}`),
        [
          '1 baseUrl',
          '2 listen.prot',
          '3 store',
          '8 connectors[0].oidc.issuer',
          '10 connectors[0].oidc.clientSecret',
          '12 accounts[0]',
          '12 accounts[0].id',
          '15 access[0].accounts[1]',
          '16 access[0].roles[0]',
          '17 access[0].session.duration',
          '17 access[0].session.tags.Team',
          '17 access[0].session.transitiveTags[0]',
        ],
      );
    }));

  it('do not include a rule that names an account with its own problems', () =>
    written(async ({ check }) => {
      const { problems } = await check(
        spoiled('"222233334444", name: staging', '22223333444, name: staging'),
      );
      assert.deepEqual(
        problems.map(({ path }) => path),
        ['accounts[1].id'],
      );
    }));

  it('treat keys with a meaning in JavaScript like other keys', () =>
    written(async ({ check }) => {
      const { problems } = await check(
        spoiled(
          'id: "111122223333", name',
          'id: { toString: 1, valueOf: 2 }, constructor: 3, name',
        ),
      );
      assert.deepEqual(
        problems.map(({ path }) => path),
        ['accounts[0].id', 'accounts[0].constructor'],
      );
    }));

  it('are one problem at the top for a document of another shape', () =>
    written(async ({ check }) => {
      assert.deepEqual(said((await check('- a\n- b\n')).problems), [
        '1:1: must be a map of keys. Write keys and values, indented or in { }.',
      ]);
    }));
});

describe('a message never contains a secret', () => {
  const SECRET = 'hunter2-Tr0ub4dor';
  const places: readonly (readonly [string, string, string])[] = [
    ['inline', '{ env: OKTA_SECRET }', SECRET],
    ['inline in quotes', '{ env: OKTA_SECRET }', `"${SECRET}"`],
    ['as a list', '{ env: OKTA_SECRET }', `[${SECRET}]`],
    ['as a key', '{ env: OKTA_SECRET }', `{ ${SECRET} }`],
    ['under another key', '{ env: OKTA_SECRET }', `{ value: ${SECRET} }`],
    ['as the name of a variable', '{ env: OKTA_SECRET }', `{ env: ${SECRET} }`],
    ['as a list of names', '{ env: OKTA_SECRET }', `{ env: [${SECRET}] }`],
    ['beside a reference', '{ env: OKTA_SECRET }', `{ env: OKTA_SECRET, value: ${SECRET} }`],
    ['as an alias', '{ env: OKTA_SECRET }', `*${SECRET}`],
    ['as a tag', '{ env: OKTA_SECRET }', `!${SECRET} x`],
    ['as a directive of its own', '{ env: OKTA_SECRET }', `%${SECRET}`],
    ['in an open quote', '{ env: OKTA_SECRET }', `"${SECRET}`],
    ['with a colon', '{ env: OKTA_SECRET }', `${SECRET}: ${SECRET}: x`],
    ['with a bad escape', '{ env: OKTA_SECRET }', `"\\q${SECRET}"`],
    ['under a mistyped key', 'clientSecret: { env: OKTA_SECRET }', `clientSecrt: ${SECRET}`],
    [
      'as the authentication method',
      'clientId: 0oa1',
      `clientId: 0oa1\n      clientAuthentication: ${SECRET}`,
    ],
    [
      'in the URL of a database',
      '{ sqlite: data/rolebridge.db }',
      `{ postgres: { url: "postgres://me:${SECRET}@db/x" } }`,
    ],
    ['in the URL of an issuer', 'https://acme.okta.com', `https://me:${SECRET}@acme.okta.com`],
    ['in a map of the wrong shape', 'clientId: 0oa1', `clientId: { ${SECRET}: 1 }`],
  ];
  for (const [title, from, to] of places) {
    it(title, () =>
      written(async ({ check }) => {
        const { problems } = await check(spoiled(from, to));
        assert.notEqual(problems.length, 0);
        assert.doesNotMatch(JSON.stringify(problems), /hunter2|Tr0ub4dor/);
      }),
    );
  }

  const values: readonly (readonly [string, string, string])[] = [
    ['a client secret with a line break', '{ env: OKTA_SECRET }', '{ env: WRONG }'],
    [
      'a database URL that is none',
      '{ sqlite: data/rolebridge.db }',
      '{ postgres: { url: { env: WRONG } } }',
    ],
    ['an external id that is none', 'externalId: ext-1', 'externalId: { env: WRONG }'],
  ];
  for (const [title, from, to] of values) {
    it(title, () =>
      written(async ({ check }) => {
        const { problems } = await check(spoiled(from, to), { ...ENV, WRONG: `${SECRET}\n;` });
        assert.equal(problems.length, 1);
        assert.doesNotMatch(JSON.stringify(problems), /hunter2|Tr0ub4dor/);
      }),
    );
  }

  it('of a secret that a policy file points at by mistake', () =>
    written(async ({ check, put }) => {
      put('secret.txt', SECRET);
      const { problems } = await check(
        spoiled('{ duration: 4h }', '{ policy: { file: secret.txt } }'),
      );
      assert.deepEqual(said(problems), [
        '27:26 access[0].session.policy.file: points at a file that is not JSON. Put the JSON of an IAM policy there.',
      ]);
    }));
});

it('the good configuration has no problem or warning', () =>
  written(async ({ check }) => {
    const { configuration, problems, warnings } = await check(GOOD);
    assert.deepEqual([said(problems), said(warnings)], [[], []]);
    assert.notEqual(configuration, undefined);
  }));
