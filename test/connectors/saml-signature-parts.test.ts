/**
 * Every part of an XML signature is obeyed, or rejected with a message that names it.
 *
 * The forge signs with xmldsigjs, which the product does not use, and xmlsec1 agrees on what is
 * obeyed. What xmlsec1 signs is in saml-signature-xmlsec.test.ts.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { SignatureParts } from '../support/saml-forge.ts';
import { encode, signElement } from '../support/saml-forge.ts';
import { verifyByXmlsec, xmlsecMissing } from '../support/xmlsec.ts';
import { assertRefused, forge, literally, openConnector, stranger } from './saml-fixture.ts';

const acme = await openConnector();
after(() => acme.connector.close());

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = `${DSIG}enveloped-signature`;

const OBEYED: readonly (readonly [string, Partial<SignatureParts>])[] = [
  ['a PrefixList of CanonicalizationMethod', { signedInfoPrefixes: 'saml samlp' }],
  ['one that names what the Assertion declares', { signedInfoPrefixes: 'xs xsi samlp' }],
  ['one that names what is declared nowhere', { signedInfoPrefixes: 'unknown saml' }],
  ['a PrefixList of the Transform', { prefixes: 'xs xsi' }],
  ['one that names what an ancestor declares', { prefixes: 'samlp' }],
  ['both', { signedInfoPrefixes: 'xs', prefixes: 'xs' }],
  ['RSA-SHA512', { method: `${MORE}rsa-sha512` }],
  ['RSA-PSS with SHA-256', { method: 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1' }],
  ['a SHA-512 digest', { digest: 'http://www.w3.org/2001/04/xmlenc#sha512' }],
  ['blanks and line breaks in the DigestValue', { digestValue: value => `\n${inLines(value)}\t` }],
];

function inLines(base64: string): string {
  return base64.replace(/.{16}/g, '$& \n');
}

/** xmlsec1 of Debian 12 has no RSA-PSS. */
const VERIFIED_ELSEWHERE = OBEYED.filter(([, { method = '' }]) => !method.endsWith('MGF1'));
for (const [what, parts] of OBEYED) {
  test(`obeys ${what}`, async () => {
    assert.equal((await acme.signIn({}, { parts })).identity.subject, 'p-0001');
    // A changed value is rejected all the same.
    const requestId = await acme.begin();
    const changed = forge.xml(requestId, {}, { parts }).replace('>developers<', '>admins<');
    await assertRefused(
      acme.complete(encode(changed), { protocol: 'saml', requestId }),
      /^the Assertion is not what was signed$/,
    );
  });
}

test('xmlsec1 verifies the signatures that are obeyed', { skip: xmlsecMissing }, () => {
  const key = ['certificate', forge.key.certificatePem] as const;
  for (const [what, parts] of VERIFIED_ELSEWHERE) {
    const xml = forge.xml('_request', {}, { parts });
    verifyByXmlsec(xml, key);
    const changed = xml.replace('>developers<', '>admins<');
    assert.throws(() => verifyByXmlsec(changed, key), /FAIL/, what);
  }
});

/** What XML allows in a value, and what decoders let pass that xmlsec1 rejects. */
const VALUES: readonly (readonly [string, (base64: string) => string, RegExp | undefined])[] = [
  ['blanks', value => ` ${value.replace(/.{9}/g, '$& ')}`, undefined],
  ['tabs and line breaks', value => value.replace(/.{64}/g, '$&\t\r\n'), undefined],
  ['carriage returns', value => value.replace(/.{64}/g, '$&&#13;\n'), undefined],
  ['a character outside of base64', value => value.replace(/^..../, '$&*'), /is not base64/],
  ['a blank that is none in XML', value => value.replace(/^..../, '$&\u00a0'), /is not base64/],
  ['more after its end', value => `${value}AAAA`, /is not base64/],
  ['no padding', value => value.replace(/=+$/, ''), /is not base64/],
  ['base64url', value => value.replaceAll(/[+/]/g, '-'), /is not base64/],
  ['an element', value => value.replace(/^..../, '$&<x/>'), /contains elements/],
];
for (const [what, write, message] of VALUES) {
  const written = (requestId: string) =>
    forge
      .xml(requestId)
      .replace(/(<ds:SignatureValue>)([^<]*)/, (_, tag, value) => tag + write(value));

  test(`a SignatureValue with ${what} is ${message ? 'rejected by name' : 'verified'}`, async () => {
    const requestId = await acme.begin();
    const completed = acme.complete(encode(written(requestId)), { protocol: 'saml', requestId });
    if (message === undefined) assert.equal((await completed).identity.subject, 'p-0001');
    else await assertRefused(completed, message);
  });

  test(`xmlsec1 agrees on a SignatureValue with ${what}`, {
    // It reads the text of a value with elements; the schema has none there.
    skip: what === 'an element' ? 'xmlsec1 is more tolerant' : xmlsecMissing,
  }, () => {
    const verify = () =>
      verifyByXmlsec(written('_request'), ['certificate', forge.key.certificatePem]);
    if (message === undefined) verify();
    else assert.throws(verify, /xmlsec1 --verify/);
  });
}

