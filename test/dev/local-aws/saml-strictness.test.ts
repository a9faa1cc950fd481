/** What an identity provider could sign, and a verifier must not take for something else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { invalid, type RefusalCase, testRefusals, useSamlScene } from './saml-scene.ts';

const DS = 'http://www.w3.org/2000/09/xmldsig#';

function inConditions(condition: string): (xml: string) => string {
  return xml => xml.replace('</saml:Conditions>', `${condition}</saml:Conditions>`);
}

function before(end: string, element: string): (xml: string) => string {
  return xml => xml.replace(end, `${element}${end}`);
}

function unknown(name: string, beforeSigning: (xml: string) => string): RefusalCase {
  return invalid(name, { beforeSigning }, /unknown (?:element|attribute)/);
}

const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

const UNKNOWN: readonly RefusalCase[] = [
  unknown(
    'a Condition of a type of its own',
    inConditions(`<saml:Condition ${XSI} xmlns:x="urn:x" xsi:type="x:OnlyOnMondays"/>`),
  ),
  unknown('a Condition without a type', inConditions('<saml:Condition/>')),
  unknown('a condition of another namespace', inConditions('<x:Monday xmlns:x="urn:x"/>')),
  unknown('a condition without a namespace', inConditions('<Monday xmlns=""/>')),
  unknown('the name of a known condition elsewhere', inConditions('<x:OneTimeUse xmlns:x="u"/>')),
  unknown('SAML 1.1 DoNotCacheCondition', inConditions('<saml:DoNotCacheCondition/>')),
  unknown('an attribute of Conditions', xml =>
    xml.replace('<saml:Conditions ', '<saml:Conditions Monday="true" '),
  ),
  unknown('an attribute of Conditions with a namespace', xml =>
    xml.replace('<saml:Conditions ', '<saml:Conditions xmlns:x="urn:x" x:NotBefore="" '),
  ),
  unknown('an element in an AudienceRestriction', before('</saml:AudienceRestriction>', '<a/>')),
  unknown('an element in an Assertion', before('</saml:Assertion>', '<x:a xmlns:x="urn:x"/>')),
  unknown('an element in a Subject', before('</saml:Subject>', '<saml:Name>root</saml:Name>')),
  unknown('an element in an AttributeStatement', before('</saml:AttributeStatement>', '<a/>')),
  unknown('an element in an Attribute', before('</saml:Attribute>', '<saml:Value>x</saml:Value>')),
  unknown('an element in a Response', before('</samlp:Response>', '<samlp:Claim/>')),
  unknown('an element in a Status', before('</samlp:Status>', '<a/>')),
];

const TIMES: readonly RefusalCase[] = [
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-01T00:61:00Z',
  '2026-01-01',
  '2026-01-01T00:00:00',
  '2026-01-01t00:00:00z',
  ' 2026-01-01T00:00:00Z',
  '2026-01-01T00:00:00.Z',
  '+002026-01-01T00:00:00Z',
  '1767225600',
  'now',
  '',
].map(time =>
  invalid(
    `the time "${time}"`,
    { beforeSigning: xml => xml.replace(/NotBefore="[^"]*"/, `NotBefore="${time}"`) },
    /not a time in UTC/,
  ),
);

function declared(name: string, declaration: string, reason: RegExp): RefusalCase {
  return invalid(name, { afterSigning: xml => declaration + xml }, reason);
}

const XML: readonly RefusalCase[] = [
  declared('XML 1.1', '<?xml version="1.1"?>', /not XML 1\.0/),
  declared('XML 1.1 in UTF-8', "<?xml version='1.1' encoding='UTF-8'?>", /not XML 1\.0/),
  declared('a later XML', '<?xml version="1.2"?>', /not XML 1\.0/),
  declared('XML 2.0', '<?xml version="2.0"?>', /not well-formed|not XML 1\.0/),
  declared('UTF-16 in the declaration', '<?xml version="1.0" encoding="UTF-16"?>', /UTF-8/),
  declared('UTF-7 in the declaration', '<?xml version="1.0" encoding="UTF-7"?>', /UTF-8/),
  invalid(
    'a control character that XML 1.1 has',
    {
      afterSigning: xml => `<?xml version="1.1"?>${xml.replace('k3jx2q7d', 'k3jx&#1;2q7d')}`,
    },
    /not XML 1\.0/,
  ),
];

function unreadable(name: string, change: (xml: string) => string): RefusalCase {
  return {
    name,
    change: { afterSigning: change },
    code: 'InvalidIdentityTokenException',
    message: 'Response signature invalid',
  };
}

/** The content of an element of the signature. */
function within(element: string, content: string): (xml: string) => string {
  return xml =>
    xml.replace(
      new RegExp(`(<ds:${element}(?: [^>]*)?)(?:/>|>.*?</ds:${element}>)`),
      `$1>${content}</ds:${element}>`,
    );
}

