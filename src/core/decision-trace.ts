/** What a decision says of itself: which rule gave a role, or which group or proof was missing. */
import type { ConnectorId } from './identity.ts';
import type { Seconds } from './time.ts';

/** A proof that a rule asks for and the person did not give. */
export type MissingProof =
  | { readonly proof: 'multi-factor' }
  | {
      readonly proof: 'authenticated-within';
      readonly withinSeconds: Seconds /** Undefined when the identity provider did not say. */;
      readonly ageSeconds?: Seconds | undefined;
    }
  | { readonly proof: 'network'; readonly networks: readonly string[]; readonly address: string };

/**
 * What one rule said about one role. Groups are those that the rule names; nobody's membership but
 * the person's own is in it.
 */
export type TraceStep =
  | { readonly rule: string; readonly outcome: 'grants'; readonly group: string }
  | {
      readonly rule: string;
      readonly outcome: 'proof-missing';
      readonly group: string;
      readonly missing: readonly MissingProof[];
    }
  | { readonly rule: string; readonly outcome: 'group-missing'; readonly groups: readonly string[] }
  /** The rule takes groups of `connectors` only, and the user signed in with `connector`. */
  | {
      readonly rule: string;
      readonly outcome: 'connector-mismatch';
      readonly connectors: readonly ConnectorId[];
      readonly connector: ConnectorId;
    };

/**
 * Why a role was given or refused, in the order of the rules. No step means that no rule gives this
 * role to anyone.
 */
export interface DecisionTrace {
  /** As asked for. */
  readonly account: string;
  readonly role: string;
  readonly outcome: 'granted' | 'refused';
  readonly steps: readonly TraceStep[];
}
