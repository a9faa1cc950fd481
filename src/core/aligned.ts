/** Text in columns, for terminals. */

/** Each row as one line: columns are as wide as their widest cell, two blanks apart. */
export function alignedRows(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map(row => widthOf(row[column]!))),
  );
  return rows.map(row =>
    row
      .map((cell, column) => cell + ' '.repeat(widths[column]! - widthOf(cell)))
      .join('  ')
      .trimEnd(),
  );
}

/**
 * The text as lines of at most `width` characters. All but the first begin with `indent` blanks; a
 * word that is too long for a line is not broken.
 */
export function wrapped(text: string, width: number, indent: number): string {
  const [, lead = '', rest = ''] = /^( *)(.*)$/s.exec(text)!;
  const [first = '', ...words] = rest.split(' ');
  const lines: string[] = [];
  let line = lead + first;
  for (const word of words) {
    if (widthOf(line) + 1 + widthOf(word) <= width) line += ` ${word}`;
    else {
      lines.push(line.trimEnd());
      line = ' '.repeat(indent) + word;
    }
  }
  return [...lines, line.trimEnd()].join('\n');
}

/** In characters, not in the UTF-16 units of `length`. */
function widthOf(text: string): number {
  return [...text].length;
}
