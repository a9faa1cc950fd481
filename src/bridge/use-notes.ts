/** Notes which roles a user uses, so that pages can offer them first. */
import type { Entitlement } from '../core/access-rule.ts';
import type { Clock, RoleUses } from '../core/ports.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import { isTouchDue } from '../core/tokens.ts';

export interface UseNotes {
  /**
   * Notes that the role was handed out: once a minute at most, and at once if the region is another
   * one. `region` is where its console opens. Never rejects, because the hand-out has succeeded.
   */
  note(
    requester: AuthenticatedRequester,
    entitlement: Pick<Entitlement, 'account' | 'role'>,
    region?: string,
  ): Promise<void>;
}

export interface UseNotesParts {
  readonly roleUses: Pick<RoleUses, 'note'>;
  readonly clock: Clock;
}

/** Uses that this process noted in the last minute; beyond that the oldest are forgotten. */
const MOST_REMEMBERED = 20_000;

export function createUseNotes({ roleUses, clock }: UseNotesParts): UseNotes {
  const noted = new Map<string, number>();
  return {
    note: async ({ subject }, { account, role }, region) => {
      const { person } = subject.identity;
      const now = clock.now();
      const key = `${person} ${account.id} ${role} ${region ?? ''}`;
      if (!isTouchDue(noted.get(key), now)) return;
      noted.delete(key);
      noted.set(key, now);
      if (noted.size > MOST_REMEMBERED) noted.delete(noted.keys().next().value!);
      const use = { account: account.id, role, at: now, region };
      await roleUses.note(person, use).catch(() => noted.delete(key));
    },
  };
}
