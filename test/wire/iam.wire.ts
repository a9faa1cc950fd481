/** IAM of the local AWS, read and changed by real AWS CLIs, unmodified. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ADMINISTRATOR, iamWorld } from '../dev/local-aws/iam-scene.ts';
import { idpKey, metadataXml } from '../dev/local-aws/saml.ts';
import { PROD, SAML_PROVIDER, useLocalAws } from '../dev/local-aws/support.ts';
import { awsClients } from '../support/aws-clients.ts';
import { useDirectory } from '../support/directory.ts';

const run = promisify(execFile);
const CLIS = awsClients().filter(({ name }) => name.startsWith('AWS CLI'));
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Federated: SAML_PROVIDER },
      Action: ['sts:AssumeRoleWithSAML', 'sts:TagSession'],
    },
  ],
});
const READ = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
});

for (const { name, missing, words } of CLIS) {
  describe(`IAM of the local AWS and the ${name}`, { skip: missing }, () => {
    const running = useLocalAws(() => iamWorld());
    const directory = useDirectory();
    const aws = async (...args: string[]) => {
      const [program] = words(running.url);
      const { stdout } = await run(
        program!,
        ['iam', ...args, '--endpoint-url', running.url, '--output', 'json'],
        {
          env: {
            PATH: process.env.PATH,
            HOME: directory.path,
            AWS_PAGER: '',
            AWS_MAX_ATTEMPTS: '1',
            AWS_REGION: 'us-east-1',
            AWS_DEFAULT_REGION: 'us-east-1',
            AWS_ACCESS_KEY_ID: ADMINISTRATOR.accessKeyId,
            AWS_SECRET_ACCESS_KEY: ADMINISTRATOR.secretAccessKey,
          },
        },
      );
      return stdout === '' ? undefined : JSON.parse(stdout);
    };

    it('reads an account page by page', async () => {
      const details = await aws('get-account-authorization-details', '--page-size', '1');
      const byName = (list: { RoleName: string }[]) => list.map(({ RoleName }) => RoleName).sort();
      assert.deepEqual(byName(details.RoleDetailList), ['Admin', 'Deployer']);
      assert.equal(details.RoleDetailList[0].AssumeRolePolicyDocument.Statement.length, 1);
      const { Roles } = await aws('list-roles', '--page-size', '1');
      assert.deepEqual(byName(Roles), ['Admin', 'Deployer']);
      assert.equal(Roles[0].MaxSessionDuration, 43_200);
      const { Role } = await aws('get-role', '--role-name', 'Deployer');
      assert.equal(Role.PermissionsBoundary.PermissionsBoundaryType, 'Policy');
      const { SAMLProviderList } = await aws('list-saml-providers');
      assert.equal(SAMLProviderList[0].Arn, SAML_PROVIDER);
      const saml = await aws('get-saml-provider', '--saml-provider-arn', SAML_PROVIDER);
      assert.equal(saml.SAMLMetadataDocument, metadataXml([idpKey().certificate]));
      const list = await aws('list-open-id-connect-providers');
      const [{ Arn }] = list.OpenIDConnectProviderList;
      const oidc = await aws('get-open-id-connect-provider', '--open-id-connect-provider-arn', Arn);
      assert.equal(oidc.Url, 'token.example.com/tenant');
    });

    it('changes an account as a script does', async () => {
      const role = ['--role-name', 'Scripted'];
      const metadata = directory.file('metadata.xml');
      await writeFile(metadata, metadataXml([idpKey().certificate]));
      const made = await aws(
        ...['create-saml-provider', '--name', 'second'],
        ...['--saml-metadata-document', `file://${metadata}`],
      );
      assert.equal(made.SAMLProviderArn, `arn:aws:iam::${PROD}:saml-provider/second`);
      await aws(
        ...['update-saml-provider', '--saml-provider-arn', made.SAMLProviderArn],
        ...['--saml-metadata-document', `file://${metadata}`],
      );
      const oidc = await aws(
        ...['create-open-id-connect-provider', '--url', 'https://bridge.example.com'],
        ...['--client-id-list', 'sts.amazonaws.com'],
        // The CLI of bookworm requires it.
        ...['--thumbprint-list', '0123456789abcdef0123456789abcdef01234567'],
      );
      await aws(
        ...['add-client-id-to-open-id-connect-provider', '--client-id', 'another'],
        ...['--open-id-connect-provider-arn', oidc.OpenIDConnectProviderArn],
      );
      const created = await aws(
        ...['create-role', ...role, '--path', '/team/', '--max-session-duration', '7200'],
        ...['--assume-role-policy-document', TRUST, '--tags', 'Key=team,Value=x'],
      );
      assert.equal(created.Role.Arn, `arn:aws:iam::${PROD}:role/team/Scripted`);
      await aws('update-assume-role-policy', ...role, '--policy-document', TRUST);
      await aws('update-role', ...role, '--max-session-duration', '3600');
      await aws('put-role-policy', ...role, '--policy-name', 'read', '--policy-document', READ);
      const attached = ['--policy-arn', 'arn:aws:iam::aws:policy/IAMReadOnlyAccess'];
      await aws('attach-role-policy', ...role, ...attached);
      const inline = await aws('get-role-policy', ...role, '--policy-name', 'read');
      assert.equal(inline.PolicyDocument.Statement[0].Action, 's3:Get*');
      await assert.rejects(
        aws('delete-role', ...role),
        /\(DeleteConflict\) when calling the DeleteRole operation.*must detach all policies first/,
      );
      await aws('detach-role-policy', ...role, ...attached);
      await aws('delete-role-policy', ...role, '--policy-name', 'read');
      await aws('delete-role', ...role);
      await assert.rejects(
        aws('get-role', ...role),
        /\(NoSuchEntity\).*The role with name Scripted cannot be found\./,
      );
    });
  });
}
