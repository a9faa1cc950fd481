/**
 * The lines of a file of the AWS tools that contain the keys of a profile: removes them, and leaves
 * every other byte. Text is Latin-1, one character for each byte.
 */
import { type AwsSection, profileOf, readAwsIni } from './ini.ts';
import type { AwsFileKind } from './paths.ts';

/** Settings that are the keys themselves. */
const KEYS = /^aws_(?:access_key_id|secret_access_key|session_token|security_token)$/i;

export interface WithoutKeys {
  readonly text: string;
  /** `others`: the profile has key lines in this file, and not just the two of these keys. */
  readonly found: 'these' | 'none' | 'others';
  /** Numbers of lines of the new text with the secret key: in comments, or in other profiles. */
  readonly copies: readonly number[];
}

/** Where keys are, and which. */
export interface KeyPlace {
  readonly kind: AwsFileKind;
  readonly profile: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A section of which nothing is left goes with its keys. */
export function withoutKeys(latin1: string, place: KeyPlace): WithoutKeys {
  const { kind, profile, secretAccessKey } = place;
  const own = readAwsIni(latin1).sections.filter(
    section => (kind === 'config' ? profileOf(section) : section.header.trim()) === profile,
  );
  const found = own.map(section => keysIn(section, place)).filter(what => what !== 'none');
  const isWhole = found.length === 1 && found[0] === 'these';
  const going = new Set(isWhole ? own.flatMap(linesOf) : []);
  const text = latin1
    .split(/(?<=\r\n|\n|\r(?!\n))/)
    .filter((_, index) => !going.has(index + 1))
    .join('');
  const copies = text
    .split(/\r\n|\r|\n/)
    .flatMap((line, index) => (line.includes(secretAccessKey) ? [index + 1] : []));
  return { text, found: isWhole ? 'these' : found.length === 0 ? 'none' : 'others', copies };
}

function keysIn({ options }: AwsSection, place: KeyPlace): WithoutKeys['found'] {
  const keys = new Map(
    [...options].flatMap(([name, lines]) =>
      KEYS.test(name) ? [[name.toLowerCase(), lines.join('\n').trim()] as const] : [],
    ),
  );
  if (keys.size === 0) return 'none';
  const isThese =
    keys.size === 2 &&
    keys.get('aws_access_key_id') === place.accessKeyId &&
    keys.get('aws_secret_access_key') === place.secretAccessKey;
  return isThese ? 'these' : 'others';
}

/** Numbers of the lines that go. */
function linesOf({ line, options, places }: AwsSection): readonly number[] {
  const names = [...options.keys()];
  const keys = names.filter(name => KEYS.test(name));
  const lines = keys.flatMap(name => places.get(name)!);
  return keys.length > 0 && keys.length === names.length ? [line, ...lines] : lines;
}
