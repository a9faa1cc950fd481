/**
 * Finds lines of TypeScript over 100 columns that could be broken: `npm run arch` over `src`, the
 * tests over lines of their own. The formatter breaks code; comments are broken by hand.
 */
import ts from 'typescript';

const COLUMNS = 100;

/** Numbers of the lines that are too wide; a string, a regular expression or a URL may be. */
export function wideLines(text: string): number[] {
  const lines = text.split('\n');
  const wide = lines.flatMap((line, index) => (line.length > COLUMNS ? [index] : []));
  if (wide.length === 0) return [];
  const strings = stringSpans(text);
  const starts = ts.createSourceFile('', text, ts.ScriptTarget.Latest).getLineStarts();
  return wide
    .filter(index => {
      const line = lines[index]!;
      const start = starts[index]!;
      if (isUrlAt(line, COLUMNS)) return false;
      const ends = strings
        .filter(([from, to]) => from < start + line.length && to > start)
        .map(([, to]) => to - start);
      // After the last string may follow what belongs to it, and no comment.
      return ends.length === 0 || /\/[/*]/.test(line.slice(Math.max(...ends)));
    })
    .map(index => index + 1);
}

/** Where the strings, templates and regular expressions of a text begin and end. */
function stringSpans(text: string): [from: number, to: number][] {
  const spans: [number, number][] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || isRegExp(node))
      spans.push([node.getStart(), node.getEnd()]);
    else ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('', text, ts.ScriptTarget.Latest, true));
  return spans;
}

function isRegExp(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.RegularExpressionLiteral;
}

function isUrlAt(line: string, column: number): boolean {
  return [...line.matchAll(/https?:\/\/\S+/g)].some(
    ({ 0: url, index }) => index <= column && index + url.length > column,
  );
}
