/**
 * Maximum session durations of roles. STS reveals them only by errors, which are kept for a while.
 */
import type { Clock } from '../core/ports.ts';
import type { RoleArn } from '../core/role.ts';
import { HOUR, type Instant, MINUTE, type Seconds } from '../core/time.ts';
import type { StsFailure } from './sts-client.ts';

export interface KnownLimits {
  /** The duration to request: an hour if more was rejected recently. */
  fitting(role: RoleArn, asked: Seconds): Seconds;
  /** Records that the role does not allow more than an hour. */
  learn(role: RoleArn): void;
}

/** Short, because an owner who has raised MaxSessionDuration tries it at once. */
const REMEMBERED: Seconds = 5 * MINUTE;
const MAX_ROLES = 1000;

export function createKnownLimits(clock: Clock): KnownLimits {
  const forgottenAt = new Map<RoleArn, Instant>();
  return {
    fitting: (role, asked) =>
      (forgottenAt.get(role) ?? 0) > clock.now() ? Math.min(asked, HOUR) : asked,
    learn: role => {
      forgottenAt.delete(role);
      // A Map keeps insertion order: the first one is the oldest.
      if (forgottenAt.size >= MAX_ROLES) forgottenAt.delete(forgottenAt.keys().next().value!);
      forgottenAt.set(role, clock.now() + REMEMBERED * 1000);
    },
  };
}

export function isOverRoleLimit({ code, said }: StsFailure): boolean {
  return code === 'ValidationError' && said.includes('MaxSessionDuration');
}
