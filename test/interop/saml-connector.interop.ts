import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createResponseValidator } from '../../src/connectors/saml/response-validator.ts';
import { createSamlConnector, type SamlConnectorOptions } from '../../src/connectors/saml.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import type { AuthenticationRequest, VerifiedSignIn } from '../../src/core/sign-in.ts';
import { createOutbound } from '../../src/outbound.ts';
import { rsaKey } from '../support/saml-forge.ts';
import { packagesMissing } from './federation.ts';
import { startSimpleSamlPhp } from './simplesamlphp.ts';
import {
  ADFS_ATTRIBUTES,
  PEOPLE,
  type SimpleSamlPhpOptions,
} from './simplesamlphp-configuration.ts';

const skip = packagesMissing();
const BASE_URL = 'http://127.0.0.1:3000';
const PLAIN = { username: 'uid', email: 'mail', groups: 'groups' };

interface Journey {
  readonly idp?: SimpleSamlPhpOptions;
  readonly connector?: Partial<SamlConnectorOptions>;
  readonly unsolicited?: boolean;
  /** Takes the signature off the request on its way. */
  readonly stripSignature?: boolean;
  readonly uid?: string;
}

/** Starts the IdP, signs one person in there, and hands its answer to a connector. */
async function signIn(journey: Journey): Promise<VerifiedSignIn> {
  const idp = await startSimpleSamlPhp(journey.idp);
  const outbound = createOutbound({ timeoutSeconds: 10, maxBytes: 1_000_000 });
  const validator = createResponseValidator();
  const key = rsaKey();
  try {
    const connector = createSamlConnector({
      id: 'acme' as ConnectorId,
      label: 'Acme',
      baseUrl: BASE_URL,
      metadata: { url: idp.metadataUrl },
      attributes: PLAIN,
      allowUnsolicited: false,
      signRequests: true,
      clockSkewSeconds: 60,
      multiFactorMethods: [],
      keepCorporateProof: false,
      encryption: true,
      allowCbc: false,
      signingKey: {
        privateKeyPem: key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        certificatesPem: [key.certificatePem],
      },
      clock: { now: Date.now },
      outbound,
      validator,
      ...journey.connector,
    });
    await connector.asked;
    await idp.trust(connector.metadata());
    const person = PEOPLE.find(({ uid }) => uid === (journey.uid ?? 'alice'))!;
    try {
      if (journey.unsolicited) {
        const answer = await idp.answerUnsolicited(`${BASE_URL}/saml/acme/metadata`, person);
        return await connector.complete(
          { protocol: 'saml', samlResponse: answer.samlResponse },
          undefined,
        );
      }
      const { request, expectation } = await connector.begin({
        attemptId: 'attempt-1',
        reauthenticate: false,
      });
      const answer = await idp.answer(
        journey.stripSignature ? withoutSignature(request) : request,
        person,
      );
      assert.equal(answer.action, `${BASE_URL}/saml/acme/acs`);
      assert.equal(answer.relayState, 'attempt-1');
      return await connector.complete(
        { protocol: 'saml', samlResponse: answer.samlResponse },
        expectation,
      );
    } finally {
      await connector.close();
    }
  } finally {
    await outbound.close();
    await validator.close();
    await idp.stop();
  }
}

function withoutSignature(request: AuthenticationRequest): AuthenticationRequest {
  if (request.binding === 'redirect') {
    const url = new URL(request.url);
    for (const name of ['SigAlg', 'Signature']) url.searchParams.delete(name);
    return { ...request, url: url.href };
  }
  const xml = Buffer.from(request.fields.SAMLRequest!, 'base64').toString();
  const stripped = xml.replace(/<(?:ds:)?Signature .*<\/(?:ds:)?Signature>/s, '');
  assert.notEqual(stripped, xml);
  const SAMLRequest = Buffer.from(stripped).toString('base64');
  return { ...request, fields: { ...request.fields, SAMLRequest } };
}

const ADFS = {
  username: ADFS_ATTRIBUTES.uid,
  email: ADFS_ATTRIBUTES.mail,
  groups: ADFS_ATTRIBUTES.groups,
};

