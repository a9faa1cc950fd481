/**
 * What came over the network or out of a file, fit for a terminal.
 *
 * A terminal obeys control characters (C0, DEL, C1), and marks of direction show text in another
 * order than it has.
 */
import { printableJson } from '../../core/printable.ts';

/** One line: every control character, mark of direction and line break becomes a blank. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}

/** As `printable`, with line breaks and tabs kept. */
export function printableLines(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}

/**
 * Indented JSON with a line break at its end. What a terminal may obey is escaped in it, also where
 * JSON allows it as it is.
 */
export function jsonText(value: unknown): string {
  return `${printableJson(JSON.stringify(value, null, 2))}\n`;
}
