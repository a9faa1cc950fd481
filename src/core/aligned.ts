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

/** In characters, not in the UTF-16 units of `length`. */
function widthOf(text: string): number {
  return [...text].length;
}
