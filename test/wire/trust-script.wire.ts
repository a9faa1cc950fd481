/** The scripts of `trust cli`, run by a POSIX shell with real AWS CLIs against the local AWS. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { DEMO_ACCOUNTS, DEMO_EXTERNAL_ID } from '../../src/dev/demo-world.ts';
import { printedOf } from '../operate/trust/trust-scene.ts';
import { awsClients } from '../support/aws-clients.ts';
import { useDirectory } from '../support/directory.ts';
import { useWorld } from '../support/world.ts';

const CLIS = awsClients().filter(({ name }) => name.startsWith('AWS CLI'));
const NAMES = ['prod', 'staging', 'partner'] as const;
type Name = (typeof NAMES)[number];

/** The key of an administrator in each account. */
const KEYS: Readonly<Record<Name, { accessKeyId: string; secretAccessKey: string }>> = {
  prod: { accessKeyId: 'AKIALOCALLOCALADMIN0', secretAccessKey: 'local-administrator-of-prod' },
  staging: {
    accessKeyId: 'AKIALOCALLOCALADMIN1',
    secretAccessKey: 'local-administrator-of-staging',
  },
  partner: {
    accessKeyId: 'AKIALOCALLOCALADMIN2',
    secretAccessKey: 'local-administrator-of-partner',
  },
};
const ADMINISTRATORS = NAMES.map(name => ({
  account: DEMO_ACCOUNTS[name].id,
  name: 'administrator',
  accessKeys: [KEYS[name]],
  attachedPolicies: ['arn:aws:iam::aws:policy/AdministratorAccess'],
}));

for (const { name: client, missing, words } of CLIS) {
  describe(`the scripts of trust cli, with the ${client}`, { skip: missing }, () => {
    const world = useWorld({
      aws: input => ({
        ...input,
        samlProviders: [],
        oidcProviders: [],
        roles: [],
        iamUsers: ADMINISTRATORS,
      }),
    });
    const directory = useDirectory();
    before(() => {
      // Older CLIs know no endpoint from their environment.
      const [program] = words(world.urls.aws);
      const wrapper = `#!/bin/sh\nexec ${program} "$@" --endpoint-url ${world.urls.aws}\n`;
      writeFileSync(directory.file('aws'), wrapper, { mode: 0o755 });
    });

    const script = async (name: Name, options: { existing?: boolean } = {}): Promise<string> => {
      const config = join(world.directory, 'rolebridge.yaml');
      const { files } = (await printedOf('cli', config, { account: [name], ...options })).printed;
      return files[0]!.text;
    };

    interface Ended {
      readonly code: number;
      readonly stdout: string;
      readonly stderr: string;
    }

    const runScript = (text: string, as: Name, env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
      new Promise(resolve => {
        const options = {
          env: {
            PATH: `${directory.path}:/usr/bin:/bin`,
            HOME: directory.path,
            AWS_REGION: 'us-east-1',
            AWS_DEFAULT_REGION: 'us-east-1',
            AWS_ACCESS_KEY_ID: KEYS[as].accessKeyId,
            AWS_SECRET_ACCESS_KEY: KEYS[as].secretAccessKey,
            EXTERNAL_ID: DEMO_EXTERNAL_ID,
            ...env,
          },
        };
        const child = execFile('sh', ['-s'], options, (fault, stdout, stderr) =>
          resolve({ code: fault === null ? 0 : Number(fault.code), stdout, stderr }),
        );
        child.stdin!.end(text);
      });

    const askFor = async (name: string): Promise<number> => {
      const { visitor, page } = await world.signIn('alice', 'oidc');
      const label = `Credentials: ${name.replace('/', ' as ')}`;
      return (await visitor.submit(page, `button[aria-label="${label}"]`)).status;
    };

    it('stop before they change anything where the credentials are of another account', async () => {
      const { code, stdout, stderr } = await runScript(await script('staging'), 'prod');
      assert.equal(code, 1);
      assert.match(
        stderr,
        /of the account 111122223333, not of 222233334444\. Nothing was changed\./,
      );
      assert.equal(stdout, '');
    });

    it('stop without an external id, and with one that is none', async () => {
      const text = await script('partner');
      for (const EXTERNAL_ID of [undefined, '', 'a"b'])
        assert.notEqual((await runScript(text, 'partner', { EXTERNAL_ID })).code, 0);
    });

    it('create providers and roles, by which the bridge gives roles', async () => {
      for (const name of NAMES) {
        const policies =
          'arn:aws:iam::aws:policy/ReadOnlyAccess arn:aws:iam::aws:policy/SecurityAudit';
        const { code, stdout, stderr } = await runScript(await script(name), name, {
          POLICY_ARNS_Admin: policies,
          THUMBPRINT: '0123456789abcdef0123456789abcdef01234567',
        });
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^Created the role /m);
        assert.match(stdout, /Done\.\n$/);
      }
      for (const role of ['prod/Admin', 'prod/Developer', 'staging/Admin', 'partner/Auditor'])
        assert.equal(await askFor(role), 200, role);
    });

    it('can be run again', async () => {
      for (const name of ['staging', 'partner'] as const) {
        const { code, stdout, stderr } = await runScript(await script(name), name);
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^Updated the role /m);
        assert.doesNotMatch(stdout, /Created/);
      }
      assert.equal(await askFor('partner/Auditor'), 200);
    });

    it('change no role that someone else made, and its trust policy alone with --existing', async () => {
      const arn = `arn:aws:iam::${DEMO_ACCOUNTS.partner.id}:role/Auditor`;
      world.aws.roles.delete(arn);
      world.aws.roles.create({
        account: DEMO_ACCOUNTS.partner.id,
        name: 'Auditor',
        trustPolicy: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { AWS: DEMO_ACCOUNTS.prod.id },
              Action: 'sts:TagSession',
            },
          ],
        },
      });
      const refused = await runScript(await script('partner'), 'partner');
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /The role Auditor exists and was not made for rolebridge/);
      assert.equal(await askFor('partner/Auditor'), 502);

      const text = await script('partner', { existing: true });
      const { code, stdout, stderr } = await runScript(text, 'partner');
      assert.equal(code, 0, stderr);
      assert.match(stdout, /Changed the trust policy of Auditor\./);
      assert.equal(await askFor('partner/Auditor'), 200);
    });
  });
}
