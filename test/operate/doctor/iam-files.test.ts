/** The data of IAM as files: what they can be, and what they cannot. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Finding, levelOf } from '../../../src/core/finding.ts';
import { useFixture } from '../../support/fixture.ts';
import { ACCOUNTS, cliFiles, directoryIn, examineIam, startIamWorld } from './iam-world.ts';

const iam = useFixture(startIamWorld, ({ close }) => close());

const told = (findings: readonly Finding[]): string[] =>
  findings
    .filter(finding => ['error', 'warning'].includes(levelOf(finding)))
    .map(({ id, subject }) => `${id} ${subject}`);

const examine = (...paths: readonly string[]): Promise<readonly Finding[]> =>
  examineIam(iam.world, { iam: paths }, { accounts: [], roles: [] });

type Files = ReadonlyMap<string, unknown>;
const changed = (change: (name: string, content: never) => unknown) => ({
  files: (files: Files): Files =>
    new Map([...files].map(([name, content]) => [name, change(name, content as never)])),
});
const inOrder = ['iam.ok', 'iam.ok', 'iam.ok', 'iam.ok', 'iam.ok'];
const idsOf = (findings: readonly Finding[]): string[] => findings.map(({ id }) => id);

describe('files of the AWS CLI', () => {
  it('can be one list of all outputs', async () => {
    const all = { files: (files: Files): Files => new Map([['all.json', [...files.values()]]]) };
    assert.deepEqual(idsOf(await iam.findings(iam.healthy, all)), inOrder);
  });

  it('can be named one by one', async () => {
    const directory = directoryIn(iam.world, 'by-name');
    const paths = [...cliFiles(iam.healthy)].map(([name, content]) => {
      writeFileSync(join(directory, name), JSON.stringify(content));
      return join(directory, name);
    });
    assert.deepEqual(idsOf(await examine(...paths)), inOrder);
  });

  it('can have policies as JSON text, encoded for a URL or not', async () => {
    for (const encode of [encodeURIComponent, (text: string) => text]) {
      const texts = changed((_, content) =>
        JSON.parse(JSON.stringify(content), (key, value) =>
          ['AssumeRolePolicyDocument', 'PolicyDocument', 'Document'].includes(key)
            ? encode(JSON.stringify(value))
            : value,
        ),
      );
      assert.deepEqual(idsOf(await iam.findings(iam.healthy, texts)), inOrder);
    }
  });

  it('can be in the encodings of a shell of Windows', async () => {
    const directory = directoryIn(iam.world, 'windows');
    for (const [index, [name, content]] of [...cliFiles(iam.healthy)].entries()) {
      const text = `\uFEFF${JSON.stringify(content)}`;
      writeFileSync(join(directory, name), Buffer.from(text, index % 2 ? 'utf16le' : 'utf8'));
    }
    assert.deepEqual(idsOf(await examine(directory)), inOrder);
  });

  it('can describe providers without an ARN, as the CLI prints them', async () => {
    const bare = changed((name, content: Record<string, unknown>) => {
      if (!/-(?:saml|oidc)-(?!providers)/.test(name)) return content;
      const { Arn: _, ...rest } = content;
      return rest;
    });
    assert.deepEqual(idsOf(await iam.findings(iam.healthy, bare)), inOrder);
  });

  it('leave unknown what they lack', async () => {
    const onlyRoles = {
      files: (files: Files): Files =>
        new Map([...files].filter(([name]) => name.endsWith('-details.json'))),
    };
    const findings = await iam.findings(iam.healthy, onlyRoles);
    assert.deepEqual(told(findings), []);
    const unknown = findings.filter(({ id }) => id === 'iam.unknown').map(({ message }) => message);
    assert.ok(unknown.some(message => message.includes('SAML providers')));
    assert.ok(unknown.some(message => message.includes('maximum session duration')));
  });

  it('leave unknown what was cut off', async () => {
    for (const end of [{ IsTruncated: true }, { NextToken: 'eyJ' }]) {
      const cut = changed((name, content: Record<string, unknown>) => {
        if (!name.startsWith(ACCOUNTS.prod)) return content;
        const { Roles, RoleDetailList, ...rest } = content;
        if (Roles !== undefined) return { ...rest, Roles: [], ...end };
        return RoleDetailList === undefined ? content : { ...rest, RoleDetailList: [], ...end };
      });
      const findings = await iam.findings(iam.healthy, cut);
      assert.deepEqual(told(findings), [
        `iam.input-incomplete ${ACCOUNTS.prod}-details.json`,
        `iam.input-incomplete ${ACCOUNTS.prod}-roles.json`,
      ]);
    }
  });

  it('of another account are told apart', async () => {
    const other = {
      files: (files: Files): Files =>
        new Map([...files, ['other.json', { Role: { Arn: 'arn:aws:iam::999988887777:role/x' } }]]),
    };
    assert.deepEqual(told(await iam.findings(iam.healthy, other)), [
      'iam.input-other-account 999988887777',
    ]);
  });

  it('of some accounts say which are missing', async () => {
    const some = {
      files: (files: Files): Files =>
        new Map([...files].filter(([name]) => name.startsWith(ACCOUNTS.staging))),
    };
    const findings = await iam.findings(iam.healthy, some);
    assert.deepEqual(told(findings), []);
    const note = findings.find(({ id }) => id === 'iam.not-examined')!;
    assert.equal(note.subject, 'prod, gov, partner, direct');
  });
});

describe('a file that is no data of IAM', () => {
  const MB = 1024 * 1024;
  const ROWS: readonly (readonly [why: string, content: Buffer | string, says: RegExp])[] = [
    ['empty', ' \n', /is empty/],
    ['no JSON', 'An error occurred (AccessDenied)', /is not JSON/],
    ['half a document', '{"Roles": [', /is not JSON/],
    ['binary', Buffer.from([0xff, 0xd8, 0xff, 0x00, 0x01]), /is no text/],
    ['deeply nested', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, /levels deep/],
    ['of 50 MB', Buffer.alloc(50 * MB, ' '), /is larger than 32 MB/],
    ['of another command', '{"Buckets": []}', /is not the output of a command/],
    ['a number', '7', /is not the output of a command/],
    ['null', 'null', /is not the output of a command/],
    ['a prototype', '{"__proto__": {"Roles": []}}', /is not the output of a command/],
  ];
  for (const [why, content, says] of ROWS)
    it(`is told apart: ${why}`, async () => {
      const path = join(directoryIn(iam.world, 'odd'), 'odd.json');
      writeFileSync(path, content);
      const [finding] = await examine(path);
      assert.ok(['iam.input-unreadable', 'iam.input-ignored'].includes(finding!.id));
      assert.match(finding!.message, says);
    });

  it('is told apart: missing, a directory without files, a pipe, a loop of links', async () => {
    const directory = directoryIn(iam.world, 'places');
    mkdirSync(join(directory, 'empty'));
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    symlinkSync(join(directory, 'loop'), join(directory, 'loop'));
    for (const name of ['missing', 'empty', 'pipe', 'loop']) {
      const findings = await examine(join(directory, name));
      assert.deepEqual(told(findings), [`iam.input-unreadable ${join(directory, name)}`]);
    }
  });

  it('has roles of odd forms, which are left out or unreadable', async () => {
    const arn = `arn:aws:iam::${ACCOUNTS.prod}:role/Limited`;
    const directory = directoryIn(iam.world, 'forms');
    const odd = [
      { Role: { Arn: 7 } },
      { Role: { Arn: 'arn:aws:iam::1:role/x' } },
      { Roles: [null, [], 'x', { Arn: arn, AssumeRolePolicyDocument: '%7Bnot json' }] },
      { SAMLProviderList: [{ Arn: null }, 3] },
      { OpenIDConnectProviderList: [{}] },
      { RoleDetailList: [{ Arn: arn, RolePolicyList: 'x', AttachedManagedPolicies: [7] }] },
    ];
    writeFileSync(join(directory, 'odd.json'), JSON.stringify(odd));
    const findings = await examine(directory);
    assert.ok(told(findings).includes('iam.trust-unreadable prod/Limited'));
  });
});
