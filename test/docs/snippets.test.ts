import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { checkConfiguration, formatProblems } from '../../src/config/load.ts';
import { blocksOf, readPage } from './pages.ts';

/** What a snippet leaves out. Each top-level key of a snippet takes the place of the one here. */
const MINIMAL = {
  baseUrl: 'https://aws.example.com',
  proxy: { trusted: ['127.0.0.1/32'] },
  store: { sqlite: ':memory:' },
  connectors: [
    {
      id: 'any',
      label: 'Any',
      oidc: { issuer: 'https://idp.example.com', clientId: 'x', clientSecret: { env: 'SECRET' } },
    },
  ],
  accounts: [{ id: '111122223333', name: 'prod', trust: 'web-identity' }],
  access: [{ groups: ['anybody'], accounts: ['*'], roles: ['Admin'] }],
};

/** What a secret holds where not every text will do. */
const SECRETS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgresql://rolebridge:x@db.example.com/rolebridge?sslmode=verify-full',
  SLACK_WEBHOOK: 'https://hooks.slack.com/services/T0/B0/x',
  HOOK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  SMTP_URL: 'smtp://bridge:x@smtp.example.com:587',
};

/** Most files are read when they are used, and key sets at the start. */
function contentOf(file: string): string {
  if (!file.includes('.jwks.json')) return 'x';
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'one' };
  return JSON.stringify({ keys: [key] });
}

const directory = mkdtempSync(join(tmpdir(), 'rolebridge-docs-'));
after(() => rmSync(directory, { recursive: true }));

for (const name of [
  'api.md',
  'aws-setup.md',
  'cli.md',
  'deploy.md',
  'elevation.md',
  'identity-providers.md',
  'notifications.md',
  'runbook.md',
  'troubleshooting.md',
  'vendor-access.md',
  'workloads.md',
  '../examples/github-action/README.md',
  '../examples/gitlab-ci/README.md',
  '../examples/kubernetes-workload/README.md',
]) {
  describe(`docs/${name}`, () => {
    const snippets = blocksOf(readPage(name)).filter(({ info }) => info === 'yaml rolebridge');

    it('marks every YAML of a configuration, so that it is checked', () => {
      const unmarked = blocksOf(readPage(name)).filter(({ info }) => info === 'yaml');
      assert.deepEqual(unmarked, []);
    });

    for (const [index, { text, heading }] of snippets.entries()) {
      it(`snippet ${index + 1} (${heading}) is a configuration without a problem or a warning`, async () => {
        const document = stringify({ ...MINIMAL, ...(parse(text) as object) });
        const names = [...document.matchAll(/env: (\w+)/g)].map(
          ([, variable]) => [variable!, SECRETS[variable!] ?? 'a-secret'] as const,
        );
        for (const [, file] of document.matchAll(/(?:file|credential): ([^\s}]+)/g))
          writeFileSync(join(directory, file!), contentOf(file!), { mode: 0o600 });
        const path = join(directory, 'rolebridge.yaml');
        writeFileSync(path, document, { mode: 0o600 });

        const { problems, warnings } = await checkConfiguration(path, {
          secrets: 'all',
          env: { ...Object.fromEntries(names), CREDENTIALS_DIRECTORY: directory },
        });

        assert.equal(formatProblems([...problems, ...warnings]), '');
      });
    }
  });
}
