/** Every legal form of metadata is read as what it means: encodings, XML syntax, aggregates. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { type IdpMetadata, parseIdpMetadata } from '../../src/connectors/saml/idp-metadata.ts';
import { chosenEntity } from '../../src/connectors/saml/metadata-entity.ts';
import { explained } from '../../src/connectors/saml/metadata-fault.ts';
import { metadataPieces } from '../../src/connectors/saml/metadata-text.ts';
import { missingPackage } from '../support/missing-package.ts';
import { forge, IDP } from './saml-fixture.ts';

interface Document {
  readonly bytes: Uint8Array;
  readonly charset?: string;
}

const PLAIN = forge.metadata();
const CERTIFICATE = forge.key.certificate;
const declared = (name: string, xml = PLAIN): string =>
  xml.replace('encoding="UTF-8"', `encoding="${name}"`);
/** With a letter beyond ASCII, which every encoding below has. */
const ACCENTED = PLAIN.replace('as an IdP writes it', 'Société');
const utf8 = (text: string): Buffer => Buffer.from(text);
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');
const utf16be = (text: string): Buffer => utf16le(text).swap16();
const BOM = '\uFEFF';

async function read(document: Document, entityId?: string): Promise<IdpMetadata> {
  return parseIdpMetadata(await chosenEntity(metadataPieces(document), entityId));
}

