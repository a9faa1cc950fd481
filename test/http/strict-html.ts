/**
 * Reads a page as strictly as XML and then holds it against the rules of HTML that XML does not
 * know. The views are written so that both readings agree; what a browser would silently fix is an
 * error here.
 */
import assert from 'node:assert/strict';
import { SaxesParser } from 'saxes';

export interface HtmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly parent: HtmlElement | undefined;
  readonly children: HtmlElement[];
  /** Of this element and of all below it. */
  text: string;
}

export interface HtmlPage {
  readonly all: readonly HtmlElement[];
  /** Element and attribute names in order: what no text may change. */
  readonly structure: readonly string[];
  /** Every text and every attribute value, as a browser would show or use them. */
  readonly strings: readonly string[];
  named(name: string): readonly HtmlElement[];
}

const VOID = new Set(['meta', 'link', 'input', 'img', 'col', 'br', 'path', 'circle']);
const BLOCKS = new Set([
  'div',
  'p',
  'ul',
  'ol',
  'dl',
  'pre',
  'table',
  'form',
  'section',
  'header',
  'footer',
  'nav',
  'main',
  'fieldset',
  'h1',
  'h2',
]);
const INTERACTIVE = new Set(['a', 'button', 'input', 'label']);

export function readStrictly(html: string): HtmlPage {
  const all: HtmlElement[] = [];
  const strings: string[] = [];
  let current: HtmlElement | undefined;
  const parser = new SaxesParser();
  parser.on('error', error => {
    throw error;
  });
  parser.on('doctype', doctype => assert.equal(doctype.trim(), 'html'));
  parser.on('comment', comment => assert.fail(`a comment reaches the reader: ${comment}`));
  parser.on('cdata', () => assert.fail('HTML knows no CDATA'));
  parser.on('processinginstruction', () => assert.fail('HTML knows no processing instructions'));
  parser.on('opentag', ({ name, attributes, isSelfClosing }) => {
    assert.equal(
      isSelfClosing,
      VOID.has(name),
      `<${name}> is written as if it were ${isSelfClosing ? '' : 'not '}void`,
    );
    const element: HtmlElement = { name, attributes, parent: current, children: [], text: '' };
    for (const ancestor of ancestors(element)) {
      assert.ok(
        !(ancestor.name === 'p' && BLOCKS.has(name)),
        `<${name}> would end the <p> around it`,
      );
      assert.ok(
        !(INTERACTIVE.has(ancestor.name) && INTERACTIVE.has(name)),
        `<${name}> inside <${ancestor.name}>`,
      );
      assert.ok(!(ancestor.name === 'form' && name === 'form'), 'a form inside a form');
    }
    current?.children.push(element);
    strings.push(...Object.values(attributes));
    all.push(element);
    current = element;
  });
  parser.on('text', text => {
    if (text.trim() !== '') strings.push(text);
    for (let element = current; element !== undefined; element = element.parent)
      element.text += text;
  });
  parser.on('closetag', () => {
    current = current?.parent;
  });
  parser.write(html).close();
  return {
    all,
    strings,
    structure: all.map(({ name, attributes }) => [name, ...Object.keys(attributes)].join(' ')),
    named: name => all.filter(element => element.name === name),
  };
}

export function* ancestors(element: HtmlElement): Generator<HtmlElement> {
  for (let above = element.parent; above !== undefined; above = above.parent) yield above;
}
