/** exec with every kind of default profile, other profiles, and renewal. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { awsClients } from '../support/aws-clients.ts';
import { QUICK_POLLS, useComputer } from '../support/cli.ts';
import { useWorld } from '../support/world.ts';
import { describeMatrix, KINDS } from './exec-matrix.ts';

describeMatrix(Object.keys(KINDS));

describe('a command of exec', () => {
  const world = useWorld({
    ...QUICK_POLLS,
    configure: yaml => QUICK_POLLS.configure(yaml.replace('duration: 4h', 'duration: 15m')),
  });
  const computer = useComputer(() => ({
    AWS_MAX_ATTEMPTS: '1',
    AWS_ENDPOINT_URL_STS: world.urls.aws,
  }));
  before(async () => {
    await computer.logIn(world, 'alice');
  });

  const clients = awsClients().filter(({ name }) => /AWS CLI|boto3/.test(name));
  for (const { name, missing, words } of clients) {
    it(`runs as another profile if it asks ${name} for it`, { skip: missing }, async () => {
      const config = `[default]\n[profile other]\ncredential_process = ${process.execPath} ${computer.entry} credential-process staging/Developer\nregion = eu-west-1\n`;
      mkdirSync(computer.file('.aws'), { recursive: true });
      writeFileSync(computer.file('.aws/config'), config);

      const stdout = await computer.done([
        'exec',
        'prod/Admin',
        '--',
        ...words(world.urls.aws, 'other'),
      ]);

      assert.match(stdout, /^arn:aws:sts::222233334444:assumed-role\/Developer\/alice-/);
    });
  }

  for (const { name, missing, words } of clients.filter(client =>
    client.name.startsWith('boto3'),
  )) {
    it(`renews its credentials within one process of ${name}`, { skip: missing }, async () => {
      const [python] = words(world.urls.aws);
      const program = `
import time, boto3
held = boto3.Session().get_credentials()
first = held.get_frozen_credentials().access_key
deadline = time.time() + 60
while held.get_frozen_credentials().access_key == first and time.time() < deadline:
    time.sleep(0.5)
print(held.method, held.get_frozen_credentials().access_key != first)
`;

      const stdout = await computer.done([
        'exec',
        'prod/Admin',
        '--minimum',
        '14m55s',
        '--',
        python!,
        '-c',
        program,
      ]);

      assert.equal(stdout, 'custom-process True\n');
    });
  }

  it('removes its profile and local address when it ends', async () => {
    const script =
      'process.stdout.write(JSON.stringify([process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN]))';
    const [url, token] = JSON.parse(
      await computer.done(['exec', 'prod/Admin', '--', process.execPath, '-e', script]),
    ) as [string, string];
    const helper = computer.entry.replace(/main\.js$/, 'exec/print-credentials.js');

    const said = await new Promise<string>(resolve => {
      const env = {
        PATH: process.env.PATH,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
      };
      execFile(process.execPath, [helper], { env }, (fault, stdout, stderr) =>
        resolve(`${fault?.code} ${stdout}${stderr}`),
      );
    });

    assert.equal(said, '1 rolebridge: the "rolebridge exec" of this profile has ended.\n');
  });
});
