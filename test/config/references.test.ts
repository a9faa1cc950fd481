import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ENV, GOOD, said, spoiled, written } from './written.ts';

describe('a reference of the file', () => {
  it('reads a secret file relative to the configuration, without its last line break', () =>
    written(async ({ check, put }) => {
      put('okta.secret', 'correct horse\r\n');
      const { configuration } = await check(
        spoiled('{ env: OKTA_SECRET }', '{ file: okta.secret }'),
      );
      const [okta] = configuration?.connectors ?? [];
      assert.equal(okta?.protocol === 'oidc' ? okta.clientSecret : undefined, 'correct horse');
    }));

  const refused: readonly (readonly [string, string, string])[] = [
    ['an empty secret', '\n', 'points at an empty secret. Put the secret there.'],
    [
      'two lines',
      'one\ntwo\n',
      'points at a secret with a line break or a control character in it. Put the secret alone there, on one line.',
    ],
  ];
  for (const [title, content, says] of refused) {
    it(`a secret file with ${title} is refused`, () =>
      written(async ({ check, put }) => {
        put('okta.secret', content);
        const { problems } = await check(spoiled('{ env: OKTA_SECRET }', '{ file: okta.secret }'));
        assert.deepEqual(said(problems), [`12:7 connectors[0].oidc.clientSecret: ${says}`]);
      }));
  }

  it('rejects a directory instead of a secret file', () =>
    written(async ({ check, directory }) => {
      mkdirSync(join(directory, 'secrets'));
      const { problems } = await check(spoiled('{ env: OKTA_SECRET }', '{ file: secrets }'));
      assert.match(said(problems).join(), /the file .*secrets is not a regular file\./);
    }));

  it('rejects an empty environment variable', () =>
    written(async ({ check }) => {
      assert.deepEqual(said((await check(GOOD, { OKTA_SECRET: '' })).problems), [
        '12:7 connectors[0].oidc.clientSecret: points at an empty secret. Put the secret there.',
      ]);
    }));

  it('takes the URL of a database from its secret', () =>
    written(async ({ check }) => {
      const yaml = spoiled(
        '{ sqlite: data/rolebridge.db }',
        '{ postgres: { url: { env: DATABASE_URL } } }',
      );
      const url = 'postgresql://bridge:s3cret@db.example.com/rolebridge?sslmode=verify-full';
      const { configuration } = await check(yaml, { ...ENV, DATABASE_URL: url });
      assert.deepEqual(configuration?.store, { kind: 'postgres', url });
    }));

  it('reads a session policy and removes its white space', () =>
    written(async ({ check, put }) => {
      const policy = {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
      };
      put('scope.json', JSON.stringify(policy, undefined, 400));
      const { configuration } = await check(
        spoiled('{ duration: 4h }', '{ policy: { file: scope.json } }'),
      );
      assert.equal(configuration?.access[0]?.session.policy, JSON.stringify(policy));
    }));

  const policies: readonly (readonly [string, string, RegExp])[] = [
    ['is not JSON', '{ "Version": 1,\n', /is not JSON \(line 2 column 1\)/],
    ['is not a policy', '[]', /is not an IAM policy/],
    [
      'is too long',
      JSON.stringify({ Statement: 'x'.repeat(2048) }),
      /of 2064 characters without white space/,
    ],
    ['has characters that AWS does not take', '{"Statement":"€"}', /characters beyond U\+00FF/],
  ];
  for (const [title, content, says] of policies) {
    it(`a session policy that ${title} is refused`, () =>
      written(async ({ check, put }) => {
        put('scope.json', content);
        const { problems } = await check(
          spoiled('{ duration: 4h }', '{ policy: { file: scope.json } }'),
        );
        assert.match(said(problems).join(), says);
      }));
  }

  it('accepts a copy of metadata up to the limit of the connector', () =>
    written(async ({ check, put }) => {
      const yaml = spoiled('{ url: https://adfs.example.com/metadata.xml }', '{ file: idp.xml }');
      const file = put('idp.xml', 'x'.repeat(2_000_000));
      assert.deepEqual(said((await check(yaml)).problems), []);
      put('idp.xml', 'x'.repeat(2_000_001));
      assert.match(
        said((await check(yaml)).problems).join(),
        new RegExp(`the file ${file} is larger than 2000000 bytes\\.`),
      );
    }));

  it('resolves a copy of metadata to an absolute path', () =>
    written(async ({ check, put }) => {
      const file = put('idp.xml', '<EntityDescriptor/>');
      const { configuration } = await check(
        spoiled('{ url: https://adfs.example.com/metadata.xml }', '{ file: idp.xml }'),
      );
      const adfs = configuration?.connectors[1];
      assert.deepEqual(adfs?.protocol === 'saml' ? adfs.metadata : undefined, { file });
    }));
});

describe('a credential of systemd', () => {
  const yaml = spoiled('{ env: OKTA_SECRET }', '{ credential: okta-secret }');

  it('is read from $CREDENTIALS_DIRECTORY, with the modes that systemd gives it', () =>
    written(async ({ check, directory }) => {
      const credentials = join(directory, 'credentials');
      for (const mode of [0o400, 0o440]) {
        mkdirSync(credentials, { mode: 0o700 });
        writeFileSync(join(credentials, 'okta-secret'), 'correct horse\n', { mode });
        const { configuration, problems } = await check(yaml, {
          CREDENTIALS_DIRECTORY: credentials,
        });
        assert.deepEqual(problems, []);
        const [okta] = configuration?.connectors ?? [];
        assert.equal(okta?.protocol === 'oidc' ? okta.clientSecret : undefined, 'correct horse');
        rmSync(credentials, { recursive: true });
      }
    }));

  it('that the unit does not load is named, with the line to add', () =>
    written(async ({ check, directory }) => {
      const { problems } = await check(yaml, { CREDENTIALS_DIRECTORY: directory });
      assert.deepEqual(said(problems), [
        `12:7 connectors[0].oidc.clientSecret: the file ${join(directory, 'okta-secret')} does not exist. Add LoadCredential=okta-secret:PATH to the unit of the bridge.`,
      ]);
    }));

  it('outside of a unit says why it is not there', () =>
    written(async ({ check }) => {
      assert.deepEqual(said((await check(yaml, {})).problems), [
        '12:7 connectors[0].oidc.clientSecret: there is no credential okta-secret, because CREDENTIALS_DIRECTORY is not set. Start the bridge by a systemd unit with LoadCredential=okta-secret:PATH.',
      ]);
    }));

  for (const name of ['../okta', '/etc/shadow', '.hidden', 'a b', '""', 'x'.repeat(129)]) {
    it(`is rejected with the name ${name.slice(0, 12)}`, () =>
      written(async ({ check }) => {
        const { problems } = await check(
          spoiled('{ env: OKTA_SECRET }', `{ credential: ${name} }`),
          { CREDENTIALS_DIRECTORY: '/etc' },
        );
        assert.equal(problems.length, 1);
        assert.match(
          said(problems).join(),
          /clientSecret: has (?:a credential that is not|no text)/,
        );
      }));
  }
});
