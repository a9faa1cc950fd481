/**
 * Texts that are known in part, such as a session name that depends on the user, and how they
 * compare with the patterns of IAM policies.
 *
 * An answer that holds for some values of the unknown parts and not for others is `depends`.
 */

export type Fit = 'fits' | 'fails' | 'depends';

/** Wildcards of a policy, which cover whatever is there. */
const MANY = Symbol('*');
const ONE = Symbol('?');
/** Unknown parts of a text: any characters, and one character of an id. */
const SOME_TEXT = Symbol('unknown text');
const OF_ID = Symbol('unknown character of an id');

/** Ids of users and workloads are base32 in small letters. */
const ID_CHARACTER = /^[a-z2-7]$/;

type Wildcard = typeof MANY | typeof ONE;
type Unknown = typeof SOME_TEXT | typeof OF_ID;

/** A text by characters, with marks for the unknown parts. */
export type TextForm = readonly (string | Unknown)[];
/** A text of a policy by characters, with its wildcards, and the unknown parts of its variables. */
export type TextPattern = readonly (string | Wildcard | Unknown)[];

type Token = TextPattern[number];

/** IAM limits a policy to 10,240 characters; what is longer is not compared. */
const LONGEST = 10_240;

export function exactText(text: string): TextForm {
  return [...text];
}

/** A text of which `*` is unknown, and each `?` is a character of an id. */
export function textLike(pattern: string): TextForm {
  return [...pattern].map(character => {
    if (character === '*') return SOME_TEXT;
    return character === '?' ? OF_ID : character;
  });
}

export const ANY_TEXT = textLike('*');

/** The text itself; undefined if a part is unknown. */
export function knownText(form: TextForm | TextPattern): string | undefined {
  return form.every(token => typeof token === 'string') ? form.join('') : undefined;
}

/** The form for people: `*` and `?` stand for what is unknown. */
export function describeForm(form: TextForm): string {
  return form.map(token => (token === SOME_TEXT ? '*' : token === OF_ID ? '?' : token)).join('');
}

/** A text as it is written in a policy, with `*` and `?` as wildcards. */
export function wildcardPattern(text: string): TextPattern {
  return [...text].map(character => {
    if (character === '*') return MANY;
    return character === '?' ? ONE : character;
  });
}

export function lowerCased<T extends TextForm | TextPattern>(tokens: T): T {
  return tokens.map((token: Token) =>
    typeof token === 'string' ? token.toLowerCase() : token,
  ) as unknown as T;
}

/** Whether the text is one of those that the pattern describes. */
export function fitOf(pattern: TextPattern, text: TextForm): Fit {
  if (pattern.length > LONGEST || text.length > LONGEST) return 'depends';
  if (reaches(pattern, text, ALWAYS)) return 'fits';
  return reaches(pattern, text, SOMETIMES) ? 'depends' : 'fails';
}

/** What tokens stand for: for every content of the unknown parts, or for one content at least. */
interface Reading {
  /** The token of a pattern that covers any number of others. */
  spans(token: Token): boolean;
  covers(token: Token, value: Token): boolean;
  /** The part of a text that any number of tokens of a pattern can stand for. */
  isOpen(value: Token): boolean;
}

const ALWAYS: Reading = {
  spans: token => token === MANY,
  covers: (token, value) => value !== SOME_TEXT && (token === ONE || isSame(token, value)),
  isOpen: () => false,
};

const SOMETIMES: Reading = {
  spans: token => token === MANY || token === SOME_TEXT,
  covers: (token, value) => {
    if (typeof token !== 'string') return true;
    return value === OF_ID ? ID_CHARACTER.test(token) : isSame(token, value);
  },
  isOpen: value => value === SOME_TEXT,
};

function isSame(token: Token, value: Token): boolean {
  return typeof token === 'string' && token === value;
}

/** Row by row: `row[j]` says whether the pattern so far covers the first `j` tokens of the text. */
function reaches(pattern: TextPattern, text: TextForm, reading: Reading): boolean {
  const first = [true];
  for (const [index, value] of text.entries()) first.push(reading.isOpen(value) && first[index]!);
  const last = pattern.reduce((row: readonly boolean[], token) => {
    const next = [reading.spans(token) && row[0]!];
    for (const [index, value] of text.entries()) {
      const [diagonal, above, left] = [row[index]!, row[index + 1]!, next[index]!];
      const isLong = reading.spans(token) || reading.isOpen(value);
      next.push(isLong ? above || left : diagonal && reading.covers(token, value));
    }
    return next;
  }, first);
  return last.at(-1)!;
}