/** Both parts are signed, the Assertion first. */
async function signedTwice(assertion: string, response: string): Promise<unknown> {
  const requestId = await acme.begin();
  const inner = forge.xml(
    requestId,
    { responseId: '_both' },
    { parts: { signedInfoPrefixes: assertion } },
  );
  const xml = signElement(inner, '_both', forge.key, { signedInfoPrefixes: response });
  return acme.complete(encode(xml), { protocol: 'saml', requestId });
}

test('obeys a PrefixList in both signatures of a Response', async () => {
  for (const [assertion, response] of [
    ['saml samlp', 'saml samlp'],
    ['', 'samlp'],
    ['saml', ''],
  ] as const)
    await signedTwice(assertion, response);
});

test('rejects by name a prefix that only the Assertion declares, if both are signed', () =>
  assertRefused(
    signedTwice('xs', ''),
    /InclusiveNamespaces .* a prefix that the Response does not/,
  ));

const KEY_INFO: readonly (readonly [string, string])[] = [
  ['no KeyInfo', ''],
  ['a KeyName', '<ds:KeyName>idp</ds:KeyName>'],
  [
    'the key of a stranger as KeyValue',
    '<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>',
  ],
  [
    'issuer and serial number',
    '<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>',
  ],
  ['a RetrievalMethod', '<ds:RetrievalMethod URI="http://evil.example/key"/>'],
  [
    'a KeyInfoReference',
    '<d:KeyInfoReference xmlns:d="http://www.w3.org/2009/xmldsig11#" URI="http://evil.example/key"/>',
  ],
  ['a DSA key', '<ds:KeyValue><ds:DSAKeyValue><ds:Y>AQAB</ds:Y></ds:DSAKeyValue></ds:KeyValue>'],
  [
    'an EC key',
    '<ds:KeyValue><d:ECKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#"><d:PublicKey>AQAB</d:PublicKey></d:ECKeyValue></ds:KeyValue>',
  ],
  [
    'an encoded key',
    '<d:DEREncodedKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#">AQAB</d:DEREncodedKeyValue>',
  ],
  [
    'key id, subject and revocation list',
    '<ds:X509Data><ds:X509SKI>AQAB</ds:X509SKI><ds:X509SubjectName>CN=x</ds:X509SubjectName><ds:X509CRL>AQAB</ds:X509CRL></ds:X509Data>',
  ],
  ['a PGP key', '<ds:PGPData><ds:PGPKeyID>AQAB</ds:PGPKeyID></ds:PGPData>'],
  ['an SPKI key', '<ds:SPKIData>AQAB</ds:SPKIData>'],
  ['an agreement', '<ds:MgmtData>AQAB</ds:MgmtData>'],
  [
    'the certificate of a stranger',
    `<ds:X509Data><ds:X509Certificate>${stranger.certificate}</ds:X509Certificate></ds:X509Data>`,
  ],
];
for (const [what, keyInfo] of KEY_INFO) {
  test(`takes no key from KeyInfo: ${what}`, async () => {
    const { identity } = await acme.signIn({}, { parts: { keyInfo } });
    assert.equal(identity.subject, 'p-0001');
    const requestId = await acme.begin();
    const forged = forge.respond(requestId, {}, { key: stranger, parts: { keyInfo } });
    await assertRefused(
      acme.complete(forged, { protocol: 'saml', requestId }),
      /does not verify with any signing key of this IdP \(1 key tried\)/,
    );
  });
}

