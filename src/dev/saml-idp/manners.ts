/**
 * How the identity provider treats requests for another authentication. It is correct by default;
 * tests change the fields while it runs, and the next request meets the change.
 */

/** A status of SAML core 3.2.2.2 for which a sign-in fails. */
export type Fault =
  | 'AuthnFailed'
  | 'InvalidNameIDPolicy'
  | 'NoAuthnContext'
  | 'NoPassive'
  | 'RequestDenied';

export interface SamlStepUpManners {
  /**
   * RequestedAuthnContext: `ignored` does not read it, `weaker` signs in and states a password
   * alone whatever was proved, `refused` answers with the refusal.
   */
  authnContext: 'honoured' | 'ignored' | 'weaker' | 'refused';
  /** `refused` answers with the refusal. */
  forceAuthn: 'honoured' | 'ignored' | 'refused';
  /** AuthnInstant: `stale` keeps that of the first sign-in of a browser. */
  authnInstant: 'new' | 'stale';
  readonly refusal: { fault: Fault; message: string | undefined };
}

export function goodStepUpManners(): SamlStepUpManners {
  return {
    authnContext: 'honoured',
    forceAuthn: 'honoured',
    authnInstant: 'new',
    refusal: { fault: 'NoAuthnContext', message: undefined },
  };
}
