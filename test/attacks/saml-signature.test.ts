/**
 * Tricks with signatures, algorithms and names. After each the same connector still signs the right
 * person in.
 */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import {
  clock,
  forge,
  genuineForBob as genuine,
  openConnector,
  stranger,
} from '../connectors/saml-fixture.ts';
import {
  attributes,
  encode,
  nameId,
  PERSISTENT,
  type SignatureParts,
  signElement,
} from '../support/saml-forge.ts';

const acme = await openConnector();
const refuses = (forged: (requestId: string) => string, message: RegExp) =>
  acme.refusesThenSignsIn(forged, message);

const inKeyInfo = (signature: string, hidden: string) =>
  signature.replace('<ds:KeyInfo>', `<ds:KeyInfo>${hidden}`);

const DECOY = '<ds:SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"/>';
const SIGNATURES: readonly (readonly [string, (requestId: string) => string, RegExp])[] = [
  [
    'nothing is signed',
    id => forge.xml(id, {}, { assertion: false }),
    /neither the Response nor the Assertion is signed/,
  ],
  [
    'only the Response is signed',
    id => forge.xml(id, {}, { assertion: false, response: true }),
    /only the Response is signed/,
  ],
  [
    'a name was changed',
    id => genuine(id).xml.replace('p-bob', 'p-0001'),
    /^the Assertion is not what was signed$/,
  ],
  [
    'an attribute was changed',
    id => genuine(id).xml.replace('>bob<', '>alice<'),
    /^the Assertion is not what was signed$/,
  ],
  [
    'the signature of the Response was broken, that of the Assertion holds',
    id =>
      forge.xml(id, {}, { response: true }).replace(' Destination=', ' Consent="x" Destination='),
    /^the Response is not what was signed$/,
  ],
  [
    'the Response was signed by a stranger, the Assertion by the IdP',
    id => signElement(forge.xml(id, { responseId: '_r' }), '_r', stranger),
    /signature of the Response does not verify/,
  ],
  [
    'a stranger signed, with its own key in KeyInfo',
    id => forge.xml(id, {}, { key: stranger }),
    /signature of the Assertion does not verify with any signing key/,
  ],
  [
    "a stranger signed, with the IdP's certificate in KeyInfo",
    id =>
      forge.xml(
        id,
        {},
        {
          key: stranger,
          parts: {
            keyInfo: `<ds:X509Data><ds:X509Certificate>${forge.key.certificate}</ds:X509Certificate></ds:X509Data>`,
          },
        },
      ),
    /does not verify with any signing key/,
  ],
  [
    'the signature has no value',
    id =>
      genuine(id).xml.replace(
        /<ds:SignatureValue>.*?<\/ds:SignatureValue>/s,
        '<ds:SignatureValue></ds:SignatureValue>',
      ),
    /does not verify with any signing key/,
  ],
  [
    'the signature has no digest',
    id => genuine(id).xml.replace(/<ds:DigestValue>.*?<\/ds:DigestValue>/s, '<ds:DigestValue/>'),
    /does not verify with any signing key/,
  ],
  [
    'the signature is no base64',
    id =>
      genuine(id).xml.replace(
        /<ds:SignatureValue>.*?<\/ds:SignatureValue>/s,
        '<ds:SignatureValue>\u00e9</ds:SignatureValue>',
      ),
    /^the SignatureValue of a signature is not base64$/,
  ],
  [
    'the signature is that of another answer',
    id => {
      const { xml, signature } = genuine(id);
      return xml.replace(
        signature,
        genuine(id).signature.replace(
          /<ds:DigestValue>.*?<\/ds:DigestValue>/,
          /<ds:DigestValue>.*?<\/ds:DigestValue>/.exec(signature)![0].replace(/>..../, '>AAAA'),
        ),
      );
    },
    /does not verify with any signing key/,
  ],
  [
    'two signatures of one Assertion',
    id => {
      const { xml, signature } = genuine(id);
      return xml.replace(signature, signature + signature);
    },
    /more than one Signature/,
  ],
  [
    'a decoy signature with the same value in KeyInfo',
    id => {
      const { xml, signature } = genuine(id);
      return xml.replace(signature, inKeyInfo(signature, signature));
    },
    /part of an XML signature is in an unexpected place/,
  ],
  [
    'a decoy algorithm in KeyInfo',
    id => {
      const { xml, signature } = genuine(id);
      return xml.replace(signature, inKeyInfo(signature, DECOY));
    },
    /unexpected place/,
  ],
  [
    'a decoy algorithm before SignedInfo',
    id => {
      const { xml } = genuine(id);
      return xml.replace('<ds:SignedInfo', `${DECOY}<ds:SignedInfo`);
    },
    /exactly the parts/,
  ],
  [
    'two SignedInfo',
    id => {
      const { xml } = genuine(id);
      const info = /<ds:SignedInfo.*<\/ds:SignedInfo>/s.exec(xml)![0];
      return xml.replace(info, info + info);
    },
    /exactly the parts/,
  ],
  [
    'two References',
    id => {
      const { xml } = genuine(id);
      const reference = /<ds:Reference.*<\/ds:Reference>/s.exec(xml)![0];
      return xml.replace(reference, reference + reference);
    },
    /exactly the parts/,
  ],
  [
    'a comment in DigestValue',
    id => genuine(id).xml.replace('<ds:DigestValue>', '<ds:DigestValue><!-- x -->'),
    /contains a comment/,
  ],
  [
    'an element in DigestValue',
    id => genuine(id).xml.replace('<ds:DigestValue>', '<ds:DigestValue><x xmlns="urn:x"/>'),
    /signature value contains elements/,
  ],
  [
    'a signature inside an attribute value',
    id => {
      const { xml, signature } = genuine(id);
      return xml.replace('>bob<', `>${signature}<`);
    },
    /unexpected place/,
  ],
];
for (const [what, forged, message] of SIGNATURES) {
  test(`a signature is rejected: ${what}`, () => refuses(forged, message));
}

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const publicPem = createPublicKey(forge.key.privateKey).export({ type: 'spki', format: 'pem' });
const ALGORITHMS: readonly (readonly [string, Partial<SignatureParts>, RegExp])[] = [
  ['RSA with SHA-1', { method: `${DSIG}rsa-sha1` }, /signature algorithm is not RSA with SHA-256/],
  [
    'HMAC with the certificate as the key',
    { method: `${DSIG}hmac-sha1`, key: Buffer.from(forge.key.certificatePem) },
    /signature algorithm is not RSA/,
  ],
  [
    'HMAC with the public key as the key',
    { method: `${DSIG}hmac-sha1`, key: Buffer.from(publicPem) },
    /signature algorithm is not RSA/,
  ],
  ['a SHA-1 digest', { digest: `${DSIG}sha1` }, /digest algorithm is not SHA-256/],
  [
    'canonicalization with comments',
    { canonicalization: `${EXCLUSIVE}WithComments` },
    /transform other than/,
  ],
  [
    'inclusive canonicalization',
    { canonicalization: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315' },
    /transform other than/,
  ],
  [
    'a transform with comments',
    { transforms: [`${DSIG}enveloped-signature`, `${EXCLUSIVE}WithComments`] },
    /transform other than/,
  ],
  [
    'XSLT',
    { transforms: [`${DSIG}enveloped-signature`, 'http://www.w3.org/TR/1999/REC-xslt-19991116'] },
    /transform other than/,
  ],
  [
    'XPath',
    { transforms: ['http://www.w3.org/TR/1999/REC-xpath-19991116', EXCLUSIVE] },
    /transform other than/,
  ],
  [
    'three transforms',
    { transforms: [`${DSIG}enveloped-signature`, EXCLUSIVE, EXCLUSIVE] },
    /exactly the parts/,
  ],
  ['no transform', { transforms: [] }, /exactly the parts/],
  ['a reference to the whole document', { uri: '' }, /refers to another element/],
  ['a reference to a file', { uri: 'file:///etc/passwd' }, /refers to another element/],
  ['a reference by XPointer', { uri: '#xpointer(/)' }, /refers to another element/],
];
for (const [what, parts, message] of ALGORITHMS) {
  test(`an algorithm is rejected: ${what}`, () =>
    refuses(id => forge.xml(id, {}, { parts }), message));
}

test('an ID that could break out of an XPath expression is rejected', () =>
  refuses(id => forge.xml(id, { assertionId: "a'or'1" }), /the Assertion has no usable ID/));

const NAME_TRICKS: readonly (readonly [string, (xml: string) => string, RegExp])[] = [
  [
    'a comment in the NameID',
    xml => xml.replace('p-0001-x', 'p-0001<!---->-x'),
    /contains a comment/,
  ],
  [
    'a comment in an attribute value',
    xml => xml.replace('>bob<', '>b<!-- -->ob<'),
    /contains a comment/,
  ],
  [
    'a processing instruction in the NameID',
    xml => xml.replace('p-0001-x', 'p-0001<?x?>-x'),
    /contains a processing instruction/,
  ],
  [
    'CDATA in the NameID',
    xml => xml.replace('p-0001-x', '<![CDATA[p-0001]]>-x'),
    /contains a CDATA section/,
  ],
  ['an entity in the NameID', xml => xml.replace('p-0001-x', 'p-0001&x;'), /not well-formed/],
];
for (const [what, trick, message] of NAME_TRICKS) {
  test(`a name cannot be truncated: ${what}`, () =>
    refuses(
      id =>
        trick(
          forge.xml(id, {
            nameId: nameId('p-0001-x', PERSISTENT),
            attributes: attributes({ uid: 'bob' }),
          }),
        ),
      message,
    ));
}

test('an attribute called nameID does not replace a NameID', () =>
  refuses(
    id => forge.xml(id, { nameId: '', attributes: attributes({ uid: 'bob', nameID: 'p-0001' }) }),
    /Subject has no NameID/,
  ));

test('content that canonicalization omits from the digest is not read', async () => {
  // The engine takes every attribute that begins with xmlns for a declaration, and so does not
  // digest it.
  const requestId = await acme.begin();
  const xml = forge.xml(requestId).replace('<saml:NameID ', '<saml:NameID xmlnsFormat="x" ');
  const { identity } = await acme.complete(encode(xml), { protocol: 'saml', requestId });
  assert.equal(identity.subject, 'p-0001');
  assert.equal(identity.authentication.at, clock.now());
});
