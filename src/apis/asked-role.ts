/** The role that a request names, and the errors that access throws for it. */
import * as z from 'zod';
import { AWS_ERRORS } from '../core/error-rows/aws.ts';
import type { ErrorCode } from '../core/errors.ts';
import { MAX_DURATION, MIN_DURATION } from '../core/session.ts';
import { text } from '../http/read.ts';

export const AskedRole = z.object({
  account: text(128).min(1).describe('Name or id of an account'),
  role: text(512).min(1).describe('Name of a role, with its path where it has one'),
});

export const AskedSession = AskedRole.extend({
  // Another length is refused by its own code, with the limits of the role.
  duration_seconds: z.int().optional().meta({
    description:
      'Length of the session: at most what the rule gives, which is the default. Any other is `duration_refused`.',
    minimum: MIN_DURATION,
    maximum: MAX_DURATION,
  }),
});

export const ACCESS_ERRORS = [
  'access_denied',
  'proof_missing',
  'approval_missing',
  'role_not_for_device_login',
  'role_not_for_application',
] as const satisfies readonly ErrorCode[];
/** Of the call to AWS or to an account's own STS. */
export const AWS_ERROR_CODES = Object.keys(AWS_ERRORS) as readonly (keyof typeof AWS_ERRORS)[];
export const HANDOUT_ERRORS = [
  ...ACCESS_ERRORS,
  'session_settings_invalid',
  'corporate_proof_missing',
  ...AWS_ERROR_CODES,
] as const satisfies readonly ErrorCode[];
/** What a workload can be denied with, in addition. */
export const WORKLOAD_ERRORS = [
  'workload_refused',
  'workload_blocked',
  'workload_unavailable',
  'workload_role_denied',
  'proof_used',
] as const satisfies readonly ErrorCode[];
