/**
 * MFA in API calls (IAM User Guide, "Configuring MFA-protected API access"): whether SerialNumber
 * and TokenCode are of a device of the calling user. A code works once, and no older one after it.
 */
import type { IamUser } from './iam-users.ts';
import { StsError } from './sts-error.ts';
import { matchingStep } from './totp.ts';

interface MfaParameters {
  readonly SerialNumber: string | undefined;
  readonly TokenCode: string | undefined;
}

export interface Mfa {
  /**
   * When the caller passed MFA in this call, as epoch milliseconds; undefined if the call has no
   * MFA parameters. `user` is undefined for a role session. Throws `StsError` AccessDenied.
   */
  verify(user: IamUser | undefined, parameters: MfaParameters): number | undefined;
}

export function createMfa(now: () => number): Mfa {
  /** The step of the last code that each device was accepted with. */
  const lastSteps = new Map<string, number>();
  return {
    verify: (user, { SerialNumber: serial, TokenCode: code }) => {
      if (serial === undefined && code === undefined) return undefined;
      if (serial === undefined || code === undefined)
        throw failed(
          ', must provide both MFA serial number and one time pass code.',
          'SerialNumber or TokenCode is missing',
        );
      const device = user?.mfaDevices.find(({ arn }) => arn === serial);
      if (device === undefined)
        // The two blanks are in the original.
        throw failed(
          ', unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
          user === undefined ? 'a role session has no MFA device' : 'no such device of this user',
        );
      const afterStep = lastSteps.get(device.arn) ?? -1;
      const at = now();
      const step = matchingStep(device.seed, code, { now: at, afterStep });
      if (step === undefined) {
        const wasValid = matchingStep(device.seed, code, { now: at, afterStep: -1 }) !== undefined;
        // The blank at the end is in the original.
        throw failed(
          ' with invalid MFA one time pass code. ',
          wasValid ? 'the code was used before, or a later one was' : 'the code is wrong',
        );
      }
      lastSteps.set(device.arn, step);
      return at;
    },
  };
}

function failed(ending: string, reason: string): StsError {
  return new StsError('AccessDenied', `MultiFactorAuthentication failed${ending}`, reason);
}
