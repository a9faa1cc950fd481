/**
 * What `trust` prints, read by the tools of the field: Terraform's own language by HashiCorp's
 * library, and CloudFormation by cfn-lint.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TrustFormat } from '../../src/operate/trust/trust.ts';
import { ACCOUNTS, HEAD, printed, RULES } from '../operate/trust/trust-scene.ts';

const run = promisify(execFile);
/** Roles that need quoting in one language or another. */
const MORE = `
  - { name: "x \\"y\\" \${z} %{w}", groups: [g], accounts: [prod], roles: ["+=,.@-", 9lives, team/Owner, team-Owner-2] }
`;
const WHOLE = HEAD + ACCOUNTS + RULES + MORE.slice(1);

/** The program that a script builds or installs, or why its tests cannot run here. */
async function programOf(script: string): Promise<{ path: string; skip: string | false }> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  try {
    return { path: (await run(file)).stdout.trim(), skip: false };
  } catch (fault) {
    if (process.env.CI === 'true') throw fault;
    return { path: '', skip: `${script}: ${(fault as Error).message.split('\n')[0]}` };
  }
}

const reader = await programOf('./build-hcl-reader.sh');
const lint = await programOf('./install-cfn-lint.sh');

const directory = mkdtempSync(join(tmpdir(), 'rolebridge-trust-interop-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** Files of one run, below a directory of their own. */
async function filesIn(
  name: string,
  format: TrustFormat,
  options: Parameters<typeof printed>[2] = {},
): Promise<readonly string[]> {
  const { files } = (await printed(format, WHOLE, options)).printed;
  return files.map(({ path, text }) => {
    const file = join(directory, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  });
}

describe('Terraform', { skip: reader.skip }, () => {
  const meaningOf = async (file: string): Promise<unknown> =>
    JSON.parse((await run(reader.path, [file], { maxBuffer: 10_000_000 })).stdout);

  for (const [title, options] of [
    ['new roles', {}],
    ['roles that exist', { existing: true }],
  ] as const) {
    it(`means the same in HCL and in JSON, and is formatted: ${title}`, async () => {
      const hcl = await filesIn(`hcl ${title}`, 'terraform', options);
      const json = await filesIn(`json ${title}`, 'terraform', { ...options, json: true });
      assert.equal(hcl.length, json.length);
      for (const [at, file] of hcl.entries())
        assert.deepEqual(await meaningOf(file), await meaningOf(json[at]!), file);
    });
  }

  it('has the metadata and the names as they are', async () => {
    const [prod] = await filesIn('names', 'terraform', { account: ['prod'] });
    const [same] = await filesIn('names', 'cloudformation', { account: ['prod'] });
    const { default: template } = await import(same!, { with: { type: 'json' } });
    const meaning = (await meaningOf(prod!)) as Record<string, Record<string, unknown>>;
    assert.equal(
      meaning['resource aws_iam_saml_provider rolebridge']!.saml_metadata_document,
      template.Resources.SamlProvider.Properties.SamlMetadataDocument,
    );
    const names = Object.entries(meaning)
      .filter(([key]) => key.startsWith('resource aws_iam_role '))
      .map(([, role]) => `${role.path}${role.name}`);
    assert.deepEqual(names.sort(), [
      '/+=,.@-',
      '/9lives',
      '/Admin',
      '/team-Owner-2',
      '/team/BridgeHub',
      '/team/Ops.Eu',
      '/team/Owner',
    ]);
  });

  it('is not read as one where a text could begin a template', async () => {
    const { hclText, terraformJson } = await import('../../src/operate/trust/hcl.ts');
    const texts = ['{', '{x}', '"', '\\', '\n<<EOT\nEOT\n', '\u0085\u2028'].flatMap(end =>
      ['', '$', '$$', '$$$', '%', '%%', '%$', '$%'].map(begin => `a${begin}${end}`),
    );
    const block = { type: 'resource', labels: ['a', 'b'], attributes: { texts } };
    for (const [name, text] of [
      ['texts.tf', hclText([], [block])],
      ['texts.tf.json', terraformJson([], [block])],
    ] as const) {
      const file = join(directory, name);
      writeFileSync(file, text);
      assert.deepEqual(await meaningOf(file), { 'resource a b': { texts } });
    }
  });
});

describe('CloudFormation', { skip: lint.skip }, () => {
  for (const format of ['cloudformation', 'stackset'] as const) {
    it(`passes cfn-lint: ${format}`, async () => {
      const files = await filesIn(format, format);
      assert.ok(files.length > 5);
      const { stdout } = await run(lint.path, ['--regions', 'us-east-1', '--', ...files]);
      assert.equal(stdout, '');
    });
  }

  it('is found wrong by cfn-lint where it is', async () => {
    const [file] = await filesIn('wrong', 'cloudformation', { account: ['prod'] });
    const { default: template } = await import(file!, { with: { type: 'json' } });
    const wrong = structuredClone(template);
    wrong.Resources.RoleAdmin.Properties.MaxSessionDuration = 99;
    writeFileSync(join(directory, 'wrong.json'), JSON.stringify(wrong));
    await assert.rejects(run(lint.path, ['--', join(directory, 'wrong.json')]), {
      stdout: /99 is less than the minimum of 3600/,
    });
  });
});
