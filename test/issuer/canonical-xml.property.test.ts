/** Our assertions and metadata, as other parsers and canonicalizations read them. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { DOMParser } from '@xmldom/xmldom';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { ExclusiveCanonicalization } from 'xml-crypto';
import { BridgeError } from '../../src/core/errors.ts';
import { canonicalXml, element, type XmlElement } from '../../src/issuer/canonical-xml.ts';
import { anyText, property } from '../support/properties.ts';
import { xmldsig } from './signature-verifiers.ts';

const names = fc.constantFrom(
  'saml:Assertion',
  'saml:AttributeValue',
  'md:EntityDescriptor',
  'ds:X509Data',
);
function treesWith(texts: fc.Arbitrary<string>): fc.Arbitrary<XmlElement> {
  const { tree } = fc.letrec<{ tree: XmlElement }>(tie => ({
    tree: fc
      .tuple(
        names as fc.Arbitrary<XmlElement['name']>,
        fc.dictionary(fc.constantFrom('ID', 'Name', 'Value', 'a', 'Z'), texts, { maxKeys: 4 }),
        fc.oneof({ maxDepth: 4 }, texts, fc.array(tie('tree'), { maxLength: 3 })),
      )
      .map(([name, attributes, children]) => element(name, { ...attributes }, children)),
  }));
  return tree;
}

/** Every character that markup and canonicalization know, and of every length in UTF-8. */
const writable = fc.string({
  unit: fc.constantFrom(
    ...' "\'<>&;#=]-!?/:xml.0\u00a0\u00e9\u3000\ufeff\ufffd',
    '\u{1f511}',
    ']]>',
  ),
});

function readBySaxes(xml: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true });
  const open: { name: string; attributes: object; children: unknown[]; text: string }[] = [
    { name: '', attributes: {}, children: [], text: '' },
  ];
  parser.on('error', fault => {
    throw fault;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const own = Object.values(attributes).filter(({ prefix }) => prefix !== 'xmlns');
    const read = Object.fromEntries(own.map(({ name: of, value }) => [of, value]));
    open.push({ name, attributes: read, children: [], text: '' });
  });
  parser.on('text', text => {
    open.at(-1)!.text += text;
  });
  parser.on('closetag', () => {
    const { text, ...done } = open.pop()!;
    open.at(-1)!.children.push(text === '' ? done : { ...done, children: text });
  });
  parser.write(xml).close();
  return open[0]!.children[0] as XmlElement;
}

/** An element without content has no children, whether they would be a text or a list. */
function plain({ name, attributes, children }: XmlElement): unknown {
  const content = typeof children === 'string' ? children : children.map(plain);
  return { name, attributes: { ...attributes }, children: content === '' ? [] : content };
}

describe('a document that the bridge writes', () => {
  property(
    'is read as it was meant by another parser, or is not written',
    treesWith(anyText),
    root => {
      let xml: string;
      try {
        xml = canonicalXml(root);
      } catch (thrown) {
        assert.ok(thrown instanceof BridgeError && thrown.code === 'session_settings_invalid');
        return;
      }
      assert.deepEqual(plain(readBySaxes(xml)), plain(root));
    },
  );

  property('is canonical: canonicalization changes no byte of it', treesWith(writable), root => {
    const xml = canonicalXml(root);
    const parsed = new DOMParser().parseFromString(xml, 'text/xml').documentElement;
    assert.equal(new ExclusiveCanonicalization().process(parsed, {}), xml);

    const { documentElement } = xmldsig.Parse(xml);
    assert.equal(new xmldsig.XmlCanonicalizer(false, true).Canonicalize(documentElement), xml);
  });
});