const REJECTED: readonly (readonly [string, Partial<SignatureParts>, RegExp])[] = [
  [
    '#default in CanonicalizationMethod',
    { signedInfoPrefixes: '#default saml' },
    /InclusiveNamespaces in the CanonicalizationMethod .*#default/,
  ],
  [
    '#default in the Transform',
    { prefixes: '#default' },
    /InclusiveNamespaces in the Transform .*#default/,
  ],
  // Neither takes time that grows faster than the list.
  [
    'a long PrefixList that ends in no prefix',
    { prefixes: `${'a'.repeat(5000)}!` },
    /InclusiveNamespaces in the Transform .*no prefix/,
  ],
  [
    'a long PrefixList of many names that ends in no prefix',
    { signedInfoPrefixes: `${'ab '.repeat(2000)}!` },
    /InclusiveNamespaces in the CanonicalizationMethod .*no prefix/,
  ],
  [
    'HMACOutputLength',
    { methodContent: '<ds:HMACOutputLength>1</ds:HMACOutputLength>' },
    /SignatureMethod .* contains HMACOutputLength/,
  ],
  [
    'RSAPSSParams',
    {
      method: 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
      methodContent:
        '<p:RSAPSSParams xmlns:p="http://www.w3.org/2007/05/xmldsig-more#"></p:RSAPSSParams>',
    },
    /SignatureMethod .* contains RSAPSSParams/,
  ],
  [
    'a child of DigestMethod',
    { digestContent: '<x xmlns="urn:x"></x>' },
    /DigestMethod .* contains x/,
  ],
  [
    'Object',
    { tail: '<ds:Object></ds:Object>' },
    /Signature .*it has SignedInfo, SignatureValue, KeyInfo, Object/,
  ],
  ['Manifest', { tail: '<ds:Object><ds:Manifest></ds:Manifest></ds:Object>' }, /it has .*Object/],
  [
    'SignatureProperties',
    { tail: '<ds:Object><ds:SignatureProperties></ds:SignatureProperties></ds:Object>' },
    /it has .*Object/,
  ],
  ['a Reference with an empty URI', { uri: '' }, /refers to another element.*its URI is ""/],
  ...[
    ...['#', '#xpointer(/)', '#xmlns(a=b)xpointer(/)', '#%5fassertion', ' #_assertion'],
    ...['_assertion', 'https://evil.example/', 'file:///etc/passwd', 'cid:a'],
  ].map(
    uri =>
      [
        `a Reference to "${uri}"`,
        { uri },
        new RegExp(`refers to another element.*its URI is "${literally(uri.trim())}"`),
      ] as const,
  ),
  [
    'a DigestValue that is not base64',
    { digestValue: value => `${value}*` },
    /^the DigestValue of a signature is not base64$/,
  ],
  [
    'a DigestValue with an element',
    { digestValue: value => `<x xmlns="urn:x"></x>${value}` },
    /contains elements/,
  ],
  [
    'a PrefixList with two blanks',
    { prefixes: 'xs  xsi' },
    /InclusiveNamespaces in the Transform .* more than a blank/,
  ],
  [
    'a RetrievalMethod with a transform in KeyInfo',
    {
      keyInfo:
        '<ds:RetrievalMethod URI="#x"><ds:Transforms><ds:Transform Algorithm="urn:x"/></ds:Transforms></ds:RetrievalMethod>',
    },
    /part of an XML signature is in an unexpected place/,
  ],
  [
    'a reference to a token in KeyInfo',
    { keyInfo: '<w:Reference xmlns:w="urn:wss" URI="#x"/>' },
    /part of an XML signature is in an unexpected place/,
  ],
  [
    'an encrypted key in KeyInfo',
    { keyInfo: '<e:EncryptedKey xmlns:e="http://www.w3.org/2001/04/xmlenc#"/>' },
    /encrypted part other than the EncryptedAssertion/,
  ],
  [
    'rsa-sha384',
    { method: `${MORE}rsa-sha384` },
    /it is "http:\/\/www\.w3\.org\/2001\/04\/xmldsig-more#rsa-sha384"\); select RSA-SHA256 at the IdP$/,
  ],
  [
    'rsa-sha1',
    { method: `${DSIG}rsa-sha1` },
    /it is "http:\/\/www\.w3\.org\/2000\/09\/xmldsig#rsa-sha1"/,
  ],
  ['a SHA-384 digest', { digest: `${MORE}sha384` }, /digest algorithm .*it is ".*#sha384"/],
  [
    'C14N 1.0',
    { canonicalization: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315' },
    /the CanonicalizationMethod is "http:\/\/www\.w3\.org\/TR\/2001\/REC-xml-c14n-20010315"/,
  ],
  [
    'C14N 1.1',
    { transforms: [ENVELOPED, 'http://www.w3.org/2006/12/xml-c14n11'] },
    /the Transform is "http:\/\/www\.w3\.org\/2006\/12\/xml-c14n11"/,
  ],
  [
    'comments',
    { canonicalization: `${EXCLUSIVE}WithComments` },
    /WithComments"\); select exclusive/,
  ],
  ['XSLT', { transforms: [ENVELOPED, 'http://www.w3.org/TR/1999/REC-xslt-19991116'] }, /xslt/],
  [
    'transforms in another order',
    { transforms: [EXCLUSIVE, ENVELOPED] },
    /the Transform is ".*xml-exc-c14n#"/,
  ],
  [
    'one transform',
    { transforms: [ENVELOPED] },
    /Transforms .*it has Transform, and must have Transform, Transform/,
  ],
];
for (const [what, parts, message] of REJECTED) {
  test(`is rejected by name: ${what}`, () => assertRefused(acme.signIn({}, { parts }), message));
}

