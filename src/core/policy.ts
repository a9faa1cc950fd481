/**
 * Who gets which role, and why. Pure: a compiled policy, an identity and the circumstances give an answer with its reasons.
 */

import type { Account, AccountId, RoleArn, RoleName } from './role.ts';
import type { SessionSettings } from './session.ts';
import type { Seconds } from './time.ts';

/** What a person must prove beyond being in a group. */
export interface Requirements {
  readonly multiFactor: boolean;
  readonly authenticatedWithinSeconds?: Seconds | undefined;
  /** CIDR blocks, one of which must hold the caller's address; empty means anywhere. */
  readonly networks: readonly string[];
}

/** One rule of the configuration. It has `groups` or a `groupPattern`. */
export interface AccessRule {
  /** What people and auditors call it: the rule's own name, or `access[0]`. */
  readonly name: string;
  readonly groups: readonly string[];
  /** `aws-{account}-{role}`: the group's own name says what it grants. */
  readonly groupPattern?: string | undefined;
  /** Account ids; undefined means every account. */
  readonly accounts?: readonly AccountId[] | undefined;
  /** Empty only with a pattern that names the role. With a pattern, a bound on what it may name. */
  readonly roles: readonly RoleName[];
  readonly session: SessionSettings;
  readonly require: Requirements;
}

/** A role that a person may use now. */
export interface Entitlement {
  readonly account: Account;
  readonly role: RoleName;
  readonly arn: RoleArn;
  readonly rule: AccessRule;
  /** The person's group that matched. */
  readonly group: string;
}

/** A proof that a rule asks for and the person did not give. */
export type MissingProof =
  | { readonly proof: 'multi-factor' }
  | { readonly proof: 'authenticated-within'; readonly withinSeconds: Seconds; readonly ageSeconds: Seconds }
  | { readonly proof: 'network'; readonly networks: readonly string[]; readonly address: string };

/** What one rule said about one role. Groups are those that the rule names; nobody's membership but the person's own is in it. */
export type TraceStep =
  | { readonly rule: string; readonly outcome: 'grants'; readonly group: string }
  | { readonly rule: string; readonly outcome: 'proof-missing'; readonly group: string; readonly missing: readonly MissingProof[] }
  | { readonly rule: string; readonly outcome: 'group-missing'; readonly groups: readonly string[] };

/** Why a role was given or refused, in the order of the rules. No step means that no rule gives this role to anyone. */
export interface DecisionTrace {
  /** As asked for. */
  readonly account: string;
  readonly role: string;
  readonly outcome: 'granted' | 'refused';
  readonly steps: readonly TraceStep[];
}
