/** An OIDC connector for a provider on loopback, and a sign-in through it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { inspect } from 'node:util';
import { createOidcConnector, type OidcConnectorOptions } from '../../src/connectors/oidc.ts';
import { BridgeError, type ErrorCode } from '../../src/core/errors.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import type { Connector } from '../../src/core/ports.ts';
import type { VerifiedSignIn } from '../../src/core/sign-in.ts';
import { createOutbound, type OutboundLimits } from '../../src/outbound.ts';
import { systemSecrets } from '../../src/secrets.ts';
import { addressIn } from './authentication-request.ts';
import { handTurnedClock } from './clock.ts';
import { type OpenIdProviderForge, startOpenIdProviderForge } from './openid-provider-forge.ts';

export interface Registration {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export async function openConnector(
  t: TestContext,
  registration: Registration,
  overrides: Partial<OidcConnectorOptions> = {},
  limits: OutboundLimits = { timeoutSeconds: 5, maxBytes: 1_000_000 },
): Promise<Connector> {
  const outbound = createOutbound(limits);
  const connector = createOidcConnector({
    id: 'acme' as ConnectorId,
    label: 'Acme',
    baseUrl: 'https://aws.example.com',
    issuer: registration.issuer,
    clientId: registration.clientId,
    clientSecret: registration.clientSecret,
    clientAuthentication: 'client_secret_basic',
    scopes: ['openid', 'profile', 'email'],
    claims: { username: 'preferred_username', email: 'email', groups: 'groups' },
    multiFactorMethods: ['mfa'],
    reauthenticate: 'max_age',
    keepCorporateProof: false,
    logout: { backchannel: false, endsTerminals: false },
    clock: handTurnedClock(),
    outbound,
    secrets: systemSecrets,
    retrySeconds: 3600,
    ...overrides,
  });
  await connector.asked;
  t.after(async () => {
    await connector.close();
    await outbound.close();
  });
  return connector;
}

/** Runs `begin`, the user's browser and `complete`. */
export async function signIn(
  connector: Connector,
  forge: OpenIdProviderForge,
  { reauthenticate = false } = {},
): Promise<VerifiedSignIn> {
  const { request, expectation } = await connector.begin({
    attemptId: 'attempt-1',
    reauthenticate,
  });
  return connector.complete(
    { protocol: 'oidc', parameters: forge.authorize(addressIn(request)) },
    expectation,
  );
}

/** A forge that ends with the test. */
export async function forgeFor(
  t: TestContext,
  options: Parameters<typeof startOpenIdProviderForge>[0] = {},
): Promise<OpenIdProviderForge> {
  const forge = await startOpenIdProviderForge(options);
  t.after(() => forge.close());
  return forge;
}

/** Part of everything that must stay secret; `refuses` looks for it. */
export const SENSITIVE = 'sensitive-value';

/**
 * Asserts the code and the message of the refusal, and that neither it nor its hint and causes
 * contain a secret.
 */
export async function refuses(
  attempt: Promise<unknown>,
  code: ErrorCode,
  message: RegExp,
  forge?: OpenIdProviderForge,
): Promise<void> {
  await assert.rejects(attempt, error => {
    assert.ok(error instanceof BridgeError, inspect(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    const everywhere = { depth: 20, showHidden: true, maxStringLength: null } as const;
    // A page repeats what the provider says of its own error.
    const { answer, ...rest } = Object.getOwnPropertyDescriptors(error);
    const logged = inspect(Object.create(BridgeError.prototype, rest), everywhere);
    for (const secret of [...(forge?.made ?? []), SENSITIVE])
      assert.ok(!logged.includes(secret), `${secret.slice(0, 12)}... is in the error`);
    for (const secret of forge?.made ?? [])
      assert.ok(!inspect(answer, everywhere).includes(secret), 'a secret is in the answer');
    return true;
  });
}
