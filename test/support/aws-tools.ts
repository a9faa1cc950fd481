/** Unmodified AWS clients of the IAM Identity Center protocol, with a user who confirms. */
import type { TestContext } from 'node:test';
import { SSOClient } from '@aws-sdk/client-sso';
import {
  CreateTokenCommand,
  type CreateTokenCommandOutput,
  RegisterClientCommand,
  type RegisterClientCommandOutput,
  SSOOIDCClient,
  StartDeviceAuthorizationCommand,
  type StartDeviceAuthorizationCommandOutput,
} from '@aws-sdk/client-sso-oidc';
import { confirmDevice, DEVICE_CODE } from './cli-login.ts';
import { useFixture } from './fixture.ts';
import type { Visitor } from './visitor.ts';
import { type World, type WorldOptions, worldFor } from './world.ts';

export type Registered = Pick<
  RegisterClientCommandOutput,
  'clientId' | 'clientSecret' | 'clientSecretExpiresAt'
>;

export interface AwsTools {
  readonly oidc: SSOOIDCClient;
  readonly portal: SSOClient;
  readonly startUrl: string;
  register(over?: object): Promise<RegisterClientCommandOutput>;
  begin(client: Registered): Promise<StartDeviceAuthorizationCommandOutput>;
  /** Uses the device grant unless `fields` name another. */
  createToken(client: Registered, fields: object): Promise<CreateTokenCommandOutput>;
  /** A whole login by a device code. */
  logIn(
    visitor: Visitor,
  ): Promise<{ readonly client: Registered; readonly tokens: CreateTokenCommandOutput }>;
  close(): void;
}

/** Clients of `world` for the tests of the surrounding suite. */
export function useAwsTools(world: World): AwsTools {
  return useFixture(
    () => awsTools(world),
    tools => tools.close(),
  );
}

/** A world for one test, and clients of it. */
export async function awsToolsFor(
  test: TestContext,
  options?: WorldOptions,
): Promise<{ readonly world: World; readonly tools: AwsTools }> {
  const world = await worldFor(test, options);
  const tools = awsTools(world);
  test.after(() => tools.close());
  return { world, tools };
}

export function awsTools(world: World): AwsTools {
  const options = { region: 'us-east-1', endpoint: world.urls.bridge, maxAttempts: 1 };
  const oidc = new SSOOIDCClient(options);
  const portal = new SSOClient(options);
  const startUrl = `${world.urls.bridge}/start`;
  const named = ({ clientId, clientSecret }: Registered) => ({
    clientId: clientId!,
    clientSecret: clientSecret!,
  });
  const tools: AwsTools = {
    oidc,
    portal,
    startUrl,
    register: over =>
      oidc.send(
        new RegisterClientCommand({
          clientName: 'botocore-client-test',
          clientType: 'public',
          ...over,
        }),
      ),
    begin: client => oidc.send(new StartDeviceAuthorizationCommand({ ...named(client), startUrl })),
    createToken: (client, fields) =>
      oidc.send(new CreateTokenCommand({ ...named(client), grantType: DEVICE_CODE, ...fields })),
    logIn: async visitor => {
      const client = await tools.register({ scopes: ['sso:account:access'] });
      const { userCode, deviceCode } = await tools.begin(client);
      await confirmDevice(world, visitor, userCode!);
      return { client, tokens: await tools.createToken(client, { deviceCode }) };
    },
    close: () => {
      oidc.destroy();
      portal.destroy();
    },
  };
  return tools;
}
