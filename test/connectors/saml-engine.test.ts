/**
 * What the signature engine says in prose, and what we make of it. Here it sees what the strict
 * pass would never let through.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine } from '../../src/connectors/saml/engine.ts';
import {
  at,
  audience,
  conditions,
  encode,
  type ResponseParts,
  type Signing,
  signElement,
  status,
} from '../support/saml-forge.ts';
import { ACS_URL, clock, ENTITY_ID, forge, stranger } from './saml-fixture.ts';

const engine = createEngine({ entityId: ENTITY_ID, acsUrl: ACS_URL });
const verify = (xml: string, responseIsSigned = false) =>
  engine.signedAssertion({ encoded: encode(xml), responseIsSigned }, [forge.key.certificatePem]);
const forged = (parts: Partial<ResponseParts> = {}, signing: Signing = {}) =>
  forge.xml('_r', { assertionId: '_a', ...parts }, signing);
const assertionOf = (xml: string) => /<saml:Assertion.*<\/saml:Assertion>/s.exec(xml)![0];
const signatureOf = (xml: string) => /<ds:Signature .*<\/ds:Signature>/s.exec(xml)![0];
const withoutAssertion = (parts: Partial<ResponseParts>) =>
  forged(parts, { assertion: false }).replace(/<saml:Assertion.*<\/saml:Assertion>/s, '');

test('a good Assertion comes back as the bytes that were signed', async () => {
  const xml = await verify(forged({}, { response: true }), true);
  assert.match(xml, /^<saml:Assertion .*ID="_a"/);
  assert.match(xml, />p-0001<\/saml:NameID>/);
});

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const CASES: readonly (readonly [string, () => string, RegExp, boolean?])[] = [
  [
    'the Response changed after it was signed',
    () => forged({}, { response: true }).replace(' Destination=', ' Consent="x" Destination='),
    /^the Response is not what was signed$/,
    true,
  ],
  [
    'the Response signed by a stranger',
    () => signElement(forged({ responseId: '_x' }), '_x', stranger),
    /^the Response is not what was signed$/,
    true,
  ],
  [
    'the Assertion changed after it was signed',
    () => forged().replace('p-0001', 'p-0002'),
    /^the Assertion is not what was signed$/,
  ],
  [
    'two Assertions',
    () => {
      const xml = forged();
      return xml.replace('</samlp:Response>', `${assertionOf(xml)}</samlp:Response>`);
    },
    /^the Response contains more than one Assertion$/,
  ],
  [
    'an ID that is there twice',
    () => forged().replace('<samlp:Status>', '<samlp:Status ID="_a">'),
    /^a signature refers to an ID that does not occur exactly once$/,
  ],
  [
    'a signature that refers to another element',
    () => forged({ responseId: '_x' }, { parts: { uri: '#_x' } }),
    /^a signature refers to another element than its parent$/,
  ],
  [
    'three transforms',
    () =>
      forged({}, { parts: { transforms: [`${DSIG}enveloped-signature`, EXCLUSIVE, EXCLUSIVE] } }),
    /^a signature has too many transforms$/,
  ],
  [
    'two signatures',
    () => {
      const xml = forged();
      return xml.replace('<saml:Subject>', `${signatureOf(xml)}<saml:Subject>`);
    },
    /^an element has more than one Signature$/,
  ],
  ['no Assertion', () => withoutAssertion({}), /^the Response contains no Assertion$/],
  [
    'two Conditions',
    () => forged({ conditions: conditions({}, audience(ENTITY_ID)).repeat(2) }),
    /^the Assertion has more than one Conditions$/,
  ],
  [
    'a NotBefore without an end',
    () => forged({ conditions: conditions({ NotBefore: at(clock.now()) }, audience(ENTITY_ID)) }),
    /^a time of the Assertion is missing or cannot be read$/,
  ],
  [
    'a Status of failure',
    () => withoutAssertion({ status: status('Requester') }),
    /^the signature engine could not read the response$/,
  ],
  ['no XML at all', () => 'nothing', /^the signature engine could not read the response$/],
  [
    'NoPassive, which the engine reads as no user',
    () =>
      signElement(
        withoutAssertion({ responseId: '_x', status: status('Responder', 'NoPassive') }),
        '_x',
        forge.key,
      ),
    /^the signature engine found no signed Assertion$/,
    true,
  ],
];

for (const [what, xml, message, responseIsSigned] of CASES) {
  test(`the engine refuses, and we say why: ${what}`, async () => {
    await assert.rejects(verify(xml(), responseIsSigned), {
      name: 'BridgeError',
      code: 'saml_response_refused',
      message,
    });
  });
}

test('the engine takes no key from the answer itself', async () => {
  await assert.rejects(verify(forged({}, { key: stranger })), {
    message: 'the Assertion is not what was signed',
  });
});
