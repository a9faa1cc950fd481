import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { useDirectory } from '../../support/directory.ts';
import { idpKey, metadataXml } from './saml.ts';
import { PROD } from './support.ts';

/** Another account, whose trust policy takes the same parameter by another name. */
const AUDITOR = {
  Parameters: { ExternalId: { Type: 'String', NoEcho: true } },
  Resources: {
    Auditor: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'Auditor',
        AssumeRolePolicyDocument: {
          Statement: {
            Effect: 'Allow',
            Principal: { AWS: { Ref: 'AWS::AccountId' } },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'sts:ExternalId': { Ref: 'ExternalId' } } },
          },
        },
      },
    },
  },
};

describe('the local AWS with templates', () => {
  const directory = useDirectory();
  const file = (name: string): string => directory.file(name);
  before(async () => {
    const metadata = JSON.stringify(metadataXml([idpKey().certificate]));
    for (const name of ['stack.json', 'main.tf.json']) {
      const text = readFileSync(new URL(name, import.meta.url), 'utf8');
      await writeFile(
        file(name),
        text.replace('"METADATA"', () => metadata),
      );
    }
    await writeFile(file('partner.json'), JSON.stringify(AUDITOR));
    await writeFile(file('broken.json'), 'Resources:\n');
    await writeFile(
      file('world.json'),
      JSON.stringify({ accounts: [{ id: '444455556666', name: 'partner' }] }),
    );
  });

  function run(...args: string[]) {
    const child = spawn(process.execPath, ['src/dev/local-aws/main.ts', '--port', '0', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { out: '', err: '' };
    child.stdout.on('data', chunk => (output.out += chunk));
    child.stderr.on('data', chunk => (output.err += chunk));
    const ended = once(child, 'close').then(([code]) => ({ code: code as number, ...output }));
    return { child, output, ended };
  }
  const listed = async (...args: string[]): Promise<string> => {
    const { child, output, ended } = run(...args);
    while (!output.out.includes('role  ') && child.exitCode === null)
      await Promise.race([once(child.stdout, 'data'), ended]);
    child.kill('SIGTERM');
    assert.equal((await ended).code, 0, output.err);
    return output.out;
  };
  const SECRET = ['--parameter', 'external_id=the-external-id'];

  it('needs no world file: the accounts are those of the templates', async () => {
    const out = await listed('--template', file('main.tf.json'), ...SECRET);
    assert.match(out, /account 111122223333 111122223333 \(aws\)/);
    assert.match(out, /role +arn:aws:iam::111122223333:role\/team\/Developer \(up to 2 h\)/);
    assert.ok(!out.includes('the-external-id'));
  });

  it('adds what several templates make to a world file, each with its own parameters', async () => {
    const out = await listed(
      ...['--file', file('world.json'), '--template', file('main.tf.json'), ...SECRET],
      ...['--template', `444455556666=${file('partner.json')}`, '--parameter', 'ExternalId=xyz'],
    );
    assert.match(out, /account 444455556666 partner \(aws\)/);
    assert.match(out, /arn:aws:iam::444455556666:role\/Auditor/);
    assert.match(out, /arn:aws:iam::111122223333:role\/team\/Developer/);
  });

  it('ends with one sentence for a template that it cannot apply', async () => {
    const cases: readonly [string[], RegExp][] = [
      [[], /--file or --template is missing/],
      [['--template', file('missing.json')], /missing\.json: ENOENT/],
      [['--template', file('broken.json')], /broken\.json: not JSON; .*Terraform as \.tf\.json$/m],
      [['--template', file('stack.json')], /stack\.json: the account is unknown; write --template/],
      [['--template', `${PROD}=${file('stack.json')}`], /Parameters\.ExternalId: needs a value/],
      [
        ['--template', file('main.tf.json'), ...SECRET, '--parameter', 'x=y'],
        /--parameter x: no template has a parameter of this name/,
      ],
      [
        ['--template', file('main.tf.json'), '--parameter', 'external_id'],
        /--parameter has another form than NAME=VALUE/,
      ],
      [
        ['--template', file('main.tf.json'), '--parameter', 'external_id=!'],
        /variable\.external_id: An external id has 2 to 1224 characters\./,
      ],
    ];
    const results = await Promise.all(cases.map(([args]) => run(...args).ended));
    for (const [index, [args, sentence]] of cases.entries()) {
      const { code, err } = results[index]!;
      assert.equal(code, 2, args.join(' '));
      assert.match(err, sentence);
      assert.doesNotMatch(err, /\n\s+at /);
    }
  });
});
