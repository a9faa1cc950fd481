/**
 * What a correctly signed Assertion says: the target signs whatever the input is, so that the
 * fuzzer also tests the code that runs after the signature check. A user is read as a reader of
 * another library reads it.
 *
 * An input that begins with `E` is encrypted for the bridge after it was signed.
 */
import { createRequire } from 'node:module';
import { validateResponse } from '../../src/connectors/saml/validation.ts';
import { assertionOf, encryptAssertion, withAssertion } from '../support/saml-encryption.ts';
import { encode, rsaKey, signElement } from '../support/saml-forge.ts';
import { clock, SAML } from './signed-world.ts';
import { type FuzzTarget, promise, unlessRejected } from './target.ts';

const { DOMParser } = createRequire(import.meta.url)(
  '@xmldom/xmldom',
) as typeof import('@xmldom/xmldom');
const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion';
const key = rsaKey();
const REJECTIONS = ['saml_response_refused', 'idp_refused', 'sign_in_cancelled'] as const;

export const target: FuzzTarget = {
  name: 'saml-assertion',
  mostBytes: 8000,
  mostMilliseconds: 500,
  guidedBy: ['/src/connectors/saml/'],
  covers: [
    ...['profile', 'validation', 'decryption', 'encrypted-assertion'].map(
      name => `src/connectors/saml/${name}.ts`,
    ),
  ],
  check: async input => {
    const isEncrypted = input.startsWith('E');
    const signed = signedOf(isEncrypted ? input.slice(1) : input);
    if (signed === undefined) return;
    const validated = await unlessRejected(REJECTIONS, () =>
      validateResponse({
        samlResponse: encode(isEncrypted ? encrypted(signed) : signed),
        signingCertificates: [key.certificatePem],
        decryption: { state: 'on', keys: [key.privateKey], allowCbc: false },
        expected: { ...SAML, now: clock.now(), clockSkewSeconds: 60 },
      }),
    );
    if (validated === undefined) return;
    const { person, wasEncrypted } = validated;
    promise(wasEncrypted === isEncrypted, 'it says whether the Assertion was encrypted');
    const assertion = new DOMParser()
      .parseFromString(signed)
      .getElementsByTagNameNS(ASSERTION, 'Assertion')[0]!;
    const texts = (name: string): readonly string[] =>
      Array.from(assertion.getElementsByTagNameNS(ASSERTION, name), element =>
        element.textContent!.trim(),
      );
    promise(
      texts('NameID').includes(person.nameId.text.trim()),
      'the NameID is one of the Assertion',
    );
    promise(person.nameId.text !== '', 'the NameID is not empty');
    const values = texts('AttributeValue');
    promise(
      [...person.attributes.values()].flat().every(value => values.includes(value.trim())),
      'every value of an attribute is one of the Assertion',
    );
    promise(texts('Audience').includes(SAML.entityId), 'the Assertion is for this bridge');
    promise(person.assertionId === assertion.getAttribute('ID'), 'the id is that of the Assertion');
    promise(person.expiresAt > clock.now() - 60_000, 'the Assertion has not ended');
    promise(person.acceptedUntil >= person.expiresAt, 'it is remembered as long as it is accepted');
    promise(Number.isFinite(person.expiresAt), 'an Assertion ends');
  },
};

function encrypted(signed: string): string {
  if (!/<saml:Assertion.*<\/saml:Assertion>/s.test(signed)) return signed;
  return withAssertion(signed, encryptAssertion(assertionOf(signed), key.certificatePem));
}

/** Undefined for what another library cannot sign. */
function signedOf(input: string): string | undefined {
  try {
    return signElement(input, '_assertion', key);
  } catch {
    return undefined;
  }
}
