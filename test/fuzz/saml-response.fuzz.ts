/**
 * A SAML Response, as the browser posts it: what is accepted is exactly what the identity provider
 * signed, and everything else is rejected with an error that has a name.
 *
 * An input that begins with `<` is XML; any other one is the form field as it is.
 */
import assert from 'node:assert/strict';
import type { AssertedPerson } from '../../src/connectors/saml/profile.ts';
import { validateResponse } from '../../src/connectors/saml/validation.ts';
import { corpusOf, inputsIn } from './places.ts';
import { clock, corpusKeys, SAML } from './signed-world.ts';
import { type FuzzTarget, promise, unlessRejected } from './target.ts';

const { samlCertificate } = corpusKeys();
const REJECTIONS = ['saml_response_refused', 'idp_refused', 'sign_in_cancelled'] as const;

async function personIn(input: string): Promise<AssertedPerson | undefined> {
  const samlResponse = input.startsWith('<') ? Buffer.from(input).toString('base64') : input;
  const validated = await unlessRejected(REJECTIONS, () =>
    validateResponse({
      samlResponse,
      signingCertificates: [samlCertificate],
      decryption: { state: 'off' },
      expected: { ...SAML, now: clock.now(), clockSkewSeconds: 60 },
    }),
  );
  return validated?.person;
}

/** What the identity provider said in each Assertion of the corpus. */
const signed = new Map<string, AssertedPerson>();
for (const input of inputsIn(corpusOf('saml-response')).values()) {
  const person = await personIn(input.toString());
  if (person !== undefined) signed.set(person.assertionId, person);
}

export const target: FuzzTarget = {
  name: 'saml-response',
  mostBytes: 12_000,
  mostMilliseconds: 500,
  guidedBy: [
    '/src/connectors/saml/',
    '/src/core/printable',
    '/node_modules/saxes/',
    '/node_modules/xml-crypto/lib/',
  ],
  covers: [
    ...['response', 'validation', 'profile', 'strict-xml', 'signers', 'engine'].map(
      name => `src/connectors/saml/${name}.ts`,
    ),
  ],
  check: async input => {
    const person = await personIn(input);
    if (person === undefined) return;
    const said = signed.get(person.assertionId);
    promise(said !== undefined, 'only an Assertion of the identity provider is accepted');
    try {
      assert.deepEqual(person, said);
    } catch {
      promise(false, 'an accepted Assertion says what the identity provider signed');
    }
  },
};
