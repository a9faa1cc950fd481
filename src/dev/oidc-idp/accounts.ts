/** What the provider says of a person, and when it says nothing. */
import { type Account, errors, type FindAccount } from 'oidc-provider';
import type { Directory } from '../directory.ts';
import type { Person } from '../people.ts';
import { acrsFor } from './authentication.ts';

export interface Accounts {
  readonly directory: Directory;
  readonly subjectOf: (username: string) => string;
  /** User names whose refreshes are answered with `interaction_required`. */
  readonly needsInteraction: ReadonlySet<string>;
}

/** Disabled people are unknown, so that the library denies their sessions and tokens. */
export function findAccountIn({ directory, subjectOf, needsInteraction }: Accounts): FindAccount {
  return (_ctx, subject, token): Account | undefined => {
    const person = directory.people().find(({ username }) => subjectOf(username) === subject);
    if (person === undefined || directory.isDisabled(person.username)) return undefined;
    if (token?.kind === 'RefreshToken' && needsInteraction.has(person.username))
      throw new errors.CustomOIDCProviderError(
        'interaction_required',
        'The user must sign in again with an additional verification.',
      );
    const amr = token !== undefined && 'amr' in token ? (token.amr ?? []) : [];
    return {
      accountId: subject,
      claims: (_use, _scope, requested) => {
        const acrs = acrsFor(requested.acrs, amr);
        return { ...claimsOf(subject, person), ...(acrs.length > 0 ? { acrs } : {}) };
      },
    };
  };
}

function claimsOf(subject: string, { username, displayName, email, department, groups }: Person) {
  return {
    sub: subject,
    preferred_username: username,
    name: displayName,
    email,
    email_verified: true,
    department,
    ...(groups.length > 0 ? { groups: [...groups] } : {}),
  };
}