const ACCEPTED: readonly (readonly [string, Journey, readonly string[]])[] = [
  ['Response and Assertion signed, two groups', {}, ['aws-admins', 'developers']],
  [
    'only the Assertion signed, one group',
    { idp: { signResponse: false }, uid: 'bob' },
    ['developers'],
  ],
  ['no group', { uid: 'carol' }, []],
  [
    'attribute names of AD FS',
    { idp: { attributes: 'adfs' }, connector: { attributes: ADFS } },
    ['aws-admins', 'developers'],
  ],
  [
    'signed requests demanded',
    { idp: { demandSignedRequests: true } },
    ['aws-admins', 'developers'],
  ],
  [
    'requests by POST alone',
    { idp: { requestBinding: 'HTTP-POST' }, connector: { signRequests: false } },
    ['aws-admins', 'developers'],
  ],
  [
    'signed requests by POST alone demanded',
    { idp: { requestBinding: 'HTTP-POST', demandSignedRequests: true } },
    ['aws-admins', 'developers'],
  ],
  [
    'signed requests demanded, which its metadata says',
    { idp: { demandSignedRequests: true }, connector: { signRequests: false } },
    ['aws-admins', 'developers'],
  ],
  ['an email NameID', { idp: { nameIdFormat: 'email' } }, ['aws-admins', 'developers']],
  [
    'a transient NameID and an attribute as the subject',
    { idp: { nameIdFormat: 'transient' }, connector: { subject: 'uid' } },
    ['aws-admins', 'developers'],
  ],
  ['an IdP on localhost', { idp: { host: 'localhost' } }, ['aws-admins', 'developers']],
  [
    'an unsolicited answer',
    { unsolicited: true, connector: { allowUnsolicited: true } },
    ['aws-admins', 'developers'],
  ],
  [
    'a clock that is 30 seconds ahead',
    { idp: { clockOffsetSeconds: 30 } },
    ['aws-admins', 'developers'],
  ],
];

for (const [what, journey, groups] of ACCEPTED) {
  test(`SimpleSAMLphp signs a user in: ${what}`, { skip }, async () => {
    const { identity } = await signIn(journey);
    const uid = journey.uid ?? 'alice';
    assert.equal(identity.username, uid);
    assert.equal(identity.email, `${uid}@example.test`);
    assert.deepEqual(identity.groups, groups);
  });
}

const REFUSED: readonly (readonly [string, Journey, string, RegExp])[] = [
  [
    'only the Response signed',
    { idp: { signAssertion: false } },
    'saml_response_refused',
    /only the Response is signed/,
  ],
  [
    'nothing signed',
    { idp: { signAssertion: false, signResponse: false } },
    'saml_response_refused',
    /neither the Response nor/,
  ],
  [
    'a clock ten minutes behind',
    { idp: { clockOffsetSeconds: -600 } },
    'saml_response_refused',
    /more than 5 minutes ago/,
  ],
  [
    'a clock ten minutes ahead',
    { idp: { clockOffsetSeconds: 600 } },
    'saml_response_refused',
    /issued in the future/,
  ],
  [
    'a transient NameID alone',
    { idp: { nameIdFormat: 'transient' } },
    'identity_incomplete',
    /transient/,
  ],
  [
    'an answer that was not asked for',
    { unsolicited: true },
    'saml_response_refused',
    /is unsolicited/,
  ],
];

for (const [what, journey, code, message] of REFUSED) {
  test(`a Response of SimpleSAMLphp is rejected: ${what}`, { skip }, async () => {
    await assert.rejects(signIn(journey), { name: 'BridgeError', code, message });
  });
}

for (const requestBinding of ['HTTP-Redirect', 'HTTP-POST'] as const) {
  test(`SimpleSAMLphp rejects an unsigned request by ${requestBinding} if it requires signed ones`, {
    skip,
  }, async () => {
    await assert.rejects(
      signIn({ idp: { demandSignedRequests: true, requestBinding }, stripSignature: true }),
      /no Response/,
    );
  });
}
