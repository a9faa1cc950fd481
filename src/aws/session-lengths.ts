/**
 * Maximum session durations of roles. STS reveals them only by errors, which are kept for a while.
 */
import type { Clock } from '../core/ports.ts';
import type { RoleArn } from '../core/role.ts';
import { HOUR, type Instant, MINUTE, type Seconds } from '../core/time.ts';
import type { StsFailure } from './sts-client.ts';

export interface KnownLimits {
  /** The duration to request: an hour if as much or less was rejected recently. */
  fitting(role: RoleArn, asked: Seconds): Seconds;
  /** Records that the role does not allow as much. */
  learn(role: RoleArn, rejected: Seconds): void;
}

/** Short, because an owner who has raised MaxSessionDuration tries it at once. */
const REMEMBERED: Seconds = 5 * MINUTE;
const MAX_ROLES = 1000;

interface Rejected {
  readonly seconds: Seconds;
  readonly forgottenAt: Instant;
}

export function createKnownLimits(clock: Clock): KnownLimits {
  const rejected = new Map<RoleArn, Rejected>();
  return {
    fitting: (role, asked) => {
      const known = rejected.get(role);
      const isTooMuch =
        known !== undefined && known.forgottenAt > clock.now() && asked >= known.seconds;
      return isTooMuch ? Math.min(asked, HOUR) : asked;
    },
    learn: (role, seconds) => {
      rejected.delete(role);
      // A Map keeps insertion order: the first one is the oldest.
      if (rejected.size >= MAX_ROLES) rejected.delete(rejected.keys().next().value!);
      rejected.set(role, { seconds, forgottenAt: clock.now() + REMEMBERED * 1000 });
    },
  };
}

export function isOverRoleLimit({ code, said }: StsFailure): boolean {
  return code === 'ValidationError' && said.includes('MaxSessionDuration');
}
