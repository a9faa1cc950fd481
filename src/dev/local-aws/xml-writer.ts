/**
 * The XML that STS answers with: no declaration, two blanks of indentation, a newline at the end.
 */

export const STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/**
 * Elements in order; an undefined value leaves its element out, a null value writes the element
 * without content.
 */
export interface XmlTree {
  readonly [element: string]: string | number | null | undefined | XmlTree;
}

export function writeXml(root: string, namespace: string, content: XmlTree): string {
  return `<${root} xmlns="${namespace}">\n${writeTree(content, 1)}</${root}>\n`;
}

function writeTree(tree: XmlTree, depth: number): string {
  const indent = '  '.repeat(depth);
  let text = '';
  for (const [name, value] of Object.entries(tree)) {
    if (value === undefined) continue;
    if (value === null) text += `${indent}<${name}/>\n`;
    else if (typeof value === 'object')
      text += `${indent}<${name}>\n${writeTree(value, depth + 1)}${indent}</${name}>\n`;
    else text += `${indent}<${name}>${escapeXml(String(value))}</${name}>\n`;
  }
  return text;
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
