/**
 * The AWS sessions of a user that can still be alive, from the audit trail. They are only shown:
 * AWS revokes no session, but an administrator of the account can deny it.
 */
import type { AccountDetails } from '../core/account-details.ts';
import { type AwsSessions, awsSessionsIn } from '../core/aws-session.ts';
import type { Clock, HandOuts } from '../core/ports.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import type { Account, AccountId } from '../core/role.ts';

export interface MyAwsSessionsParts {
  readonly handOuts: Pick<HandOuts, 'aliveOf'>;
  readonly clock: Clock;
  readonly accounts: readonly Account[];
}

/** With the details of the account as they are configured now. */
export interface MyAwsSession extends AwsSessions {
  readonly details?: AccountDetails | undefined;
}

export interface AliveAwsSessions {
  /** The newest hand-out first. */
  readonly sessions: readonly MyAwsSession[];
  /** False if the user has so many recent events that older sessions can be missing. */
  readonly isComplete: boolean;
}

export interface MyAwsSessions {
  list(requester: AuthenticatedRequester): Promise<AliveAwsSessions>;
}

export function createMyAwsSessions({
  handOuts,
  clock,
  accounts,
}: MyAwsSessionsParts): MyAwsSessions {
  const details = new Map<AccountId, AccountDetails | undefined>(
    accounts.map(account => [account.id, account.details]),
  );
  return {
    list: async ({ subject }) => {
      const now = clock.now();
      const found = await handOuts.aliveOf(subject.identity.person, now);
      const sessions = awsSessionsIn(found.handOuts, now).map(session => ({
        ...session,
        details: details.get(session.account),
      }));
      return { sessions, isComplete: found.isComplete };
    },
  };
}
