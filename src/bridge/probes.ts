/**
 * Roles that `doctor` tries by the real call.
 *
 * Owns: the order "try, record, say", and the pause when STS throttles. The credentials are dropped
 * here: no caller gets them. Does not own: what is sent (core/probe), what a refusal means
 * (core/probe-finding).
 */
import type { Origin } from '../core/audit-event.ts';
import { BridgeError } from '../core/errors.ts';
import type { Clock, CredentialBroker } from '../core/ports.ts';
import { PROBE_SESSION, type Probe, requestOf } from '../core/probe.ts';
import { handOutDetails, openRole } from './hand-out.ts';
import type { Recorder } from './recorder.ts';

export interface ProbesParts {
  readonly broker: CredentialBroker;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

export type ProbeOutcome =
  | {
      readonly kind: 'opened';
      readonly packedPolicyPercent?: number | undefined;
      readonly tagsLeftOut: readonly string[];
    }
  | { readonly kind: 'refused'; readonly error: BridgeError };

export interface Probes {
  /** Throws `unavailable` if the audit trail does not keep the event: probe no more then. */
  run(probe: Probe, origin: Origin): Promise<ProbeOutcome>;
}

/** The broker repeats a throttled call shortly after; these pauses are for many accounts. */
const PAUSES_MILLISECONDS = [2_000, 8_000, 30_000] as const;

export function createProbes(parts: ProbesParts): Probes {
  return { run: (probe, origin) => run(parts, probe, origin) };
}

async function run(parts: ProbesParts, probe: Probe, origin: Origin): Promise<ProbeOutcome> {
  const { recorder, pause } = parts;
  for (const milliseconds of [...PAUSES_MILLISECONDS, undefined]) {
    const outcome = await attempt(parts, probe, origin);
    if (outcome.kind === 'opened') return outcome;
    const { code, message: why, aws } = outcome.error;
    if (aws?.isPassing === true && milliseconds !== undefined) {
      await pause(milliseconds);
      continue;
    }
    const { account, role, rules } = probe;
    await recorder.record(
      { origin },
      {
        type: 'role.probe-refused',
        ...{ account: account.id, accountName: account.name, role, rule: rules[0]! },
        ...{ sessionName: PROBE_SESSION, code, why },
      },
    );
    return outcome;
  }
  throw new Error('the last attempt returns');
}

async function attempt(
  { broker, recorder, clock }: ProbesParts,
  probe: Probe,
  origin: Origin,
): Promise<ProbeOutcome> {
  const { account, role, rules } = probe;
  try {
    const opened = await openRole(broker, requestOf(probe, clock.now()));
    const { packedPolicyPercent, tagsLeftOut, durationSeconds } = opened.assumed;
    const details = handOutDetails({ account, role, rule: { name: rules[0]! } }, opened);
    await recorder.record({ origin }, { type: 'role.probed', ...details, durationSeconds });
    return { kind: 'opened', packedPolicyPercent, tagsLeftOut };
  } catch (error) {
    if (error instanceof BridgeError && isOfProbe(error)) return { kind: 'refused', error };
    throw error;
  }
}

/** A trail that does not keep the event throws `unavailable`, which is no refusal. */
function isOfProbe({ code }: BridgeError): boolean {
  return /^(?:aws|sts)_/.test(code) || code === 'session_settings_invalid';
}
