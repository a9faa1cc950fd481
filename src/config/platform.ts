/** What the checks of `workloads` know of a platform that issues tokens. */
import type { Problem } from './problems.ts';

/** What a rule accepts of one claim. */
export interface ClaimTexts {
  readonly values: readonly string[];
  readonly patterns: readonly string[];
}

/** What a value or pattern says of the owner; undefined if it says nothing. */
export type OwnerIn = (text: string) => string | undefined;

/** One of these claims must say whose token it is, because others get tokens of the issuer. */
interface OwnerClaims {
  /** Who owns tokens, in words: `organization`. */
  readonly kind: string;
  readonly claims: Readonly<Record<string, OwnerIn>>;
  /** What to write. */
  readonly fix: string;
  /** Claims that seem to say it, each with a clause about why they do not. */
  readonly others?: Readonly<Record<string, string>>;
}

/** A claim that says less than it seems, unless one of the others is there. */
interface PartialClaim {
  readonly claim: string;
  readonly with: readonly string[];
  readonly message: string;
  readonly fix: string;
}

/** Claims that limit the code that runs; without one, every branch gets the roles. */
interface CodeClaims {
  readonly claims: readonly string[];
  /** A `sub` that limits it as well. */
  readonly subject: RegExp;
  /** What is accepted without, as a clause. */
  readonly otherwise: string;
  readonly fix: string;
}

export interface Platform {
  readonly name: string;
  /** `claims` are those that rules of the entry name, and the beginnings of their `sub`. */
  readonly is: (issuer: string, claims: ReadonlySet<string>) => boolean;
  /** Undefined if the issuer belongs to one owner alone. */
  readonly owner?: OwnerClaims;
  /**
   * Names that can pass to another owner, each with the ids that do not; the first is the one to
   * write.
   */
  readonly ids: Readonly<Record<string, readonly string[]>>;
  readonly code?: CodeClaims;
  readonly partial?: PartialClaim;
  /** What is wrong with conditions on `sub`. */
  readonly subject?: (sub: ClaimTexts) => Problem | undefined;
  /** How tokens say that a pull request runs: its code is new, and anyone who can push chose it. */
  readonly pullRequests?: { readonly event: string; readonly subject: RegExp };
  /** A process is given the same token several times. */
  readonly repeatsTokens?: true;
  /** An audience that tokens have when the job does not ask for one. */
  readonly defaultAudience?: RegExp;
  /** Claims that every token has, and whose values fit session tags. */
  readonly tags: readonly string[];
}
