/** The signatures of our SAML responses, as three other implementations see them. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { partitionTable } from '../../src/core/partitions.ts';
import type { SamlTrust } from '../../src/core/role.ts';
import { issueSamlResponse } from '../../src/issuer/saml-assertion.ts';
import type { SigningKeys } from '../../src/issuer/signing-keys.ts';
import { anAssertionSubject, aRoleSession } from '../support/assertion-subject.ts';
import { handTurnedClock } from '../support/clock.ts';
import { property } from '../support/properties.ts';
import { ephemeralKeys } from './ephemeral-keys.ts';
import { type SignedName, VERIFIERS } from './signature-verifiers.ts';

const BOTH: SamlTrust = { by: 'saml', provider: 'rolebridge' };
const clock = handTurnedClock(Date.UTC(2026, 0, 2, 3, 5));

let keys: SigningKeys;
before(async () => {
  keys = await ephemeralKeys(clock);
});

/** A response whose tag, transitive key, source identity and issuer are this value. */
function responseWith(value: string, trust = BOTH): string {
  const session = aRoleSession({
    tags: [{ key: value, value }],
    transitiveTags: [value],
    sourceIdentity: value,
  });
  const base64 = issueSamlResponse({
    subject: anAssertionSubject({ session }),
    ...{ trust, entityId: value, key: keys.saml.active, now: clock.now() },
    partition: partitionTable().aws,
  });
  return Buffer.from(base64, 'base64').toString('utf8');
}

const VALUES = [
  'plain',
  '',
  ' ',
  '"double" and \'single\'',
  '<saml:Issuer>&</saml:Issuer>',
  'a > b < c & d; &amp; &#13; &lt;',
  ']]>',
  '<![CDATA[x]]>',
  '<!-- x --> <?x y?>',
  '\u00a0no-break\u00a0',
  '\u3000ideographic\u200bzero width\ufeff',
  'e\u0301 and \u00e9',
  '\ud83d\udd11\ud83d\ude00 emoji, \u{1d51e} and \u{10ffff}',
  'xmlns:saml="urn:x" xmlns="" ds:Signature',
  '</saml:AttributeValue><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>',
  '\ufffd\ue000',
];

for (const { name, missing, verifies } of VERIFIERS) {
  describe(`${name} verifies a response that the bridge signed`, { skip: missing }, () => {
    const holds = (xml: string, of: SignedName): Promise<boolean> =>
      verifies(xml, of, keys.saml.active.certificatePem);

    for (const value of VALUES) {
      it(`with ${JSON.stringify(value)}, and no longer if a byte of it changes`, async () => {
        const xml = responseWith(value);
        assert.deepEqual(
          [await holds(xml, 'Assertion'), await holds(xml, 'Response')],
          [true, true],
        );

        const changed = xml.replace('alice-k3jx', 'alice-k3jy');
        assert.notEqual(changed, xml);
        assert.deepEqual(
          [await holds(changed, 'Assertion'), await holds(changed, 'Response')],
          [false, false],
        );
      });
    }

    it('of which only the assertion is signed', async () => {
      const xml = responseWith('plain', { ...BOTH, signatures: 'assertion' });
      assert.ok(await holds(xml, 'Assertion'));
      await assert.rejects(holds(xml, 'Response').then(assert.ok));
    });

    it('but not with another key', async () => {
      const { certificatePem } = keys.webIdentity.active;
      const xml = responseWith('plain');
      assert.equal(await verifies(xml, 'Assertion', certificatePem), false);
      assert.equal(await verifies(xml, 'Response', certificatePem), false);
    });
  });
}

describe('a value that XML does not preserve', () => {
  const REFUSED = {
    'a carriage return': '\r',
    'a line feed': 'a\nb',
    'a tab': '\t',
    NUL: '\0',
    'a backspace': '\b',
    'an escape': '\u001b[31m',
    'a delete': '\u007f',
    'a C1 control character': '\u009f',
    'the next line of C1': '\u0085',
    'a line separator': '\u2028',
    'a paragraph separator': '\u2029',
    'a lone high surrogate': '\ud800',
    'a lone low surrogate': 'a\udc00b',
    'two surrogates in the wrong order': '\udc00\ud800',
    'U+FFFE': '\ufffe',
    'U+FFFF': '\uffff',
  };
  for (const [name, value] of Object.entries(REFUSED))
    it(`is refused: ${name}`, () => {
      assert.throws(() => responseWith(value), { code: 'session_settings_invalid' });
    });
});

describe('every byte of a signed response', () => {
  const places = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  for (const { name, verifies } of VERIFIERS.slice(0, 2))
    property(`counts for ${name}`, places, async place => {
      const xml = responseWith('plain');
      // No signature covers the certificate beside it.
      const [from, to] = [xml.indexOf('<ds:KeyInfo>'), xml.indexOf('</ds:KeyInfo>')];
      const covered = Math.floor(place * (xml.length - (to - from)));
      const at = covered < from ? covered : covered + (to - from);
      const changed = `${xml.slice(0, at)}${xml[at] === 'x' ? 'y' : 'x'}${xml.slice(at + 1)}`;
      if (!isWellFormed(changed)) return;
      const { certificatePem } = keys.saml.active;
      const holds = await verifies(changed, 'Response', certificatePem).catch(() => false);
      assert.equal(holds, false, `at ${at}: ${changed.slice(at - 20, at + 20)}`);
    });
});

function isWellFormed(xml: string): boolean {
  const parser = new SaxesParser({ xmlns: true });
  let faults = 0;
  parser.on('error', () => {
    faults += 1;
  });
  parser.write(xml).close();
  return faults === 0;
}
