/**
 * The parts of an XML signature, signed by xmlsec1, which verifies each of them itself: the
 * connector obeys the part, or rejects it with a message that names it.
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { encode } from '../support/saml-forge.ts';
import {
  pemOf,
  signedByXmlsec,
  verifyByXmlsec,
  type XmlsecKey,
  xmlsecMissing,
} from '../support/xmlsec.ts';
import { assertRefused, forge, literally, openConnector } from './saml-fixture.ts';

const acme = await openConnector();
after(() => acme.connector.close());
const skip = xmlsecMissing;

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const XMLENC = 'http://www.w3.org/2001/04/xmlenc#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
const C14N_11 = 'http://www.w3.org/2006/12/xml-c14n11';

// ---------------------------------------------------------------- templates

type Part = 'CanonicalizationMethod' | 'SignatureMethod' | 'Transform' | 'DigestMethod';
const part = (name: Part, algorithm: string, content = '', attributes = '') =>
  `<ds:${name} Algorithm="${algorithm}"${attributes}>${content}</ds:${name}>`;
const transform = (algorithm: string, content = '') => part('Transform', algorithm, content);
const prefixes = (list: string) =>
  `<ec:InclusiveNamespaces xmlns:ec="${EXCLUSIVE}" PrefixList="${list}"/>`;
const ENVELOPED = transform(`${DSIG}enveloped-signature`);

/** A Signature without its values. */
interface Template {
  readonly canonicalization: string;
  readonly method: string;
  readonly uri: string;
  readonly transforms: string;
  readonly digest: string;
  /** Attributes of the Reference in addition to URI. */
  readonly reference: string;
  /** XML behind the Reference, behind the SignatureValue, and blanks between all parts. */
  readonly furtherReferences: string;
  readonly tail: string;
  readonly layout: string;
  readonly attributes: string;
}

function templateOf(requestId: string, changes: Partial<Template>): string {
  const t: Template = {
    canonicalization: part('CanonicalizationMethod', EXCLUSIVE),
    method: part('SignatureMethod', `${MORE}rsa-sha256`),
    uri: ' URI="#_assertion"',
    transforms: ENVELOPED + transform(EXCLUSIVE),
    digest: part('DigestMethod', `${XMLENC}sha256`),
    ...{ reference: '', furtherReferences: '', tail: '', layout: '', attributes: '' },
    ...changes,
  };
  const reference = `<ds:Reference${t.uri}${t.reference}><ds:Transforms>${t.transforms}</ds:Transforms>${t.digest}<ds:DigestValue/></ds:Reference>`;
  const signedInfo = `<ds:SignedInfo>${t.canonicalization}${t.method}${reference}${t.furtherReferences}</ds:SignedInfo>`;
  const signature = `<ds:Signature xmlns:ds="${DSIG}"${t.attributes}>${signedInfo}<ds:SignatureValue/>${t.tail}</ds:Signature>`;
  const xml = forge.xml(
    requestId,
    { assertionId: '_assertion', responseId: '_response' },
    { assertion: false },
  );
  const laidOut = signature.replaceAll('><', `>${t.layout}<`);
  return xml.replace(/(<saml:Assertion .*?<\/saml:Issuer>)/s, (_, head) => head + laidOut);
}

const OURS: XmlsecKey = ['private', pemOf(forge.key.privateKey)];
const THEIRS: XmlsecKey = ['certificate', forge.key.certificatePem];
/** All who know the certificate can make such a signature. */
const SHARED: XmlsecKey = ['hmac', Buffer.from(forge.key.certificatePem)];

// ---------------------------------------------------------------- obeyed

const OBEYED: Readonly<Record<string, Partial<Template>>> = {
  'exclusive canonicalization': {},
  'a PrefixList of CanonicalizationMethod': {
    canonicalization: part('CanonicalizationMethod', EXCLUSIVE, prefixes('saml samlp xs')),
  },
  'a PrefixList of the Transform': {
    transforms: ENVELOPED + transform(EXCLUSIVE, prefixes('xs xsi samlp')),
  },
  'a PrefixList of both': {
    canonicalization: part('CanonicalizationMethod', EXCLUSIVE, prefixes('xs')),
    transforms: ENVELOPED + transform(EXCLUSIVE, prefixes('xs unknown')),
  },
  'an empty PrefixList': { transforms: ENVELOPED + transform(EXCLUSIVE, prefixes('')) },
  'RSA-SHA512': { method: part('SignatureMethod', `${MORE}rsa-sha512`) },
  'a SHA-512 digest': { digest: part('DigestMethod', `${XMLENC}sha512`) },
  'line breaks and blanks between the parts': { layout: '\n  \t' },
  'an Id of the Signature': { attributes: ' Id="_signature"' },
  'an Id and a Type of the Reference': { reference: ` Id="_reference" Type="${DSIG}Object"` },
  'a KeyInfo with the key itself': {
    tail: '<ds:KeyInfo Id="_info"><ds:KeyName>idp</ds:KeyName><ds:KeyValue/></ds:KeyInfo>',
  },
};

