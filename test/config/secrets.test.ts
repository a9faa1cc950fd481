import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SecretsRead } from '../../src/config/configuration.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import { GOOD, said, written } from './written.ts';

const WEBHOOK = 'https://hooks.slack.com/services/T0/B0/a-slack-secret';
const DATABASE =
  'postgresql://bridge:a-database-secret@db.example.com/rolebridge?sslmode=verify-full';
const SECRETS = {
  OKTA_SECRET: 'an-okta-secret',
  DATABASE_URL: DATABASE,
  EXTERNAL_ID: 'an-external-id',
  SLACK_WEBHOOK: WEBHOOK,
};

/** Every kind of secret. */
const YAML = GOOD.replace('sqlite: data/rolebridge.db', 'postgres: { url: { env: DATABASE_URL } }')
  .replace('externalId: ext-1', 'externalId: { env: EXTERNAL_ID }')
  .concat('notifications:\n  - { id: ops, slack: { webhook: { env: SLACK_WEBHOOK } } }\n');

describe('a configuration whose secrets are not all read', () => {
  const kept: { readonly [S in SecretsRead]: readonly string[] } = {
    all: Object.values(SECRETS),
    store: [DATABASE],
    none: [],
  };
  for (const secrets of ['all', 'store', 'none'] as const)
    it(`contains ${kept[secrets].length} of its secrets if "${secrets}" is read`, () =>
      written(async ({ put }) => {
        const file = put('rolebridge.yaml', YAML);
        const read = await checkConfiguration(file, { secrets, env: SECRETS });
        assert.deepEqual([said(read.problems), said(read.absentSecrets)], [[], []]);
        const text = JSON.stringify(read.configuration);
        assert.deepEqual(
          Object.values(SECRETS).filter(secret => text.includes(secret)),
          kept[secrets],
        );
      }));

  it('marks an external id that comes by reference, and does not contain it', () =>
    written(async ({ put }) => {
      const file = put('rolebridge.yaml', YAML);
      const { configuration } = await checkConfiguration(file, { secrets: 'none', env: {} });
      const trust = configuration?.accounts.find(({ name }) => name === 'partner')?.trust;
      assert.ok(trust?.by === 'hub');
      assert.deepEqual([trust.externalId, trust.externalIdByReference], [undefined, true]);
    }));

  it('is accepted without the secrets, and names those that the server needs', () =>
    written(async ({ put }) => {
      const file = put('rolebridge.yaml', YAML);
      const read = await checkConfiguration(file, { secrets: 'none', env: {} });
      assert.deepEqual(said(read.problems), []);
      assert.ok(read.configuration !== undefined);
      assert.deepEqual(
        read.absentSecrets.map(({ path, message, fix }) => `${path}: ${message} ${fix}`),
        [
          ['store.postgres.url', 'DATABASE_URL'],
          ['connectors[0].oidc.clientSecret', 'OKTA_SECRET'],
          ['accounts[3].via.externalId', 'EXTERNAL_ID'],
          ['notifications[0].slack.webhook', 'SLACK_WEBHOOK'],
        ].map(
          ([path, name]) =>
            `${path}: the environment variable ${name} is not set here; the server needs it. Set it where the server is started.`,
        ),
      );
    }));

  it('is rejected without the secret that opens the store, if the store is used', () =>
    written(async ({ put }) => {
      const file = put('rolebridge.yaml', YAML);
      const read = await checkConfiguration(file, { secrets: 'store', env: {} });
      assert.deepEqual(
        read.problems.map(({ path, message }) => `${path}: ${message}`),
        ['store.postgres.url: the environment variable DATABASE_URL is not set.'],
      );
      assert.equal(read.configuration, undefined);
    }));

  it('names a file of a secret that is not here, and checks one that is', () =>
    written(async ({ put, directory }) => {
      const ofFile = YAML.replace('{ env: OKTA_SECRET }', '{ file: okta.secret }');
      const file = put('rolebridge.yaml', ofFile);
      const reading = { secrets: 'none', env: { ...SECRETS } } as const;
      const absent = await checkConfiguration(file, reading);
      assert.deepEqual(
        absent.absentSecrets.map(({ message }) => message),
        [`the file ${directory}/okta.secret does not exist; the server needs it.`],
      );

      put('okta.secret', 'two\nlines\n');
      const wrong = await checkConfiguration(file, reading);
      assert.match(said(wrong.problems).join(), /clientSecret: points at a secret with a line/);
      assert.deepEqual(wrong.absentSecrets, []);
    }));

  it('rejects a secret in the wrong form, also where it is not read', () =>
    written(async ({ put }) => {
      const file = put('rolebridge.yaml', YAML);
      const env = { ...SECRETS, EXTERNAL_ID: 'with space', DATABASE_URL: 'mysql://db' };
      const read = await checkConfiguration(file, { secrets: 'none', env });
      assert.deepEqual(
        read.problems.map(({ path }) => path),
        ['store.postgres.url', 'accounts[3].via.externalId'],
      );
    }));

  it('requires a copy of metadata, which is no secret', () =>
    written(async ({ put }) => {
      const yaml = YAML.replace(/metadata: \{.*\}/, 'metadata: { file: idp.xml }');
      assert.notEqual(yaml, YAML);
      const file = put('rolebridge.yaml', yaml);
      const read = await checkConfiguration(file, { secrets: 'none', env: SECRETS });
      assert.match(said(read.problems).join(), /idp\.xml does not exist\./);
    }));
});
