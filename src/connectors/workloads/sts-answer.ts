/**
 * What STS answers to GetCallerIdentity: JSON or XML, as the signed request accepts it. An answer
 * in any other form counts as none.
 */
import { z } from 'zod';
import { bulkOfJson } from '../json-bulk.ts';
import { parseStrictXml, type XmlElement } from '../saml/strict-xml.ts';

const MAX_BYTES = 64 * 1024;

export interface CallerIdentity {
  readonly arn: string;
  readonly account: string;
  readonly userId: string;
}

export interface StsError {
  readonly status: number;
  /** Without a final `Exception`; undefined if the answer is not one of STS. */
  readonly code: string | undefined;
}

const Text = z.string().max(2048);
const Identity = z.object({ Arn: Text, Account: Text, UserId: Text });
const Success = z.object({
  GetCallerIdentityResponse: z.object({ GetCallerIdentityResult: Identity }),
});
const Failure = z.object({ Error: z.object({ Code: z.string().regex(/^[\w.]{1,100}$/) }) });

export async function readStsAnswer(response: Response): Promise<CallerIdentity | StsError> {
  const { status } = response;
  const document = documentIn(new Uint8Array(await response.arrayBuffer()));
  const identity = status === 200 ? Success.safeParse(document).data : undefined;
  if (identity !== undefined) {
    const { Arn, Account, UserId } = identity.GetCallerIdentityResponse.GetCallerIdentityResult;
    return { arn: Arn, account: Account, userId: UserId };
  }
  const failure = status === 200 ? undefined : Failure.safeParse(document).data;
  return { status, code: failure?.Error.Code.replace(/Exception$/, '') };
}

/** The members of the answer, in the form of its JSON. */
function documentIn(bytes: Uint8Array): unknown {
  if (bytes.byteLength > MAX_BYTES || bulkOfJson(bytes) !== undefined) return undefined;
  const text = new TextDecoder().decode(bytes);
  try {
    return text.trimStart().startsWith('{') ? JSON.parse(text) : inXml(text);
  } catch {
    return undefined;
  }
}

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const LIMITS = { maxElements: 50, maxDepth: 5, maxAttributes: 5, syntax: 'plain' } as const;

function inXml(text: string): unknown {
  const root = parseStrictXml(text, LIMITS);
  if (root.namespace !== NAMESPACE) return undefined;
  // The root of an error is not a part of its JSON.
  return root.name === 'ErrorResponse' ? membersOf(root) : { [root.name]: membersOf(root) };
}

function membersOf({ children, text }: XmlElement): unknown {
  if (children.length === 0) return text;
  const names = new Set(children.map(({ namespace, name }) => namespace === NAMESPACE && name));
  if (names.has(false) || names.size < children.length)
    throw new Error('an element is repeated, or of another namespace');
  return Object.fromEntries(children.map(child => [child.name, membersOf(child)]));
}
