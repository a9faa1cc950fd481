/** Documents that an XML parser should never be given, and that would keep one busy. */
import { encode } from '../support/saml-forge.ts';

const bytes = (...parts: (string | Buffer)[]) =>
  Buffer.concat(parts.map(part => Buffer.from(part))).toString('base64');
const doctype = (subset: string) => (xml: string) => `<!DOCTYPE samlp:Response [${subset}]>${xml}`;
/** What is made of a good response, and why the bridge rejects it. */
export const HOSTILE: readonly (readonly [string, (xml: string) => string, RegExp])[] = [
  ['empty', () => '', /response is empty/],
  ['only line breaks', () => '\r\n\r\n', /response is empty/],
  ['not base64', () => '<samlp:Response/>', /not base64/],
  ['base64url', xml => encode(`${xml}???`).replaceAll('/', '_'), /not base64/],
  [
    'base64 with a space',
    xml => `${encode(xml).slice(0, 40)} ${encode(xml).slice(40)}`,
    /not base64/,
  ],
  ['base64 without its padding', () => encode('<a></a>').replace(/=+$/, ''), /not base64/],
  ['base64 of nothing but padding', () => '====', /not base64/],
  [
    'base64 with something behind it',
    xml => `${encode(xml.padEnd(Math.ceil(xml.length / 3) * 3 + 1))}AAAA`,
    /not base64/,
  ],
  ['UTF-16', xml => bytes(Buffer.from(`\uFEFF${xml}`, 'utf16le')), /not UTF-8/],
  ['UTF-16 without a mark', xml => bytes(Buffer.from(xml, 'utf16le')), /not well-formed/],
  ['a byte order mark', xml => encode(`\uFEFF${xml}`), /byte order mark/],
  [
    'broken UTF-8',
    xml => bytes(xml.slice(0, 200), Buffer.of(0xc3, 0x28), xml.slice(200)),
    /not UTF-8/,
  ],
  ['overlong UTF-8', xml => bytes(Buffer.of(0xc0, 0xbc), xml), /not UTF-8/],
  ['a NUL byte', xml => encode(xml.replace('p-0001', 'p-0001\0')), /not well-formed/],
  ['a NUL byte by number', xml => encode(xml.replace('p-0001', 'p-0001&#0;')), /not well-formed/],
  ['NUL bytes behind the end', xml => encode(`${xml}\0\0`), /not well-formed/],
  [
    'declared as ISO-8859-1',
    xml => encode(`<?xml version="1.0" encoding="ISO-8859-1"?>${xml}`),
    /not declared as UTF-8/,
  ],
  ['XML 1.1', xml => encode(`<?xml version="1.1"?>${xml}`), /not XML 1\.0/],
  ['a DOCTYPE', xml => encode(doctype('')(xml)), /contains a DOCTYPE/],
  [
    'an external DTD',
    xml => encode(`<!DOCTYPE samlp:Response SYSTEM "http://127.0.0.1/x.dtd">${xml}`),
    /contains a DOCTYPE/,
  ],
  [
    'an entity of its own',
    xml => encode(doctype('<!ENTITY x "p-0001">')(xml.replace('p-0001', '&x;'))),
    /contains a DOCTYPE/,
  ],
  [
    'an external entity',
    xml => encode(doctype('<!ENTITY x SYSTEM "file:///etc/passwd">')(xml.replace('p-0001', '&x;'))),
    /contains a DOCTYPE/,
  ],
  [
    'a billion laughs',
    xml =>
      encode(
        doctype(
          Array.from(
            { length: 20 },
            (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`,
          ).join(''),
        )(xml.replace('p-0001', '&l20;')),
      ),
    /contains a DOCTYPE/,
  ],
  [
    'an entity that every object has',
    xml => encode(xml.replace('p-0001', '&constructor;')),
    /not well-formed/,
  ],
  ['an undefined entity', xml => encode(xml.replace('p-0001', '&alice;')), /not well-formed/],
  ['a processing instruction', xml => encode(`<?x?>${xml}`), /processing instruction/],
  ['two root elements', xml => encode(xml + xml.replaceAll('ID="', 'ID="x')), /not well-formed/],
  ['text behind the root', xml => encode(`${xml}alice`), /not well-formed/],
  ['half a document', xml => encode(xml.slice(0, xml.length / 2)), /not well-formed/],
  [
    'an attribute twice',
    xml =>
      encode(
        xml.replace(' Destination=', ' Destination="https://mallory.example.test" Destination='),
      ),
    /not well-formed/,
  ],
  [
    'an undeclared prefix',
    xml => encode(xml.replace('<samlp:Status>', '<x:alice/><samlp:Status>')),
    /not well-formed/,
  ],
  [
    'the prefix xml taken for something else',
    xml => encode(xml.replace('<samlp:Response ', '<samlp:Response xmlns:xml="urn:x" ')),
    /not well-formed/,
  ],
  ['93 kB of <a<a<a', () => encode('<a'.repeat(35_000)), /not well-formed/],
  [
    '93 kB of <a<a<a behind a good beginning',
    xml => encode(xml.slice(0, 300) + '<a'.repeat(35_000)),
    /not well-formed/,
  ],
  [
    '17,000 siblings',
    xml => encode(xml.replace('<samlp:Status>', `${'<a/>'.repeat(17_000)}<samlp:Status>`)),
    /more than 3000 elements/,
  ],
  [
    '10,000 levels',
    xml => encode(xml.replace('<samlp:Status>', '<a>'.repeat(10_000))),
    /nested deeper than 40/,
  ],
  [
    '10,000 attributes',
    xml =>
      encode(
        xml.replace(
          '<samlp:Status>',
          `<a ${Array.from({ length: 7000 }, (_, n) => `a${n}=""`).join(' ')}/>`,
        ),
      ),
    /more than 6000 attributes/,
  ],
  [
    'more than 100 kB',
    xml => encode(xml.replace('p-0001', 'x'.repeat(100_000))),
    /larger than 102400 characters/,
  ],
  ['100 kB of line breaks', () => '\n'.repeat(110_000), /larger than 102400 characters/],
  ['70 kB of brackets', () => encode('['.repeat(70_000)), /not well-formed/],
  ['an endless comment', () => encode(`<!--${'x'.repeat(70_000)}`), /not well-formed/],
  ['an endless attribute value', () => encode(`<a b="${'x'.repeat(70_000)}`), /not well-formed/],
];