function keyInfo(content: string): (xml: string) => string {
  return xml =>
    xml
      .replace(/<ds:KeyInfo.*?<\/ds:KeyInfo>/, '')
      .replace('</ds:Signature>', `<ds:KeyInfo>${content}</ds:KeyInfo></ds:Signature>`);
}

const SIGNATURES: readonly RefusalCase[] = [
  unreadable('a signature value that is not base64', within('SignatureValue', '!')),
  unreadable('an empty signature value', within('SignatureValue', '')),
  unreadable('a signature value of one byte', within('SignatureValue', 'AA==')),
  unreadable('a digest that is not base64', within('DigestValue', '%%%')),
  unreadable('an empty digest', within('DigestValue', '')),
  unreadable('an element in the digest', within('DigestValue', '<ds:X/>')),
  unreadable('a transform in a transform', within('Transform', '<ds:XPath>//*</ds:XPath>')),
  unreadable(
    'an HMAC length',
    within('SignatureMethod', '<ds:HMACOutputLength>0</ds:HMACOutputLength>'),
  ),
  unreadable('an unknown element in SignedInfo', xml =>
    xml.replace('<ds:SignatureMethod', '<ds:X/><ds:SignatureMethod'),
  ),
  unreadable('an empty SignedInfo', within('SignedInfo', '')),
];

/** Keys in the document are not looked at, and need not be any. */
const KEYS: readonly (readonly [string, string])[] = [
  ['an empty certificate', '<ds:X509Data><ds:X509Certificate/></ds:X509Data>'],
  [
    'text as a certificate',
    '<ds:X509Data><ds:X509Certificate>!!</ds:X509Certificate></ds:X509Data>',
  ],
  [
    'DER as a certificate',
    '<ds:X509Data><ds:X509Certificate>MAA=</ds:X509Certificate></ds:X509Data>',
  ],
  ['an empty RSA key', '<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>'],
  [
    'an RSA key of text',
    '<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>!</ds:Modulus><ds:Exponent>!</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>',
  ],
  ['a key of no kind', '<ds:KeyValue/>'],
  [
    'an EC key of an unknown curve',
    `<ds:KeyValue><e:ECKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#"><e:NamedCurve URI="urn:x"/></e:ECKeyValue></ds:KeyValue>`,
  ],
  ['a retrieval method', `<ds:RetrievalMethod URI="http://127.0.0.1:1/" Type="${DS}X509Data"/>`],
  [
    'a serial number of text',
    '<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>x</ds:X509IssuerName><ds:X509SerialNumber>x</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>',
  ],
];

describe('a SAML response is rejected for', () => {
  const scene = useSamlScene();

  testRefusals([...UNKNOWN, ...TIMES, ...XML, ...SIGNATURES], () => scene);

  for (const [what, info] of KEYS)
    test(`a signature that does not hold, also with ${what}`, async () => {
      const changed = (xml: string): string => keyInfo(info)(xml).replace('>alice@', '>root@');
      const { name, message } = await scene.refused({ afterSigning: changed });
      assert.equal(name, 'InvalidIdentityTokenException');
      assert.equal(message, 'Response signature invalid');
    });
});

describe('a SAML response is accepted with', () => {
  const scene = useSamlScene();

  test('the conditions that SAML has', async () => {
    const known =
      '<saml:OneTimeUse/><saml:ProxyRestriction Count="0"><saml:Audience>urn:x</saml:Audience></saml:ProxyRestriction>';
    const answer = await scene.assume({ beforeSigning: inConditions(known) });
    assert.equal(answer.Subject, 'k3jx2q7d5vbn4mza');
  });

  test('an XML declaration', async () => {
    const declaration = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>';
    const answer = await scene.assume({ afterSigning: xml => declaration + xml });
    assert.equal(answer.Subject, 'k3jx2q7d5vbn4mza');
  });
});
