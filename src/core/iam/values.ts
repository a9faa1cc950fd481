/** Values of IAM's answers, of which nothing is certain. */

/** `arn:aws:iam::111122223333:role/team/Admin`, in parts. */
export interface IamArn {
  readonly partition: string;
  readonly account: string;
  readonly kind: 'role' | 'saml-provider' | 'oidc-provider' | 'policy';
  /** `team/Admin` */
  readonly rest: string;
}

const ARN = new RegExp(
  String.raw`^arn:(aws[a-z-]{0,20}):iam::(\d{12}|aws):` +
    '(role|saml-provider|oidc-provider|policy)/([!-~]{1,1000})$',
);

export function iamArn(value: unknown): IamArn | undefined {
  const [, partition, account, kind, rest] = ARN.exec(textOf(value) ?? '') ?? [];
  if (partition === undefined || account === undefined || rest === undefined) return undefined;
  return { partition, account, kind: kind as IamArn['kind'], rest };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined for an empty text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The objects of a list; undefined if the value is no list. */
export function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] | undefined {
  return Array.isArray(value) ? value.filter(isObject) : undefined;
}

/** Milliseconds since the epoch: from a text, or from a Date of the SDK. */
export function instantOf(value: unknown): number | undefined {
  const instant = value instanceof Date ? value.getTime() : Date.parse(textOf(value) ?? '');
  return Number.isNaN(instant) ? undefined : instant;
}

/** More than any policy that IAM accepts, encoded for a URL. */
const LONGEST_POLICY = 100_000;

/**
 * A policy as parsed JSON: the CLI prints objects, the API gives JSON text that is encoded for a
 * URL. A text that is no JSON stays as it is; undefined if there is none.
 */
export function policyOf(value: unknown): unknown {
  if (isObject(value)) return value;
  const text = textOf(value);
  if (text === undefined || text.length > LONGEST_POLICY) return text;
  for (const candidate of [text, decoded(text)])
    try {
      return JSON.parse(candidate);
    } catch {
      // The next form.
    }
  return text;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
