/**
 * What a rule requires beyond membership of a group: one row for each requirement, with its check
 * and its sentences.
 */
import ipaddr from 'ipaddr.js';
import type { Authentication, Identity } from './identity.ts';
import { listed } from './listed.ts';
import { formatAge, formatDuration, type Instant, type Seconds } from './time.ts';
import {
  APPROVAL_NAMES,
  APPROVAL_SENTENCES,
  APPROVAL_STEPS,
  type UnmetApproval,
} from './unmet-approval.ts';

/** The requirements of a rule, by the keys of `require` in the configuration. */
export interface Requirements {
  readonly mfa: boolean;
  /** The longest time since the authentication; undefined means any time. */
  readonly authenticatedWithin?: Seconds | undefined;
  /** CIDR blocks, one of which must contain the address of the request; empty means anywhere. */
  readonly networks: readonly string[];
}

/** A requirement of a rule that the user does not meet. */
export type UnmetRequirement =
  | { readonly requirement: 'multi-factor' }
  | {
      readonly requirement: 'authenticated-within';
      readonly withinSeconds: Seconds;
      /** Undefined when the identity provider did not say. */
      readonly ageSeconds?: Seconds | undefined;
    }
  | {
      readonly requirement: 'network';
      readonly networks: readonly string[];
      readonly address: string;
    }
  | UnmetApproval;

/** What a decision depends on besides the user. */
export interface Circumstances {
  readonly now: Instant;
  readonly address: string;
}

/** Requirements with their networks parsed. Rules with equal requirements share one object. */
export interface CompiledRequirements extends Requirements {
  readonly blocks: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];
}

type Kind = UnmetRequirement['requirement'];

/** What an identity provider is asked for. */
export interface Ask {
  readonly multiFactor?: boolean;
  readonly withinSeconds?: Seconds;
}

interface RequirementRow<Unmet> {
  /** What the provider is asked for by a rule; undefined if no sign-in can meet the requirement. */
  readonly ask?: (required: Requirements) => Ask;
  /**
   * Undefined when the user meets it, or the rule does not have it. A row without it is about one
   * role, and not about the rule: the policy checks it.
   */
  readonly check?: (
    required: CompiledRequirements,
    identity: Pick<Identity, 'authentication'>,
    circumstances: Circumstances,
  ) => Unmet | undefined;
  /** Says what is missing. */
  readonly explain: (unmet: Unmet) => string;
  /** Says what the user can do. */
  readonly nextStep: (unmet: Unmet) => string;
  /** Names what is missing, for operators: `MFA`. */
  readonly name: (unmet: Unmet) => string;
}

const REQUIREMENTS: {
  readonly [K in Kind]: RequirementRow<Extract<UnmetRequirement, { requirement: K }>>;
} = {
  'multi-factor': {
    ask: ({ mfa }) => ({ multiFactor: mfa }),
    check: ({ mfa }, { authentication }) =>
      mfa && !authentication.multiFactor ? { requirement: 'multi-factor' } : undefined,
    explain: () => 'It requires a sign-in with a second factor, and your sign-in had none.',
    nextStep: () => 'Sign in again and use your second factor.',
    name: () => 'MFA',
  },
  'authenticated-within': {
    ask: ({ authenticatedWithin: withinSeconds }) =>
      withinSeconds === undefined ? {} : { withinSeconds },
    check: ({ authenticatedWithin: withinSeconds }, { authentication: { at } }, { now }) => {
      if (withinSeconds === undefined) return undefined;
      const ageSeconds = at === undefined ? undefined : Math.max(0, Math.floor((now - at) / 1000));
      if (ageSeconds !== undefined && ageSeconds <= withinSeconds) return undefined;
      return { requirement: 'authenticated-within', withinSeconds, ageSeconds };
    },
    explain: ({ withinSeconds, ageSeconds }) =>
      `It requires a sign-in of the last ${formatDuration(withinSeconds)}, and ${
        ageSeconds === undefined
          ? 'your identity provider did not say when yours was'
          : `yours was ${formatAge(ageSeconds)} ago`
      }.`,
    nextStep: () => 'Sign in again: your identity provider will ask you to authenticate.',
    name: ({ withinSeconds }) => `sign-in within ${formatDuration(withinSeconds)}`,
  },
  network: {
    check: ({ networks, blocks }, _identity, { address }) =>
      networks.length > 0 && !isInside(address, blocks)
        ? { requirement: 'network', networks, address }
        : undefined,
    explain: ({ networks, address }) =>
      `It can be used only from ${networks.join(', ')}, and your address is ${address}.`,
    nextStep: ({ networks }) =>
      `Your network is not allowed. Connect to an allowed one (${listed(networks)}), for example by VPN, then try again.`,
    name: ({ networks }) => `network ${listed(networks)}`,
  },
  approval: {
    explain: unmet => (APPROVAL_SENTENCES[unmet.state] as (of: UnmetApproval) => string)(unmet),
    nextStep: ({ state }) => APPROVAL_STEPS[state],
    name: unmet => (APPROVAL_NAMES[unmet.state] as (of: UnmetApproval) => string)(unmet),
  },
};

