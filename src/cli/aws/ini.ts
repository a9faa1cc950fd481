/**
 * `~/.aws/config` and `~/.aws/credentials` as botocore reads them (Python's configparser, strict):
 * one parser for all that judges or copies these files. What changes our part of them works on
 * bytes (config-file).
 *
 * Files come as Latin-1, one character for each byte; what is read out of them is decoded.
 */
import { isUtf8 } from 'node:buffer';

export interface AwsSection {
  /** What is between the brackets. */
  readonly header: string;
  /** By name as written: the value, and the lines that continue it. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** Numbers of the lines of each option, counted from 1. */
  readonly places: ReadonlyMap<string, readonly number[]>;
  /** The number of the line of its header. */
  readonly line: number;
  /** Written by `rolebridge configure`. */
  readonly isOurs: boolean;
}

export interface AwsFault {
  /** Counted from 1. */
  readonly line: number;
  /** Names the line, except where the whole file is meant. */
  readonly why: string;
  /**
   * `rejected`: botocore rejects the whole file. `odd`: botocore reads it, and it is left out all
   * the same.
   */
  readonly kind: 'rejected' | 'odd';
}

export interface AwsIni {
  /**
   * Repeated sections are one, and the last of repeated options counts. What has a fault is left
   * out.
   */
  readonly sections: readonly AwsSection[];
  /** One a line, in the order of lines. */
  readonly faults: readonly AwsFault[];
}

/** Its options count in every section of the file (configparser, `default_section`). */
export const DEFAULTS = 'DEFAULT';

interface Option {
  readonly name: string;
  /** Numbers of its lines. */
  readonly numbers: number[];
  readonly lines: string[];
  isOdd: boolean;
}

interface Section {
  /** By name in lower case. */
  readonly options: Map<string, Option>;
  readonly line: number;
  readonly isOurs: boolean;
  readonly isOdd: boolean;
}

interface Reading {
  readonly sections: Map<string, Section>;
  readonly faults: Map<number, AwsFault>;
  readonly groups: Option[];
  isOurs: boolean;
  section?: (Section & { readonly header: string }) | undefined;
  option?: Option | undefined;
  indent: number;
}

const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
const OUR_MARK = /^# rolebridge: (begin|end) /;
const HEADER = /^\[(.+)\]/s;
const CONTROL = /[^\P{Cc}\t]/u;

// Python's idea of blanks: without the byte order mark, and with the separators that JavaScript
// leaves out.
const BLANK = '(?:(?!\\ufeff)[\\s\\u001c-\\u001f\\u0085])';
const BLANKS_BEFORE = new RegExp(`^${BLANK}+`);
const BLANKS_BEHIND = new RegExp(`${BLANK}+$`);
const OPTION = new RegExp(`^(.*?)${BLANK}*[=:]${BLANK}*(.*)$`, 's');
/** What ends a line for `str.splitlines`, by which botocore takes a group of settings apart. */
const SPLITS = '\\v\\f\\u001c-\\u001e\\u0085\\u2028\\u2029';
const ENDS_IN_GROUP = new RegExp(`[${SPLITS}]`);

/** Never throws: what cannot be read is left out, with its line among the faults. */
export function readAwsIni(latin1: string): AwsIni {
  const reading: Reading = {
    sections: new Map(),
    faults: new Map(),
    groups: [],
    isOurs: false,
    indent: 0,
  };
  const hasMark = latin1.startsWith(BYTE_ORDER_MARK);
  if (hasMark) reject(reading, 1, 'it begins with a byte order mark (three bytes, EF BB BF)');
  const lines = latin1.slice(hasMark ? BYTE_ORDER_MARK.length : 0).split(/\r\n|\r|\n/);
  for (const [index, line] of lines.entries()) {
    const bytes = Buffer.from(line, 'latin1');
    if (isUtf8(bytes)) readLine(reading, bytes.toString('utf8'), index + 1);
    else reject(reading, index + 1, 'it is not UTF-8');
  }
  for (const group of reading.groups) {
    const settings = group.lines.slice(1).flatMap(line => line.split(ENDS_IN_GROUP));
    if (settings.every(line => line.replace(BLANKS_BEHIND, '') === '' || line.includes('=')))
      continue;
    reject(
      reading,
      group.numbers[0]!,
      `line ${group.numbers[0]}: what is indented below ${group.name} is not a list of settings`,
    );
    group.isOdd = true;
  }
  return {
    sections: [...reading.sections].flatMap(([header, { options, line, isOurs, isOdd }]) => {
      if (isOdd) return [];
      const kept = [...options.values()].filter(option => !option.isOdd);
      return [
        {
          ...{ header, line, isOurs },
          options: new Map(kept.map(({ name, lines }) => [name, lines])),
          places: new Map(kept.map(({ name, numbers }) => [name, numbers])),
        },
      ];
    }),
    faults: [...reading.faults.values()].sort((a, b) => a.line - b.line),
  };
}

