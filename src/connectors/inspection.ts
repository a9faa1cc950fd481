/**
 * A verified answer for an administrator to look at: everything that came, with the sign-in that it
 * makes, or why it makes none. What comes in here is verified.
 */
import { BridgeError } from '../core/errors.ts';
import type { InspectedSignIn, ReceivedClaim, VerifiedSignIn } from '../core/sign-in.ts';

export interface Inspection extends Omit<InspectedSignIn, 'claims' | 'outcome'> {
  /** Claims or attributes by name. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Makes the sign-in. Throws `identity_incomplete`. */
  readonly signIn: () => VerifiedSignIn;
}

/** Bind an answer to its request or to a session: nothing that an administrator maps. */
const SECRETS: ReadonlySet<string> = new Set(['nonce', 'at_hash', 'c_hash', 's_hash', 'sid']);
const MAX_CLAIMS = 200;
const MAX_VALUES = 200;
const MAX_CHARACTERS = 1000;

export function inspected({ values, signIn, ...rest }: Inspection): InspectedSignIn {
  const claims = Object.entries(values)
    .filter(([name]) => !SECRETS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...rest, claims: claims.slice(0, MAX_CLAIMS).map(shown), outcome: outcomeOf(signIn) };
}

function outcomeOf(signIn: () => VerifiedSignIn): InspectedSignIn['outcome'] {
  try {
    return { verified: signIn() };
  } catch (thrown) {
    if (thrown instanceof BridgeError && thrown.code === 'identity_incomplete')
      return { incomplete: thrown };
    throw thrown;
  }
}

function shown([name, claim]: readonly [string, unknown]): ReceivedClaim {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  const more = values.length - MAX_VALUES;
  const texts = values.slice(0, MAX_VALUES).map(textOf);
  return {
    name: visible(name),
    values: more > 0 ? [...texts, `and ${more} more`] : texts,
  };
}

function textOf(value: unknown): string {
  return visible(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Characters that cannot be seen, or change how others are read, are written as `\u{200b}`. */
function visible(text: string): string {
  const cut = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
  return cut.replaceAll(
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu,
    character => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