const ROWS = Object.values(REQUIREMENTS) as readonly RequirementRow<UnmetRequirement>[];

function rowOf(unmet: UnmetRequirement): RequirementRow<UnmetRequirement> {
  return REQUIREMENTS[unmet.requirement] as RequirementRow<UnmetRequirement>;
}

/** Returns a sentence that says what is missing. */
export function explainRequirement(unmet: UnmetRequirement): string {
  return rowOf(unmet).explain(unmet);
}

/** Returns a sentence that says what the user can do. */
export function nextStepAgainst(unmet: UnmetRequirement): string {
  return rowOf(unmet).nextStep(unmet);
}

/** Returns what is missing in a few words: `MFA`. */
export function requirementName(unmet: UnmetRequirement): string {
  return rowOf(unmet).name(unmet);
}

/** Everything that a rule requires of a session, as if it proved nothing. */
export function requiredBy(require: Requirements): readonly UnmetRequirement[] {
  const authentication = { methods: [], multiFactor: false };
  const compiled = requirementsCompiler()(require);
  return requirementChecker({ authentication }, { now: 0, address: '' })(compiled);
}

/** Whether another sign-in of the user can meet the requirement. */
export function isProof(unmet: UnmetRequirement): boolean {
  return rowOf(unmet).ask !== undefined;
}

/** What an identity provider is asked for by all requirements that a sign-in can meet. */
export function askOf(required: Requirements): Ask {
  return Object.assign({}, ...ROWS.map(row => row.ask?.(required))) as Ask;
}

/** What an authentication does not prove of these requirements, by the rows of the policy. */
export function unmetProofs(
  required: Pick<Requirements, 'mfa' | 'authenticatedWithin'>,
  authentication: Authentication,
  now: Instant,
): readonly UnmetRequirement[] {
  const proofs = { ...required, networks: [], blocks: [] };
  return ROWS.flatMap(row => row.check?.(proofs, { authentication }, { now, address: '' }) ?? []);
}

/** Compiles the requirements of many rules; equal ones come out as one object. */
export function requirementsCompiler(): (require: Requirements) => CompiledRequirements {
  const known = new Map<string, CompiledRequirements>();
  return require => {
    const text = JSON.stringify(require);
    const compiled = known.get(text) ?? { ...require, blocks: require.networks.map(parseNetwork) };
    known.set(text, compiled);
    return compiled;
  };
}

/** Finds what a user does not meet; requirements that rules share are checked once. */
export function requirementChecker(
  identity: Pick<Identity, 'authentication'>,
  circumstances: Circumstances,
): (requirements: CompiledRequirements) => readonly UnmetRequirement[] {
  const known = new Map<CompiledRequirements, readonly UnmetRequirement[]>();
  return requirements => {
    const unmet =
      known.get(requirements) ??
      ROWS.flatMap(row => row.check?.(requirements, identity, circumstances) ?? []);
    known.set(requirements, unmet);
    return unmet;
  };
}

function parseNetwork(network: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  return ipaddr.parseCIDR(
    network.includes('/') ? network : `${network}/${network.includes(':') ? 128 : 32}`,
  );
}

function isInside(address: string, blocks: CompiledRequirements['blocks']): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return blocks.some(
    ([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits),
  );
}
