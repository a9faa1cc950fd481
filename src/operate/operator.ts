/** The operator who runs a command, and the reason that they give. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { type Origin, recordable } from '../core/audit-event.ts';
import type { Options } from './command.ts';

const MAX_REASON = 256;

/** The operator, for audit events. */
export function originOf(): Origin {
  return {
    correlationId: randomUUID(),
    address: 'local',
    userAgent: recordable(`rolebridge-server, ${operatorName()}`, 128),
  };
}

/** As their system names them. The user of a container can have no name. */
export function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Throws an Error for a reason that is too long or contains control characters. */
export function reasonIn({ reason }: Options): string | undefined {
  if (reason === undefined) return undefined;
  if (reason.length > MAX_REASON || /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(reason))
    throw new Error(`--reason takes at most ${MAX_REASON} characters on one line`);
  return reason;
}
