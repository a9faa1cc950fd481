/** One connector and the IdP that forges its answers; a hand-turned clock for both. */
import assert from 'node:assert/strict';
import { createResponseValidator } from '../../src/connectors/saml/response-validator.ts';
import { createSamlConnector, type SamlConnectorOptions } from '../../src/connectors/saml.ts';
import { BridgeError, type ErrorCode } from '../../src/core/errors.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import type { Expectation, VerifiedSignIn } from '../../src/core/sign-in.ts';
import type { Outbound } from '../../src/outbound.ts';
import { handTurnedClock } from '../support/clock.ts';
import {
  attributes,
  createForge,
  encode,
  nameId,
  PERSISTENT,
  type ResponseParts,
  rsaKey,
  type Signing,
} from '../support/saml-forge.ts';

export const BASE_URL = 'https://bridge.example.test';
export const ACS_URL = `${BASE_URL}/saml/acme/acs`;
export const ENTITY_ID = `${BASE_URL}/saml/acme/metadata`;
export const IDP = 'https://idp.example.test/metadata';

export const clock = handTurnedClock();
export const forge = createForge({
  ...{
    idpEntityId: IDP,
    signOnUrl: 'https://idp.example.test/sso',
    acsUrl: ACS_URL,
    entityId: ENTITY_ID,
  },
  now: clock.now,
});
/** A key that the IdP does not have. */
export const stranger = rsaKey();
const ourKey = rsaKey();

/** Judges in a thread of its own, which keeps no process alive. */
const validator = createResponseValidator();

export const MAPPING = { username: 'uid', email: 'mail', groups: 'memberOf' };

/** An outbound that answers every request with what the function gives. */
export function outboundOf(answer: () => string): Outbound {
  return { fetch: async () => new Response(answer()), close: async () => {} };
}

export function optionsWith(changes: Partial<SamlConnectorOptions> = {}): SamlConnectorOptions {
  return {
    id: 'acme' as ConnectorId,
    label: 'Acme',
    baseUrl: BASE_URL,
    metadata: { url: 'https://idp.example.test/metadata' },
    attributes: MAPPING,
    allowUnsolicited: false,
    signRequests: true,
    clockSkewSeconds: 60,
    multiFactorMethods: [],
    keepCorporateProof: false,
    encryption: true,
    allowCbc: false,
    signingKey: {
      privateKeyPem: ourKey.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      certificatesPem: [ourKey.certificatePem],
    },
    clock,
    validator,
    outbound: outboundOf(() => forge.metadata()),
    ...changes,
  };
}

export type Parts = Partial<ResponseParts>;

export async function openConnector(changes: Partial<SamlConnectorOptions> = {}) {
  const connector = createSamlConnector(optionsWith(changes));
  await connector.asked;
  const complete = (samlResponse: string, expectation: Expectation | undefined) =>
    connector.complete({ protocol: 'saml', samlResponse }, expectation);
  return {
    connector,
    complete,
    /** A whole sign-in: begins, forges the answer with these changes, completes. */
    async signIn(
      parts: Parts | ((requestId: string) => Parts) = {},
      signing: Signing = {},
    ): Promise<VerifiedSignIn> {
      const requestId = await this.begin();
      const changed = typeof parts === 'function' ? parts(requestId) : parts;
      return complete(forge.respond(requestId, changed, signing), { protocol: 'saml', requestId });
    },
    /** Refuses this answer, and then takes a good one to the same request. */
    async refusesThenSignsIn(
      forged: (requestId: string) => string,
      message: RegExp,
    ): Promise<void> {
      const requestId = await this.begin();
      await assertRefused(
        complete(encode(forged(requestId)), { protocol: 'saml', requestId }),
        message,
      );
      const { identity } = await complete(forge.respond(requestId), {
        protocol: 'saml',
        requestId,
      });
      assert.equal(identity.subject, 'p-0001');
    },
    async begin(): Promise<string> {
      const { expectation } = await connector.begin({
        attemptId: 'attempt',
        reauthenticate: false,
      });
      assert.equal(expectation.protocol, 'saml');
      return expectation.protocol === 'saml' ? expectation.requestId : '';
    },
  };
}

/**
 * A genuine answer for bob, who is the attacker, with his Assertion and its signature picked out.
 */
export function genuineForBob(requestId: string) {
  const xml = forge.xml(requestId, {
    assertionId: '_bob',
    nameId: nameId('p-bob', PERSISTENT),
    attributes: attributes({ uid: 'bob' }),
  });
  const assertion = /<saml:Assertion.*<\/saml:Assertion>/s.exec(xml)![0];
  const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(xml)![0];
  return { xml, assertion, signature, unsigned: assertion.replace(signature, '') };
}

/**
 * The promise must be refused with this code and an operator message that fits; neither message nor
 * hint may quote the answer.
 */
export async function assertRefused(
  promise: Promise<unknown>,
  message: RegExp,
  code: ErrorCode = 'saml_response_refused',
): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof BridgeError, String(error));
    assert.match(error.message, message);
    assert.equal(error.code, code);
    for (const said of [error.message, error.hint])
      assert.doesNotMatch(said, /alice|mallory|p-0001|<|aws-admins/);
    return true;
  });
}

/** A part of a pattern that matches this text alone. */
export function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