describe('of a signature by xmlsec1, the connector obeys', { skip }, () => {
  for (const [what, template] of Object.entries(OBEYED)) {
    it(what, async () => {
      const requestId = await acme.begin();
      const signed = signedByXmlsec(templateOf(requestId, template), OURS);
      verifyByXmlsec(signed, THEIRS);
      const changed = signed.replace('>developers<', '>admins<');
      assert.throws(() => verifyByXmlsec(changed, THEIRS), /FAIL/);
      await assertRefused(
        acme.complete(encode(changed), { protocol: 'saml', requestId }),
        /^the Assertion is not what was signed$/,
      );
      const { identity } = await acme.complete(encode(signed), { protocol: 'saml', requestId });
      assert.equal(identity.subject, 'p-0001');
    });
  }
});

// ---------------------------------------------------------------- rejected

/** What xmlsec1 signs and verifies, and the connector rejects: with this message. */
type Rejected = Readonly<Record<string, readonly [Partial<Template>, RegExp]>>;

const otherCanonicalizations = [
  ...[C14N, `${C14N}#WithComments`, `${EXCLUSIVE}WithComments`, C14N_11],
  `${C14N_11}#WithComments`,
];
const named = (name: string, algorithm: string) =>
  new RegExp(`the ${name} is "${literally(algorithm)}"\\); select exclusive`);

const CANONICALIZATIONS: Rejected = Object.fromEntries(
  otherCanonicalizations.flatMap(algorithm => [
    [
      `${algorithm} of the SignedInfo`,
      [
        { canonicalization: part('CanonicalizationMethod', algorithm) },
        named('CanonicalizationMethod', algorithm),
      ],
    ],
    [
      `${algorithm} of the Assertion`,
      [{ transforms: ENVELOPED + transform(algorithm) }, named('Transform', algorithm)],
    ],
  ]),
);

const XPATH = 'http://www.w3.org/TR/1999/REC-xpath-19991116';
const FILTER = 'http://www.w3.org/2002/06/xmldsig-filter2';
const XSLT = 'http://www.w3.org/TR/1999/REC-xslt-19991116';
const XSL = 'http://www.w3.org/1999/XSL/Transform';
const TRANSFORMS: Rejected = {
  'one transform': [{ transforms: ENVELOPED }, /it has Transform, and must have/],
  'three transforms': [
    { transforms: ENVELOPED + transform(EXCLUSIVE) + transform(EXCLUSIVE) },
    /it has Transform, Transform, Transform, and must have/,
  ],
  'an XPath transform': [
    {
      transforms:
        transform(XPATH, '<ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath>') +
        transform(EXCLUSIVE),
    },
    named('Transform', XPATH),
  ],
  'an XPath filter': [
    {
      transforms:
        transform(
          FILTER,
          `<f:XPath xmlns:f="${FILTER}" Filter="subtract">//ds:Signature</f:XPath>`,
        ) + transform(EXCLUSIVE),
    },
    named('Transform', FILTER),
  ],
  'an XSLT transform': [
    {
      transforms:
        ENVELOPED +
        transform(
          XSLT,
          `<s:stylesheet xmlns:s="${XSL}" version="1.0"><s:template match="/"><x/></s:template></s:stylesheet>`,
        ),
    },
    named('Transform', XSLT),
  ],
  'the default namespace in a PrefixList': [
    { transforms: ENVELOPED + transform(EXCLUSIVE, prefixes('#default')) },
    /InclusiveNamespaces in the Transform .*#default/,
  ],
};

