import type { ConnectorId, Identity, PersonId } from '../../src/core/identity.ts';

/** A verified user for tests of the pure core; give only what matters. */
export function person(
  said: Partial<Identity> & {
    readonly multiFactor?: boolean;
    readonly authenticatedAt?: number;
  } = {},
): Identity {
  const { multiFactor = true, authenticatedAt = 0, ...rest } = said;
  return {
    person: 'abcdefghijklmnop' as PersonId,
    connector: 'corp' as ConnectorId,
    source: { issuer: 'https://corp.example', trustedBy: 'https://corp.example' },
    assertedAt: 0,
    subject: 'subject-1',
    username: 'alice',
    displayName: 'Alice Example',
    email: 'alice@acme.example',
    groups: [],
    attributes: { department: 'Platform' },
    authentication: { at: authenticatedAt, methods: ['mfa'], multiFactor },
    ...rest,
  };
}
