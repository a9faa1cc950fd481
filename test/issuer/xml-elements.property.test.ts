/** Our assertions and metadata, read by another parser than the one that writes them. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { BridgeError } from '../../src/core/errors.ts';
import { element, serializeXml, type XmlElement } from '../../src/issuer/xml-elements.ts';
import { anyText, property } from '../support/properties.ts';

const names = fc.constantFrom(
  'saml:Assertion',
  'saml:AttributeValue',
  'md:EntityDescriptor',
  'ds:X509Data',
);
const { tree } = fc.letrec<{ tree: XmlElement }>(tie => ({
  tree: fc
    .tuple(
      names as fc.Arbitrary<XmlElement['name']>,
      fc.dictionary(fc.constantFrom('ID', 'Name', 'Value'), anyText, { maxKeys: 3 }),
      fc.oneof({ maxDepth: 3 }, anyText, fc.array(tie('tree'), { maxLength: 3 })),
    )
    .map(([name, attributes, children]) => element(name, { ...attributes }, children)),
}));

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
  property('is read as it was meant by another parser, or is not written', tree, root => {
    let xml: string;
    try {
      xml = serializeXml(root);
    } catch (thrown) {
      assert.ok(thrown instanceof BridgeError && thrown.code === 'session_settings_invalid');
      return;
    }
    assert.deepEqual(plain(readBySaxes(xml)), plain(root));
  });
});
