/** A world with an administrator and a reader of IAM, for the tests of the IAM API. */
import type { IAMClient } from '@aws-sdk/client-iam';
import type { WorldInput } from '../../../src/dev/local-aws/world.ts';
import { GOV, PARTNER, PROD, type Running, samlWorld } from './support.ts';

export const ADMINISTRATOR = {
  accessKeyId: 'AKIALOCALLOCALADMIN0',
  secretAccessKey: 'local-administrator-secret',
};
export const READER = {
  accessKeyId: 'AKIALOCALLOCALREAD00',
  secretAccessKey: 'local-reader-secret-key',
};
export const GOV_READER = {
  accessKeyId: 'AKIALOCALLOCALREAD01',
  secretAccessKey: 'local-gov-reader-secret',
};
export const POLICY = `arn:aws:iam::${PROD}:policy/team/Deploy`;
export const READ = { Effect: 'Allow', Action: ['iam:Get*', 'iam:List*'], Resource: '*' } as const;

type User = NonNullable<WorldInput['iamUsers']>[number];

export const user = (account: string, name: string, key: typeof READER, more: Partial<User>) => ({
  account,
  name,
  accessKeys: [key],
  ...more,
});

export function iamWorld(change: Partial<WorldInput> = {}): WorldInput {
  return samlWorld({
    oidcProviders: [
      {
        account: PROD,
        url: 'https://token.example.com/tenant',
        clientIds: ['sts.amazonaws.com', 'other'],
        thumbprints: ['0123456789abcdef0123456789abcdef01234567'],
        tags: { team: 'platform' },
      },
    ],
    managedPolicies: [
      {
        account: PROD,
        name: 'Deploy',
        path: '/team/',
        description: 'Deploys',
        document: { Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] },
      },
    ],
    iamUsers: [
      user(PROD, 'administrator', ADMINISTRATOR, {
        attachedPolicies: ['arn:aws:iam::aws:policy/AdministratorAccess'],
      }),
      user(PROD, 'reader', READER, { permissions: [{ ...READ, Action: [...READ.Action] }] }),
      user(GOV, 'reader', GOV_READER, { permissions: [{ ...READ, Action: [...READ.Action] }] }),
    ],
    roles: [
      {
        account: PROD,
        name: 'Deployer',
        path: '/ci/',
        description: 'Deploys the application',
        maxSessionDuration: 7200,
        trustPolicy: {
          Version: '2012-10-17',
          Statement: {
            Sid: 'Partner',
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${PARTNER}:root` },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'sts:ExternalId': "it's (a) *test*" } },
          },
        },
        permissions: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
        attachedPolicies: [POLICY, 'arn:aws:iam::aws:policy/IAMReadOnlyAccess'],
        permissionsBoundary: POLICY,
        tags: { team: 'platform' },
      },
    ],
    ...change,
  });
}

export function reader(running: Running): IAMClient {
  return running.iam(READER);
}

export function administrator(running: Running): IAMClient {
  return running.iam(ADMINISTRATOR);
}

/** The code and the sentence of a refused call. */
export function refusal(name: string, message: string | RegExp) {
  return (error: Error & { readonly Code?: string }) => {
    const code = error.Code ?? error.name;
    if (code !== name) throw new Error(`code ${code}, expected ${name} (${error.message})`);
    const fits =
      typeof message === 'string' ? error.message === message : message.test(error.message);
    if (!fits) throw new Error(`sentence ${JSON.stringify(error.message)}`);
    return true;
  };
}
