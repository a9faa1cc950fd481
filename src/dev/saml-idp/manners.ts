/**
 * How the identity provider treats requests for another authentication. It is correct by default;
 * tests change the fields while it runs, and the next request meets the change.
 */

import type { CipherName } from './encryption.ts';

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

/** What protects the assertion on its way. The assertion itself is always signed. */
export interface SamlProtection {
  /**
   * The cipher of assertions: `published` is the first in the service provider's metadata that is
   * known here, another is used whatever the metadata says. Undefined encrypts nothing.
   */
  encrypts: 'published' | CipherName | undefined;
  /** Signs the Response around the assertion, too. */
  signsResponse: boolean;
}

export function goodStepUpManners(): SamlStepUpManners {
  return {
    authnContext: 'honoured',
    forceAuthn: 'honoured',
    authnInstant: 'new',
    refusal: { fault: 'NoAuthnContext', message: undefined },
  };
}
