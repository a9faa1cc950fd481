/** How a decision came about: which rule gave a role, or which group or requirement was missing. */
import type { ConnectorId, LostGroup } from './identity.ts';
import type { UnmetRequirement } from './requirements.ts';

/**
 * What one rule said about one role. Groups are those that the rule names; of memberships, it
 * contains the user's own alone.
 */
export type TraceStep =
  | { readonly rule: string; readonly outcome: 'grants'; readonly group: string }
  | {
      readonly rule: string;
      readonly outcome: 'proof-missing';
      readonly group: string;
      readonly missing: readonly UnmetRequirement[];
    }
  | {
      readonly rule: string;
      readonly outcome: 'group-missing';
      readonly groups: readonly string[];
      /** The one of them that the user had at their sign-in and has lost last. */
      readonly lost?: LostGroup;
    }
  /** The rule takes groups of `connectors` only, and the user signed in with `connector`. */
  | {
      readonly rule: string;
      readonly outcome: 'connector-mismatch';
      readonly connectors: readonly ConnectorId[];
      readonly connector: ConnectorId;
    };

/**
 * Why a role was granted or denied, in the order of the rules. Without a step, no rule is known to
 * give this role to anyone.
 */
export interface DecisionTrace {
  /** As the requester named it. */
  readonly account: string;
  readonly role: string;
  readonly outcome: 'granted' | 'refused';
  readonly steps: readonly TraceStep[];
  /**
   * Without a step: the patterns of the user's connector whose groups can name any role. Such a
   * rule would also give a role that was invented, so it is no reason to ask for its group.
   */
  readonly patterns?: readonly string[] | undefined;
}
