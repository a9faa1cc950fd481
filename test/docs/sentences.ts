/** Sentences of Markdown prose. Each is one line, so that a diff shows what has changed. */

export interface Finding {
  /** Counted from 1. */
  readonly line: number;
  readonly problem: 'several sentences' | 'part of a sentence';
  readonly text: string;
}

/** Indentation, and the markers of quotations and list items. */
const MARKERS = /^(?:\s|>|[-*+]\s|\d+[.)]\s)*/;
/** Tables, headings, HTML, images, rules and link definitions contain no prose to check. */
const OTHER_THAN_PROSE = /^\s*(?:$|\||#{1,6}\s|<|!\[|---|\[[^\]]+\]:)/;
const STARTS_ITEM = /^\s*(?:>|[-*+]\s|\d+[.)]\s)/;
/** The mark that ends a sentence, with what closes behind it. An ellipsis ends none. */
const END = /(?<![.…])[.!?]["'”’)\]*_]*(?:\(x*\))?(?=\s)/g;
const ABBREVIATION = /(?:^|[\s("'*_])(?:e\.g|i\.e|etc|vs|cf|No)$/;
/** A quotation within a sentence: the sentence goes on in lower case. */
const QUOTED = /^[.!?]["”][^\s]*\s+\p{Ll}/u;
/** What may stand at the end of a line of prose that another line continues. */
const COMPLETE = /[.!?:]["'”’)\]*_]*(?:\(x*\))?$/;

/** The lines of prose in a Markdown document that are not exactly one sentence. */
export function findingsIn(markdown: string): readonly Finding[] {
  const lines = withoutCode(markdown).split('\n');
  return lines.flatMap((text, index): Finding[] => {
    if (OTHER_THAN_PROSE.test(text)) return [];
    const line = index + 1;
    if (sentencesOf(text).length > 1) return [{ line, problem: 'several sentences', text }];
    const next = lines[line] ?? '';
    const ends = OTHER_THAN_PROSE.test(next) || STARTS_ITEM.test(next);
    return ends || COMPLETE.test(masked(text).trimEnd())
      ? []
      : [{ line, problem: 'part of a sentence', text }];
  });
}

/** The sentences of one line of prose. The first keeps its indentation and markers. */
export function sentencesOf(line: string): readonly string[] {
  const hidden = masked(line);
  const first = MARKERS.exec(line)![0].length;
  const ends = [...hidden.matchAll(END)]
    .filter(({ index }) => index >= first && !ABBREVIATION.test(hidden.slice(0, index)))
    .filter(({ index }) => !QUOTED.test(hidden.slice(index)))
    .map(({ index, 0: mark }) => index + mark.length);
  const starts = [0, ...ends];
  return starts.map((start, nth) => line.slice(start, ends[nth])).filter(text => text.trim());
}

/** The document with every fenced block and comment as empty lines. */
function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^ *(`{3,}).*?^ *\1$|<!--.*?-->/gms, block =>
    block.replaceAll(/[^\n]/g, ''),
  );
}

/** The line with code, quotations and targets of links as placeholders of the same length. */
function masked(line: string): string {
  return line
    .replaceAll(/`[^`]*`/g, code => 'X'.repeat(code.length))
    .replaceAll(/\]\([^)]*\)/g, target => `](${'x'.repeat(target.length - 3)})`)
    .replaceAll(/"[^"]+"/g, text => `"${'x'.repeat(text.length - 3)}${text.at(-2)}"`);
}