function readLine(reading: Reading, line: string, number: number): void {
  const indented = line.replace(BLANKS_BEHIND, '');
  const text = indented.replace(BLANKS_BEFORE, '');
  const mark = OUR_MARK.exec(text)?.[1];
  if (mark !== undefined) reading.isOurs = mark === 'begin';
  if (text === '' || /^[#;]/.test(text)) return;

  const isOdd = CONTROL.test(line);
  if (isOdd && !reading.faults.has(number))
    reading.faults.set(number, {
      line: number,
      why: `line ${number} has a control character`,
      kind: 'odd',
    });
  const { option, indent } = reading;
  const column = indented.length - text.length;
  if (option !== undefined && column > indent) {
    if (option.lines.length === 1 && option.lines[0] === '') reading.groups.push(option);
    option.lines.push(indented);
    option.numbers.push(number);
    option.isOdd ||= isOdd;
    return;
  }
  reading.indent = column;
  reading.option = undefined;
  const header = HEADER.exec(text)?.[1];
  if (header === undefined) readOption(reading, text, { number, isOdd });
  else beginSection(reading, header, { number, isOdd });
}

interface LineFacts {
  readonly number: number;
  readonly isOdd: boolean;
}

function beginSection(reading: Reading, header: string, { number, isOdd }: LineFacts): void {
  const known = reading.sections.get(header);
  if (known !== undefined && header !== DEFAULTS)
    reject(reading, number, `line ${number}: the section [${header}] is there twice`);
  const section = known ?? { options: new Map(), line: number, isOurs: reading.isOurs, isOdd };
  reading.sections.set(header, section);
  reading.section = { ...section, header };
}

function readOption(reading: Reading, text: string, { number, isOdd }: LineFacts): void {
  const { section } = reading;
  const [, name = '', value = ''] = OPTION.exec(text) ?? [];
  if (section === undefined || name === '') {
    const what =
      section === undefined
        ? ': text stands before the first section'
        : ' is neither a section nor a setting';
    reject(reading, number, `line ${number}${what}`);
    return;
  }
  const key = name.toLowerCase();
  if (section.options.delete(key))
    reject(reading, number, `line ${number}: ${name} is set twice in [${section.header}]`);
  reading.option = { name, numbers: [number], lines: [value], isOdd };
  section.options.set(key, reading.option);
}

function reject({ faults }: Reading, line: number, why: string): void {
  if (faults.get(line)?.kind !== 'rejected') faults.set(line, { line, why, kind: 'rejected' });
}

/** The profile that a section of the config file is; undefined for other sections. */
export function profileOf({ header }: AwsSection): string | undefined {
  if (header.trim() === 'default') return 'default';
  const name = /^\s*profile\s+(.+?)\s*$/.exec(header)?.[1];
  return name === undefined ? undefined : (/^(["'])(.*)\1$/.exec(name)?.[2] ?? name);
}

export function renderSection(
  header: string,
  options: Iterable<readonly [name: string, lines: readonly string[]]>,
): string {
  const lines = [...options].map(([name, [value, ...more]]) =>
    [`${name} = ${value}`.trimEnd(), ...more].join('\n'),
  );
  return `[${header}]\n${lines.map(line => `${line}\n`).join('')}\n`;
}
