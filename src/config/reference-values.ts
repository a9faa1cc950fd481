/** Kinds of values that refer to something outside the file: secrets, external ids, paths. */
import { z } from 'zod';
import type { Problem } from './problems.ts';
import { checked, textProblem, word } from './values.ts';

/** Where a secret is: in an environment variable, in a file, or in a credential of systemd. */
export type SecretReference =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly credential: string };

const KEYS: ReadonlySet<string> = new Set(['env', 'file', 'credential']);
const ENV_NAME = /^[A-Za-z_]\w{0,127}$/;
/** A file name that needs no quotes in a unit. */
const CREDENTIAL_NAME = /^(?!\.)[\w.-]{1,128}$/;

/**
 * Why a value is not a reference. Nothing of it is repeated, not even its keys: a secret may have
 * been written in their place.
 */
function referenceProblem(value: unknown): Problem | undefined {
  const fix =
    'Write { env: NAME }, { file: PATH } or { credential: NAME }, and put the secret there.';
  if (value === undefined) return { message: 'is missing.', fix };
  if (value === null) return { message: 'has no value.', fix };
  if (typeof value === 'string')
    return {
      message: 'is written into the file; a secret is never inline.',
      fix: `${fix} Replace the secret: it was in a file that others can read.`,
    };
  if (typeof value !== 'object' || Array.isArray(value))
    return { message: 'is not a reference to a secret.', fix };
  const [entry, ...more] = Object.entries(value);
  if (entry === undefined || more.length > 0 || !KEYS.has(entry[0]))
    return { message: 'must have exactly one key: env, file or credential.', fix };
  const [key, target] = entry;
  if (typeof target !== 'string' || textProblem(target, 4096) !== undefined)
    return { message: `has no text as its ${key}.`, fix };
  if (key === 'env' && !ENV_NAME.test(target))
    return {
      message: 'has an env that is not the name of an environment variable.',
      fix: 'Write a name of letters, digits and _, such as { env: OKTA_SECRET }.',
    };
  if (key === 'credential' && !CREDENTIAL_NAME.test(target))
    return {
      message: 'has a credential that is not the name of a credential of systemd.',
      fix: 'Write a name of letters, digits and _.-, such as { credential: okta-secret }.',
    };
  return undefined;
}

const REFERENCE = '`{ env: NAME }`, `{ file: PATH }` or `{ credential: NAME }`';

/** A reference to a secret; what it points at is read later. */
export const secret = () =>
  checked(z.unknown(), referenceProblem)
    .transform(value => value as SecretReference)
    .meta({ kind: REFERENCE });

/** AssumeRole's ExternalId: 2 to 1224 of `[\w+=,.@:/-]` (STS API reference). */
export function externalIdProblem(value: string): Problem | undefined {
  if (/^[\w+=,.@:/-]{2,1224}$/.test(value)) return undefined;
  return {
    message: 'is not an external id.',
    fix: 'Write 2 to 1224 letters, digits and _+=,.@:/-.',
  };
}

/**
 * An external id is not a secret for AWS, so it may be written here; it can also be kept elsewhere
 * all the same.
 */
export const externalId = () =>
  checked(z.unknown(), value =>
    typeof value === 'string' ? externalIdProblem(value) : referenceProblem(value),
  )
    .transform(value => value as string | SecretReference)
    .meta({ kind: `text, ${REFERENCE}` });

/** A path, relative to the configuration file's directory. */
export const filePath = () => word('path', value => textProblem(value, 4096));
