/**
 * The digest of what a rule gives: an approval counts for the rule that was approved, and for no
 * other.
 */
import { createHash } from 'node:crypto';
import type { AccessRule } from '../core/access-rule.ts';
import type { Seconds } from '../core/time.ts';

interface RuleTerms extends Pick<AccessRule, 'roles' | 'groupPattern' | 'session' | 'require'> {
  /**
   * Ids of accounts, and selectors as they are written. An approval is for one account: that a
   * pattern matches a further one is no reason to end it.
   */
  readonly accounts: readonly string[] | undefined;
}

/**
 * SHA-256 in base64url of everything that a rule gives. Whom it selects, who approves and its name
 * are no part of it. Order matters only where it has a meaning, and a setting without a value is no
 * part: a setting that a later version adds leaves the digests of rules without it alone.
 */
export function termsDigest(
  { accounts, roles, groupPattern, session, require }: RuleTerms,
  longestSeconds: Seconds,
): string {
  const given = {
    accounts: sorted(accounts),
    roles: sorted(roles),
    groupPattern,
    session: {
      ...session,
      optionalTags: sorted(session.optionalTags),
      transitiveTags: sorted(session.transitiveTags),
      policyArns: sorted(session.policyArns),
    },
    require: { ...require, networks: sorted(require.networks) },
    longestSeconds,
  };
  return createHash('sha256').update(canonical(given)).digest('base64url');
}

function sorted(texts: readonly string[] | undefined): readonly string[] | undefined {
  return texts && [...new Set(texts)].sort();
}

/** JSON whose keys are in order and that has no key without a value. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
