/**
 * A workload: a machine, as its platform vouches for it.
 *
 * A workload is the pair of an entry of `workloads` in the configuration and a subject there: the
 * issuers of Kubernetes clusters are not unique, so an issuer is not a namespace.
 */
import { opaqueName } from './opaque-name.ts';
import type { Instant } from './time.ts';

/** The id of an entry of `workloads`. */
export type WorkloadEntryId = string & { readonly __brand: 'WorkloadEntryId' };

/**
 * The stable name of a workload toward AWS, `github-k3jx2q7d5vbn4mza@workload`: its entry, and 80
 * bits of a SHA-256 over entry and subject. It is the session name, the NameID of our assertions,
 * the `sub` of our tokens, and the name in the audit trail. No session name of a user has this
 * form.
 */
export type WorkloadId = string & { readonly __brand: 'WorkloadId' };

const ENTRY_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const WORKLOAD_ID = /^[a-z0-9][a-z0-9-]{0,31}-[a-z2-7]{16}@workload$/;
/** A hyphen and 16 characters of base32. */
const NAME_LENGTH = 17;
/** How each session name and source identity of a workload ends, and none of a user. */
export const WORKLOAD_SUFFIX = '@workload';

/** The claim that contains `subject` of a workload of AWS: the ARN of its role without the path. */
export const ROLE_ARN_CLAIM = 'roleArn';

/** Claims of a token, as its issuer has signed them, or what STS says of a role session. */
export type Claims = Readonly<Record<string, unknown>>;

export interface Workload {
  readonly id: WorkloadId;
  readonly entry: WorkloadEntryId;
  /** `sub` of the token, or the ARN of the role without its path. */
  readonly subject: string;
  readonly claims: Claims;
}

/** What a platform has vouched for. */
export interface VerifiedWorkload {
  readonly workload: Workload;
  /** `iat` of the token, or when the request was signed. */
  readonly assertedAt: Instant;
  /** The proof is refused from then on. */
  readonly expiresAt: Instant;
  /** Names the proof; not a secret: requests with the same proof share credentials. */
  readonly proofId: string;
  /** `jti` of the token, if it has one. */
  readonly tokenId?: string | undefined;
}

export function isWorkloadEntryId(text: string): text is WorkloadEntryId {
  return ENTRY_ID.test(text);
}

/** The entry that an id names. It need not be in the configuration. */
export function entryOf(id: WorkloadId): WorkloadEntryId {
  return id.slice(0, -NAME_LENGTH - WORKLOAD_SUFFIX.length) as WorkloadEntryId;
}

export function isWorkloadId(text: string): text is WorkloadId {
  return WORKLOAD_ID.test(text);
}

/** `digest` gives a SHA-256 as base64url. */
export function workloadId(
  { entry, subject }: Pick<Workload, 'entry' | 'subject'>,
  digest: (text: string) => string,
): WorkloadId {
  const name = opaqueName(digest(JSON.stringify(['workload', entry, subject])));
  return `${entry}-${name}${WORKLOAD_SUFFIX}` as WorkloadId;
}

// ---------------------------------------------------------------- claims

/**
 * The values of a claim as texts: none if it is absent or an object, several if it is a list. A
 * number beyond the safe integers has lost digits, so it could read as another one, and counts as
 * absent.
 *
 * A name is looked up as it is; if there is none, its dots lead into nested objects
 * (`kubernetes.io.serviceaccount.uid`), by the longest name that exists.
 */
export function claimTexts(claims: Claims, name: string): readonly string[] {
  const value = claimAt(claims, name);
  return (Array.isArray(value) ? value : [value]).flatMap(textOf);
}

/** The value of a claim that is not a list; undefined otherwise. */
export function claimText(claims: Claims, name: string): string | undefined {
  return textOf(claimAt(claims, name))[0];
}

function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const parent = name.slice(0, dot);
    const inner = Object.hasOwn(claims, parent) ? claims[parent] : undefined;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) continue;
    const found = claimAt(inner as Claims, name.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

function textOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return [String(value)];
  return [];
}
