/**
 * A local AWS with a SAML provider and roles of every kind, and how to be let in or refused there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AssumeRoleWithSAMLCommand,
  type AssumeRoleWithSAMLCommandInput,
  type AssumeRoleWithSAMLCommandOutput,
  STSServiceException,
} from '@aws-sdk/client-sts';
import { useFixture } from '../../support/fixture.ts';
import { idpKey, metadataXml, type ResponseOptions, samlResponse } from './saml.ts';
import {
  ADMIN,
  GOV,
  PARTNER,
  PROD,
  type Running,
  SAML_PROVIDER,
  samlTrust,
  samlWorld,
  startLocalAws,
} from './support.ts';

export const GOV_PROVIDER = `arn:aws-us-gov:iam::${GOV}:saml-provider/rolebridge`;

export type Change = Partial<Omit<ResponseOptions, 'now'>>;
export type Request = Partial<AssumeRoleWithSAMLCommandInput>;

export interface Refusal {
  readonly name: string;
  readonly status: number | undefined;
  readonly message: string;
  /** As the local log has it. */
  readonly reason: string;
}

export interface SamlScene {
  readonly running: Running;
  readonly assume: (change?: Change, request?: Request) => Promise<AssumeRoleWithSAMLCommandOutput>;
  readonly refused: (change: Change, request?: Request) => Promise<Refusal>;
}

function role(name: string, more: object = {}) {
  return { account: PROD, name, trustPolicy: samlTrust(), ...more };
}

/** A scene for the tests of the surrounding suite. */
export function useSamlScene(): SamlScene {
  return useFixture(startSamlScene, scene => scene.running.close());
}

export async function startSamlScene(): Promise<SamlScene> {
  const running = await startLocalAws(WORLD());
  const assume: SamlScene['assume'] = (change = {}, request = {}) => {
    const options = {
      roles: [`${request.RoleArn ?? ADMIN},${request.PrincipalArn ?? SAML_PROVIDER}`],
      now: running.clock.now(),
      ...change,
    };
    return running.sts().send(
      new AssumeRoleWithSAMLCommand({
        RoleArn: ADMIN,
        PrincipalArn: SAML_PROVIDER,
        SAMLAssertion: samlResponse(options),
        ...request,
      }),
    );
  };
  return {
    running,
    assume,
    refused: async (change, request = {}) => {
      const error = await assume(change, request).then(
        () => assert.fail('it was accepted'),
        (cause: unknown) => cause,
      );
      assert.ok(error instanceof STSServiceException, String(error));
      return {
        name: error.name,
        status: error.$metadata.httpStatusCode,
        message: error.message,
        reason: running.reason() ?? '',
      };
    },
  };
}

const WORLD = () =>
  samlWorld({
    samlProviders: [
      { account: PROD, name: 'rolebridge', metadata: { xml: metadataXml([idpKey().certificate]) } },
      { account: GOV, name: 'rolebridge', metadata: { xml: metadataXml([idpKey().certificate]) } },
      {
        account: PARTNER,
        name: 'rolebridge',
        metadata: { xml: metadataXml([idpKey().certificate]) },
      },
      {
        account: PROD,
        name: 'expired',
        metadata: {
          xml: metadataXml([idpKey().certificate], { validUntil: '2024-01-01T00:00:00Z' }),
        },
      },
    ],
    roles: [
      role('Short'),
      role('Untagged', { trustPolicy: samlTrust(['sts:AssumeRoleWithSAML']) }),
      role('NoIdentity', { trustPolicy: samlTrust(['sts:AssumeRoleWithSAML', 'sts:TagSession']) }),
      role('AWSReservedSSO_Admin_1'),
      role('Anybody', {
        trustPolicy: { Statement: { Effect: 'Allow', Principal: '*', Action: 'sts:*' } },
      }),
      role('Closed', {
        trustPolicy: {
          Statement: [
            { Effect: 'Allow', Principal: { Federated: SAML_PROVIDER }, Action: 'sts:*' },
            { Sid: 'DenyAll', Effect: 'Deny', Principal: '*', Action: '*' },
          ],
        },
      }),
      role('Staff', {
        trustPolicy: {
          Statement: {
            Effect: 'Allow',
            Principal: { Federated: SAML_PROVIDER },
            Action: 'sts:AssumeRoleWithSAML',
            Condition: {
              StringEquals: {
                'saml:sub_type': 'persistent',
                'saml:doc': `${PROD}/rolebridge`,
                'saml:iss': 'https://idp.example.com/saml',
                'sts:RoleSessionName': 'alice@example.com',
              },
              'ForAnyValue:StringEquals': { 'saml:edupersonaffiliation': 'staff' },
            },
          },
        },
      }),
      role('Pathed', { path: '/team/a/' }),
      {
        account: GOV,
        name: 'Admin',
        trustPolicy: {
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Federated: GOV_PROVIDER },
              Action: 'sts:AssumeRoleWithSAML',
            },
          ],
        },
      },
    ],
  });

const STATUS = {
  InvalidIdentityTokenException: 400,
  ExpiredTokenException: 400,
  AccessDenied: 403,
  ValidationError: 400,
  PackedPolicyTooLargeException: 400,
  MalformedPolicyDocumentException: 400,
} as const;

export interface RefusalCase {
  readonly name: string;
  /** A function where the clock of the scene is needed. */
  readonly change?: Change | ((now: number) => Change);
  readonly request?: Request;
  readonly code: keyof typeof STATUS;
  readonly message: string | RegExp;
  readonly reason?: RegExp;
}

/** One test for each case. */
export function testRefusals(cases: readonly RefusalCase[], scene: () => SamlScene): void {
  for (const { name, change = {}, request = {}, code, message, reason } of cases) {
    test(name, async () => {
      const { running, refused } = scene();
      const error = await refused(
        typeof change === 'function' ? change(running.clock.now()) : change,
        request,
      );
      assert.equal(error.name, code, `${error.message} (${error.reason})`);
      assert.equal(error.status, STATUS[code]);
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
      if (reason !== undefined) assert.match(error.reason, reason);
    });
  }
}

export const INVALID = 'Response did not contain a valid SAML assertion';

export function invalid(
  name: string,
  change: Change | ((now: number) => Change),
  reason: RegExp,
): RefusalCase {
  return { name, change, code: 'InvalidIdentityTokenException', message: INVALID, reason };
}

export function denied(
  name: string,
  change: Change,
  reason: RegExp,
  request: Request = {},
): RefusalCase {
  return {
    name,
    change,
    request,
    code: 'AccessDenied',
    message: 'Not authorized to perform sts:AssumeRoleWithSAML',
    reason,
  };
}