const CHANGED: readonly (readonly [string, (xml: string) => string, RegExp])[] = [
  [
    'a Reference without URI',
    xml => xml.replace(/<ds:Reference URI="[^"]*">/, '<ds:Reference>'),
    /refers to another element/,
  ],
  [
    'two References',
    xml => xml.replace(/<ds:Reference.*<\/ds:Reference>/s, '$&$&'),
    /it has CanonicalizationMethod, SignatureMethod, Reference, Reference/,
  ],
  [
    'ECDSA, with advice',
    xml => xml.replace(`${MORE}rsa-sha256`, `${MORE}ecdsa-sha256`),
    /ecdsa-sha256"\); select RSA-SHA256 at the IdP, which requires an RSA signing key$/,
  ],
  [
    'two InclusiveNamespaces',
    xml =>
      xml.replace(
        `#enveloped-signature"></ds:Transform><ds:Transform Algorithm="${EXCLUSIVE}">`,
        `$&${'<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs"/>'.repeat(2)}`,
      ),
    /more than one InclusiveNamespaces/,
  ],
  [
    'an XPath in a Transform',
    xml => xml.replace(`<ds:Transform Algorithm="${ENVELOPED}">`, '$&<ds:XPath>1</ds:XPath>'),
    /Transform of a signature contains XPath/,
  ],
  [
    'an algorithm that is no text for a log',
    xml => xml.replace(`${MORE}rsa-sha256`, `x&#x202e;&#10;${'y'.repeat(5000)}`),
    /it is "x\\\\u202e y{90,100}…"/,
  ],
];
for (const [what, change, message] of CHANGED) {
  test(`is rejected by name: ${what}`, async () => {
    const requestId = await acme.begin();
    const xml = change(forge.xml(requestId));
    await assertRefused(acme.complete(encode(xml), { protocol: 'saml', requestId }), message);
  });
}

test('names the certificate of an unknown signer, unlike for a changed signature', async () => {
  const requestId = await acme.begin();
  const complete = (xml: string) => acme.complete(encode(xml), { protocol: 'saml', requestId });
  await assertRefused(
    complete(forge.xml(requestId, {}, { key: stranger })),
    /\(1 key tried\); it names the certificate "CN=forged idp" with the SHA-256 fingerprint [0-9a-f]{64}$/,
  );
  const info = forge.xml(requestId);
  await assertRefused(
    complete(info.replace(/<ds:SignatureValue>..../, '<ds:SignatureValue>AAAA')),
    /it names a certificate of this IdP, so its value or SignedInfo was changed$/,
  );
  await assertRefused(
    complete(forge.xml(requestId, {}, { key: stranger, parts: { keyInfo: '' } })),
    /it names no certificate$/,
  );
  const odd = '<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>';
  await assertRefused(
    complete(forge.xml(requestId, {}, { key: stranger, parts: { keyInfo: odd } })),
    /its certificate cannot be read$/,
  );
});