const ENCODINGS: readonly (readonly [string, Document])[] = [
  ['UTF-8', { bytes: utf8(ACCENTED) }],
  ['UTF-8 with a byte order mark', { bytes: utf8(BOM + ACCENTED) }],
  ['UTF-8 in lower case', { bytes: utf8(declared('utf-8', ACCENTED)) }],
  ['UTF-8 without a declaration', { bytes: utf8(ACCENTED.replace(/^<\?xml.*\?>\n/, '')) }],
  ['UTF-8 without an encoding', { bytes: utf8(ACCENTED.replace(' encoding="UTF-8"', '')) }],
  ['UTF-16, little end first', { bytes: utf16le(BOM + declared('UTF-16', ACCENTED)) }],
  ['UTF-16, big end first', { bytes: utf16be(BOM + declared('utf-16', ACCENTED)) }],
  [
    'UTF-16 that does not say so',
    { bytes: utf16le(BOM + ACCENTED.replace(/ encoding="[^"]*"/, '')) },
  ],
  ['UTF-16LE without a mark', { bytes: utf16le(declared('UTF-16LE', ACCENTED)) }],
  ['UTF-16BE without a mark', { bytes: utf16be(declared('UTF-16BE', ACCENTED)) }],
  ['ISO-8859-1', { bytes: latin1(declared('ISO-8859-1', ACCENTED)) }],
  ['ISO-8859-1 in single quotes', { bytes: latin1(ACCENTED.replace('"UTF-8"', "'iso-8859-1'")) }],
  ['ISO-8859-15', { bytes: latin1(declared('ISO-8859-15', ACCENTED)) }],
  ['Windows-1252', { bytes: latin1(declared('windows-1252', ACCENTED)) }],
  ['US-ASCII', { bytes: latin1(declared('US-ASCII')) }],
  [
    'ISO-8859-1 by its charset',
    { bytes: latin1(declared('iso-8859-1', ACCENTED)), charset: 'latin1' },
  ],
  ['UTF-8 by its charset', { bytes: utf8(ACCENTED), charset: 'UTF-8' }],
  [
    // In time that grows with its length, not with the square.
    'many blanks in its declaration',
    {
      bytes: latin1(
        PLAIN.replace(/^(?:<\?xml[^>]*>)?/, `<?xml version="1.0"${' '.repeat(200_000)}?>`),
      ),
      charset: 'iso-8859-1',
    },
  ],
  ['ASCII with another charset', { bytes: utf8(PLAIN), charset: 'iso-8859-1' }],
];

const CERTIFICATE_IN = (text: string): string => PLAIN.replace(CERTIFICATE, text);
const wrapped = CERTIFICATE.replaceAll(/.{64}/g, '$&\r\n');
const SYNTAX: readonly (readonly [string, string])[] = [
  [
    'processing instructions',
    `<?xml-stylesheet href="x.xsl"?>${PLAIN.replace(/^<\?xml.*\?>\n/, '')}`,
  ],
  [
    'an instruction in the certificate',
    CERTIFICATE_IN(`${CERTIFICATE.slice(0, 64)}<?x y?>${CERTIFICATE.slice(64)}`),
  ],
  [
    'a comment in the certificate',
    CERTIFICATE_IN(`<!-- 2026 -->${CERTIFICATE.slice(0, 64)}<!-- a -->${CERTIFICATE.slice(64)}`),
  ],
  ['a certificate in CDATA', CERTIFICATE_IN(`<![CDATA[${CERTIFICATE}]]>`)],
  ['a certificate in several lines', CERTIFICATE_IN(wrapped)],
  [
    'a certificate in indented lines',
    CERTIFICATE_IN(`\n\t\t${wrapped.replaceAll('\r\n', '\n\t\t')}`),
  ],
  ['line ends by number', CERTIFICATE_IN(wrapped.replaceAll('\r\n', '&#13;&#10;'))],
  ['a certificate between PEM marks', CERTIFICATE_IN(forge.key.certificatePem)],
  ['PEM marks on one line', CERTIFICATE_IN(forge.key.certificatePem.replaceAll('\n', ' '))],
  ['standalone', PLAIN.replace('"UTF-8"', '"UTF-8" standalone="yes"')],
  ['XML 1.1', PLAIN.replace('version="1.0"', 'version="1.1"')],
  ['blanks around entityID', PLAIN.replace(`"${IDP}"`, `"\n  ${IDP} "`)],
  ['blanks around an address', PLAIN.replace(/Location="([^"]*)"/g, 'Location=" $1 "')],
  ['blanks around a binding', PLAIN.replace(/Binding="([^"]*)"/g, 'Binding=" $1 "')],
  ['blanks around use', PLAIN.replace('use="signing"', 'use=" signing "')],
  [
    'several protocols',
    PLAIN.replace('Enumeration="', 'Enumeration="urn:oasis:names:tc:SAML:1.1:protocol\n'),
  ],
  [
    'unknown elements',
    PLAIN.replace(
      '<md:IDP',
      '<md:Extensions><x xmlns="urn:x" id="1"><y id="1"/></x></md:Extensions><md:IDP',
    ),
  ],
  [
    'unknown attributes',
    PLAIN.replace(
      ' entityID',
      ' xmlns:x="urn:x" x:id="1" xml:base="https://x.test/" cacheDuration="PT6H" entityID',
    ),
  ],
  [
    'other roles',
    PLAIN.replace(
      '</md:EntityDescriptor>',
      '<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/><md:AttributeAuthorityDescriptor/></md:EntityDescriptor>',
    ),
  ],
  [
    'a second IDPSSODescriptor of SAML 1.1',
    PLAIN.replace(
      '<md:IDP',
      '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol"/><md:IDP',
    ),
  ],
  [
    'more than one id that is the same',
    PLAIN.replace('<md:IDPSSO', '<md:Extensions ID="a"/><md:IDPSSO').replace(
      'use="signing"',
      'use="signing" ID="a"',
    ),
  ],
];

const XMLLINT = missingPackage('/usr/bin/xmllint', 'libxml2-utils');

describe('metadata is read', () => {
  const documents = [
    ...ENCODINGS.map(([title, document]) => [`in ${title}`, document] as const),
    ...SYNTAX.map(([title, xml]) => [`with ${title}`, { bytes: utf8(xml) }] as const),
  ];
  for (const [title, document] of documents)
    it(title, async () => {
      const { entityId, signOn, signingCertificates, skippedKeys } = await read(document);
      assert.equal(entityId, IDP);
      assert.deepEqual(signOn, { binding: 'redirect', url: 'https://idp.example.test/sso' });
      assert.equal(signingCertificates.length, 1);
      assert.deepEqual(skippedKeys, []);
    });

  it('in forms that another parser calls well-formed', { skip: XMLLINT }, () => {
    for (const [title, { bytes }] of documents) {
      const { status, stderr } = spawnSync('/usr/bin/xmllint', ['-'], { input: bytes });
      assert.equal(status, 0, `${title}: ${stderr}`);
    }
  });
});

const EURO = declared('UTF-8', PLAIN.replace('as an IdP writes it', '€'));
const WRONG: readonly (readonly [string, Document, RegExp])[] = [
  ['bytes that are not UTF-8', { bytes: latin1(ACCENTED) }, /bytes that are not UTF-8/],
  [
    'bytes that are not US-ASCII',
    { bytes: utf8(declared('us-ascii', ACCENTED)) },
    /bytes that are not US-ASCII/,
  ],
  [
    'half a character in UTF-16',
    { bytes: utf16le(BOM + declared('UTF-16')).subarray(0, -1) },
    /bytes that are not UTF-16LE/,
  ],
  [
    'UTF-8 that is declared as UTF-16',
    { bytes: utf8(declared('UTF-16')) },
    /declared as UTF-16, but its bytes are not UTF-16/,
  ],
  [
    'UTF-16 that is declared as UTF-8',
    { bytes: utf16le(BOM + PLAIN) },
    /byte order mark of UTF-16LE, but is declared as UTF-8/,
  ],
  [
    'a mark of UTF-8 before ISO-8859-1',
    { bytes: utf8(BOM + declared('ISO-8859-1', ACCENTED)) },
    /byte order mark of UTF-8, but is declared as ISO-8859-1/,
  ],
  [
    'a charset that differs',
    { bytes: utf8(EURO), charset: 'iso-8859-1' },
    /sent with the charset ISO-8859-1, but is declared as UTF-8/,
  ],
  [
    'an unknown encoding',
    { bytes: utf8(declared('x-klingon')) },
    /encoding x-klingon, which is not supported/,
  ],
  [
    'an encoding that is no name',
    { bytes: utf8(declared("a b'")) },
    /encoding that it names, which is not supported/,
  ],
  [
    'UTF-32',
    { bytes: Buffer.concat([Buffer.of(0xff, 0xfe, 0, 0), utf8(PLAIN)]) },
    /encoding UTF-32/,
  ],
  ['EBCDIC', { bytes: Buffer.of(0x4c, 0x6f, 0xa7, 0x94) }, /encoding EBCDIC/],
  [
    'a DOCTYPE',
    { bytes: utf8(PLAIN.replace('<!--', '<!DOCTYPE x [<!ENTITY a "b">]><!--')) },
    /contains a DOCTYPE/,
  ],
  [
    'a DOCTYPE in UTF-16',
    { bytes: utf16le(BOM + declared('UTF-16').replace('<!--', '<!DOCTYPE x><!--')) },
    /contains a DOCTYPE/,
  ],
  [
    'an entity of its own',
    { bytes: utf8(CERTIFICATE_IN('&cert;')) },
    /not well-formed XML \(line 6/,
  ],
  ['XML 2.0', { bytes: utf8(PLAIN.replace('version="1.0"', 'version="2.0"')) }, /is not/],
  ['a broken end', { bytes: utf8(PLAIN.slice(0, -10)) }, /not well-formed XML/],
  [
    'too many levels',
    { bytes: utf8(PLAIN.replace('<md:IDP', `${'<a>'.repeat(50)}${'</a>'.repeat(50)}<md:IDP`)) },
    /nested deeper than 40/,
  ],
  [
    'two roles of SAML 2.0',
    {
      bytes: utf8(
        PLAIN.replace(
          '<md:IDP',
          '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/><md:IDP',
        ),
      ),
    },
    /more than one IDPSSODescriptor/,
  ],
];

describe('metadata is rejected', () => {
  for (const [title, document, message] of WRONG)
    it(`for ${title}`, () =>
      assert.rejects(read(document), { code: 'connector_unavailable', message }));
});

// ---------------------------------------------------------------- aggregates

const entity = (entityId: string, root = ''): string =>
  forge.metadata({ entityId, root }).replace(/^<\?xml.*\?>/, '');
const SP = '<md:EntityDescriptor entityID="urn:sp"><md:SPSSODescriptor/></md:EntityDescriptor>';
const group = (content: string, attributes = ''): string =>
  `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"${attributes}>${content}</md:EntitiesDescriptor>`;
const ONE = 'https://one.example.test';
const TWO = 'https://two.example.test';
const FEDERATION = group(SP + group(entity(ONE) + group(entity(TWO))));

describe('an aggregate', () => {
  const chosen = (xml: string, entityId?: string) => read({ bytes: utf8(xml) }, entityId);
  const fault = (xml: string, entityId?: string): Promise<string> =>
    chosen(xml, entityId).then(() => 'accepted', explained);

  for (const wanted of [ONE, TWO])
    it(`gives ${wanted}, which is chosen`, async () => {
      assert.equal((await chosen(FEDERATION, wanted)).entityId, wanted);
    });

  it('gives its only identity provider without entityId', async () => {
    assert.equal((await chosen(group(SP + group(entity(ONE))))).entityId, ONE);
  });

  it('keeps the namespaces of what encloses the entity', async () => {
    const inner = entity(ONE).replaceAll(/ xmlns:(?:md|ds)="[^"]*"/g, '');
    const xml = group(inner, ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Name="a&lt;&quot;"');
    assert.equal((await chosen(xml, ONE)).signingCertificates.length, 1);
  });

  it('is read in pieces as in one', async () => {
    const filler = `<!--${'é'.repeat(400_000)}-->`;
    const xml = group(filler + entity(TWO) + filler + entity(ONE) + filler);
    assert.equal((await chosen(xml, ONE)).entityId, ONE);
    assert.equal((await read({ bytes: utf16be(BOM + xml) }, ONE)).entityId, ONE);
  });

  for (const [title, xml, wanted, message] of [
    [
      'several without a choice',
      FEDERATION,
      undefined,
      /no single .*; choose one with saml\.metadata\.entityId: it describes "https:\/\/one\.example\.test", "https:\/\/two/,
    ],
    [
      'a choice that is nearly right',
      FEDERATION,
      `${ONE}/`,
      /does not describe the entity of saml\.metadata\.entityId: did you mean "https:\/\/one\.example\.test"/,
    ],
    [
      'a choice that is not there',
      FEDERATION,
      'urn:other',
      /entity of saml\.metadata\.entityId: it describes "https:/,
    ],
    [
      'a choice that is a service provider',
      FEDERATION,
      'urn:sp',
      /which is not a SAML 2\.0 identity provider/,
    ],
    [
      'the choice twice',
      group(entity(ONE) + group(entity(ONE))),
      ONE,
      /entity of saml\.metadata\.entityId twice/,
    ],
    [
      'one identity provider twice',
      group(entity(ONE) + entity(ONE)),
      undefined,
      /one entityID twice/,
    ],
    [
      'no identity provider',
      group(SP),
      undefined,
      /no single SAML 2\.0 identity provider: it describes "urn:sp"/,
    ],
    ['another entity alone', entity(TWO), ONE, /did you mean "https:\/\/two/],
    [
      'a DOCTYPE after the entity',
      FEDERATION.replace(/$/, '<!DOCTYPE x>'),
      ONE,
      /DOCTYPE|well-formed/,
    ],
    [
      'too many characters without a choice',
      group(entity(ONE) + ' '.repeat(2_000_000)),
      undefined,
      /larger than 2000000 characters; .* saml\.metadata\.entityId/,
    ],
    [
      'an entity that is too large',
      group(entity(ONE).replace('<md:IDP', `<!--${'x'.repeat(2_300_000)}--><md:IDP`)),
      ONE,
      /an entity in more than 2000000/,
    ],
  ] as const)
    it(`is rejected for ${title}`, async () => {
      assert.match(await fault(xml, wanted), message);
    });

  const ends = (outer: string, inner: string, own: string): string =>
    group(group(entity(ONE, own), inner), outer);
  for (const [title, xml] of [
    ['the outermost element', ends(' validUntil="2026-01-01T00:00:00Z"', '', '')],
    [
      'the one in between',
      ends('', ' validUntil="2026-01-01T00:00:00Z"', ' validUntil="2027-01-01T00:00:00Z"'),
    ],
    [
      'the entity',
      ends(' validUntil="2029-01-01T00:00:00Z"', '', ' validUntil="2026-01-01T00:00:00Z"'),
    ],
  ] as const)
    it(`ends with ${title}, whichever is first`, async () => {
      for (const wanted of [ONE, undefined])
        assert.equal((await chosen(xml, wanted)).validUntil, Date.parse('2026-01-01T00:00:00Z'));
    });

  it('is rejected if an enclosing validUntil is not a time', async () => {
    assert.match(await fault(ends(' validUntil="soon"', '', '')), /validUntil that is not a time/);
  });
});
