/**
 * The XML that STS and IAM answer with: no declaration, two blanks of indentation, a newline at the
 * end.
 */

/**
 * Elements in order; an undefined value leaves its element out, a null value writes the element
 * without content, a list writes the element once for each member.
 */
export interface XmlTree {
  readonly [element: string]: XmlMember | null | undefined | readonly XmlMember[];
}

type XmlMember = string | number | boolean | XmlTree;

/** A list as the query protocol writes it; an empty one has no members at all. */
export function membersOf(list: readonly XmlMember[]): XmlTree | null {
  return list.length === 0 ? null : { member: list };
}

export function writeXml(root: string, namespace: string | undefined, content: XmlTree): string {
  const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`;
  return `<${root}${attribute}>\n${writeTree(content, 1)}</${root}>\n`;
}

function writeTree(tree: XmlTree, depth: number): string {
  const indent = '  '.repeat(depth);
  let text = '';
  for (const [name, value] of Object.entries(tree)) {
    if (value === undefined) continue;
    if (isList(value)) text += value.map(member => writeTree({ [name]: member }, depth)).join('');
    else if (value === null) text += `${indent}<${name}/>\n`;
    else if (typeof value === 'object')
      text += `${indent}<${name}>\n${writeTree(value, depth + 1)}${indent}</${name}>\n`;
    else text += `${indent}<${name}>${escapeXml(String(value))}</${name}>\n`;
  }
  return text;
}

function isList(value: XmlTree[string]): value is readonly XmlMember[] {
  return Array.isArray(value);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
};

function escapeXml(text: string): string {
  // Characters that XML 1.0 cannot carry are answered as U+FFFD, so that whatever a caller sent the
  // answer stays well-formed.
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"\r]/g, found => ESCAPES[found]!);
}
