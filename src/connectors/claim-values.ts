/** Single values in claims and attributes, and why a value cannot be used. No fault has a value. */

// In UTF-16 code units.
export const MAX_NAME_LENGTH = 256;

/** Control characters, line ends and lone surrogates: they break log lines, XML and headers. */
export const CONTROL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
/** In addition, characters that are invisible or change the text direction: they disguise names. */
export const INVISIBLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

/** A value, or nothing. `fault` completes a sentence that begins with the name of the claim. */
export type Single<T> =
  | { readonly value: T | undefined; readonly fault?: undefined }
  | { readonly value?: undefined; readonly fault: string };

/**
 * The value of a claim: a list of one, or of equal values, is that value. An empty text and null
 * are no value.
 */
export function singleOf(claim: unknown): Single<unknown> {
  const values = new Set(valuesOf(claim));
  if (values.size > 1) return { fault: `has ${values.size} different values` };
  const [value] = values;
  return { value };
}

/** The values of a claim, without empty texts and null. */
function valuesOf(claim: unknown): readonly unknown[] {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return values.filter(value => value !== undefined && value !== null && value !== '');
}

/** The single text of a claim, without forbidden characters. A fault in a list has its number. */
export function textOf(claim: unknown, forbidden: RegExp): Single<string> {
  const { value, fault } = singleOf(claim);
  if (fault !== undefined) return { fault };
  if (value === undefined) return { value };
  const checked = checkedText(value, forbidden);
  if (checked.fault === undefined || !Array.isArray(claim)) return checked;
  return { fault: `${checked.fault} (entry ${claim.indexOf(value) + 1})` };
}

/** The value as a text of at most 256 characters, none of them forbidden. */
export function checkedText(value: unknown, forbidden: RegExp): Single<string> {
  if (typeof value !== 'string') return { fault: `is ${kindOf(value)}, not a string` };
  if (value.length > MAX_NAME_LENGTH)
    return {
      fault: `has ${value.length} characters; at most ${MAX_NAME_LENGTH} are accepted`,
    };
  return forbidden.test(value) ? { fault: 'contains a control or invisible character' } : { value };
}

/** Whether one value says no. Some providers (Amazon Cognito) write booleans as strings. */
export function saysNo(claim: unknown): boolean {
  return valuesOf(claim).some(
    value => value === false || (typeof value === 'string' && value.toLowerCase() === 'false'),
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
