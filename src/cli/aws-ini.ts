/**
 * `~/.aws/config` and `~/.aws/credentials` as botocore reads them (Python's configparser, strict), for files that we only read.
 *
 * Text is Latin-1, one character for each byte.
 */
import { isUtf8 } from 'node:buffer';

export interface AwsSection {
  /** What is between the brackets. */
  readonly header: string;
  /** By name as written: the value, and the lines that continue it. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** Written by `rolebridge configure`. */
  readonly isOurs: boolean;
}

export interface AwsIni {
  /** Repeated sections are one, and the last of repeated options counts. */
  readonly sections: readonly AwsSection[];
  /** Numbers of the lines because of which botocore rejects the whole file. */
  readonly faults: readonly number[];
}

const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
const OUR_MARK = /^# rolebridge: (begin|end) /;
const HEADER = /^\[(.+?)\]/;
const OPTION = /^(.*?)\s*[=:]\s*(.*)$/;

/** Never throws: what cannot be read is left out, with its line among the faults. */
export function readAwsIni(text: string): AwsIni {
  const found = new Map<string, { options: Map<string, string[]>; isOurs: boolean }>();
  const faults: number[] = [];
  let isOurs = false;
  let section: Map<string, string[]> | undefined;
  let option: string[] | undefined;
  let indentation = 0;
  const hasMark = text.startsWith(BYTE_ORDER_MARK);
  if (hasMark) faults.push(1);

  for (const [index, line] of (hasMark ? text.slice(BYTE_ORDER_MARK.length) : text).split(/\r\n|\r|\n/).entries()) {
    const content = line.trim();
    const mark = OUR_MARK.exec(content)?.[1];
    if (mark !== undefined) isOurs = mark === 'begin';
    const isReadable = isUtf8(Buffer.from(line, 'latin1')) && !/[^\P{Cc}\t\u0080-\u009f]/u.test(line);
    if (!isReadable) faults.push(index + 1);
    if (!isReadable || content === '' || /^[#;]/.test(content)) continue;

    const indent = line.length - line.trimStart().length;
    if (section !== undefined && option !== undefined && indent > indentation) {
      option.push(line.trimEnd());
      continue;
    }
    indentation = indent;
    const header = HEADER.exec(content)?.[1];
    if (header !== undefined) {
      if (found.has(header)) faults.push(index + 1);
      else found.set(header, { options: new Map(), isOurs });
      section = found.get(header)!.options;
      option = undefined;
      continue;
    }
    const [, name = '', value = ''] = OPTION.exec(content) ?? [];
    if (section === undefined || name === '') {
      faults.push(index + 1);
      option = undefined;
      continue;
    }
    const same = [...section.keys()].find(key => key.toLowerCase() === name.toLowerCase());
    if (same !== undefined) {
      faults.push(index + 1);
      section.delete(same);
    }
    option = [value];
    section.set(name, option);
  }
  return { sections: [...found].map(([header, rest]) => ({ header, ...rest })), faults };
}

/** The profile that a section of the config file is; undefined for other sections. */
export function profileOf({ header }: AwsSection): string | undefined {
  if (header.trim() === 'default') return 'default';
  const name = /^\s*profile\s+(.+?)\s*$/.exec(header)?.[1];
  return name === undefined ? undefined : (/^(["'])(.*)\1$/.exec(name)?.[2] ?? name);
}

export function renderSection(header: string, options: Iterable<readonly [name: string, lines: readonly string[]]>): string {
  const lines = [...options].map(([name, [value, ...more]]) => [`${name} = ${value}`.trimEnd(), ...more].join('\n'));
  return `[${header}]\n${lines.map(line => `${line}\n`).join('')}\n`;
}
