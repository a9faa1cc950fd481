/**
 * Checks of the audience of tokens for accounts with their own STS. A token names no role and no
 * account, so the operator of that STS could use it wherever the same audience is accepted.
 */
import type { AccountList, ReadableAccount } from './account-list.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';

export function* ownStsProblems(
  { issuer }: Readable<Document>,
  { all }: AccountList,
): Generator<ProblemAt> {
  const ofAws = issuer?.webIdentity?.audience;
  const known = new Map<string, ReadableAccount>();
  for (const { account, index } of all) {
    const { sts, audience = sts } = account.endpoints ?? {};
    if (sts === undefined || audience === undefined) continue;
    const path: Path = ['accounts', index];
    if (account.trust === 'corporate-web-identity') yield* corporateProblems(account, path, all);
    if (account.trust !== 'web-identity') continue;
    const at: Path = [...path, 'endpoints', audience === sts ? 'sts' : 'audience'];
    const fix =
      'Write endpoints.audience: a text for this STS alone, which is a client id of its OpenID Connect provider.';
    const first = known.get(audience) ?? account;
    known.set(audience, first);
    if (audience === ofAws)
      yield {
        path: at,
        message: `${quoted(audience)} is the audience of tokens for AWS (issuer.webIdentity.audience): the operator of this STS could get roles of AWS with the tokens.`,
        fix,
      };
    else if (first.endpoints?.sts !== sts)
      yield {
        path: at,
        message: `${quoted(audience)} is the audience of account ${quoted(first.name ?? '')}, too, which has another STS: each could use its tokens at the other.`,
        fix,
      };
  }
}

/** The identity provider writes the audience of these tokens, and it is the same for all. */
function* corporateProblems(
  { endpoints }: ReadableAccount,
  path: Path,
  all: AccountList['all'],
): Generator<ProblemAt> {
  const other = all.find(
    ({ account }) =>
      account.trust === 'corporate-web-identity' && account.endpoints?.sts !== endpoints?.sts,
  );
  if (other === undefined) return;
  yield {
    path: [...path, 'trust'],
    message: `gives this STS the tokens of users that account ${quoted(other.account.name ?? '')} accepts, too: its operator could use them there.`,
    fix: 'Use trust: web-identity, whose tokens have an audience for each STS.',
    warning: true,
  };
}