const method = (algorithm: string, content = ''): readonly [Partial<Template>, RegExp] => [
  { method: part('SignatureMethod', algorithm, content) },
  new RegExp(`signature algorithm .*it is "${literally(algorithm)}"`),
];
const METHODS: Rejected = {
  'rsa-sha1': method(`${DSIG}rsa-sha1`),
  'rsa-sha224': method(`${MORE}rsa-sha224`),
  'rsa-sha384': method(`${MORE}rsa-sha384`),
};
const KEYED: Rejected = {
  ...{ 'hmac-sha1': method(`${DSIG}hmac-sha1`), 'hmac-sha224': method(`${MORE}hmac-sha224`) },
  ...{ 'hmac-sha256': method(`${MORE}hmac-sha256`), 'hmac-sha384': method(`${MORE}hmac-sha384`) },
  'hmac-sha512': method(`${MORE}hmac-sha512`),
  'hmac-sha256 that is cut to 128 bits': method(
    `${MORE}hmac-sha256`,
    '<ds:HMACOutputLength>128</ds:HMACOutputLength>',
  ),
};
const digest = (algorithm: string): readonly [Partial<Template>, RegExp] => [
  { digest: part('DigestMethod', algorithm) },
  new RegExp(`digest algorithm .*it is "${literally(algorithm)}"`),
];
const DIGESTS: Rejected = {
  ...{ 'a SHA-1 digest': digest(`${DSIG}sha1`), 'a SHA-224 digest': digest(`${MORE}sha224`) },
  'a SHA-384 digest': digest(`${MORE}sha384`),
};

const REFERENCE = `<ds:Reference URI="#_assertion"><ds:Transforms>${ENVELOPED}${transform(EXCLUSIVE)}</ds:Transforms>${part('DigestMethod', `${XMLENC}sha256`)}<ds:DigestValue/></ds:Reference>`;
const URIS: Rejected = {
  ...Object.fromEntries(
    ['', '#xpointer(/)', "#xpointer(id('_assertion'))", '#_response'].map(uri => [
      `the URI "${uri}"`,
      [
        { uri: ` URI="${uri}"` },
        new RegExp(`refers to another element.*its URI is "${literally(uri)}"`),
      ],
    ]),
  ),
  'the URI of an Object': [
    { uri: ' URI="#_object"', tail: '<ds:Object Id="_object"/>' },
    /it has SignedInfo, SignatureValue, Object, and must have/,
  ],
  'two References': [
    { furtherReferences: REFERENCE },
    /it has CanonicalizationMethod, SignatureMethod, Reference, Reference, and/,
  ],
};

const attribute = (name: string, changes: Partial<Template>) =>
  [changes, new RegExp(`the ${name} of a signature has the attribute x,`)] as const;
const REST: Rejected = {
  Object: [{ tail: '<ds:Object><x/></ds:Object>' }, /it has .*Object, and must have/],
  Manifest: [{ tail: '<ds:Object><ds:Manifest/></ds:Object>' }, /it has .*Object, and must have/],
  'an unknown attribute of Signature': attribute('Signature', { attributes: ' x="1"' }),
  'an unknown attribute of Reference': attribute('Reference', { reference: ' x="1"' }),
  'an unknown attribute of DigestMethod': attribute('DigestMethod', {
    digest: part('DigestMethod', `${XMLENC}sha256`, '', ' x="1"'),
  }),
  'an unknown attribute of CanonicalizationMethod': attribute('CanonicalizationMethod', {
    canonicalization: part('CanonicalizationMethod', EXCLUSIVE, '', ' x="1"'),
  }),
  'a base address of Reference': [
    { reference: ' xml:base="https://evil.example/"' },
    /Reference of a signature has the attribute \{http:\/\/www\.w3\.org\/XML\/1998\/namespace\}base/,
  ],
  'text in CanonicalizationMethod': [
    { canonicalization: part('CanonicalizationMethod', EXCLUSIVE, 'saml') },
    /the CanonicalizationMethod of a signature contains text/,
  ],
  'text in a Transform': [
    { transforms: transform(`${DSIG}enveloped-signature`, 'x') + transform(EXCLUSIVE) },
    /the Transform of a signature contains text/,
  ],
  'text between the References': [
    { furtherReferences: 'x' },
    /the SignedInfo of a signature contains text/,
  ],
};

describe('of a signature by xmlsec1, the connector rejects by name', { skip }, () => {
  const rejectsEach = (cases: Rejected, sign: XmlsecKey, verify: XmlsecKey) => {
    for (const [what, [template, message]] of Object.entries(cases)) {
      it(what, async () => {
        const requestId = await acme.begin();
        const signed = signedByXmlsec(templateOf(requestId, template), sign);
        verifyByXmlsec(signed, verify);
        await assertRefused(
          acme.complete(encode(signed), { protocol: 'saml', requestId }),
          message,
        );
      });
    }
  };
  rejectsEach({ ...CANONICALIZATIONS, ...TRANSFORMS, ...URIS, ...REST }, OURS, THEIRS);
  rejectsEach({ ...METHODS, ...DIGESTS }, OURS, THEIRS);
  rejectsEach(KEYED, SHARED, SHARED);
});
