/** A sign-in, from its attempt to the verified answer of the identity provider. */
import type { BridgeError } from './errors.ts';
import type { ConnectorId, Identity, IdentitySource, PersonId } from './identity.ts';
import type { StepUpWish } from './step-up.ts';
import { type Instant, MINUTE, type Seconds } from './time.ts';

/** What the answer of the identity provider must match. */
export type Expectation =
  | { readonly protocol: 'saml'; readonly requestId: string }
  | {
      readonly protocol: 'oidc';
      readonly nonce: string;
      readonly codeVerifier: string;
      /** The client that the code is for; undefined in attempts of earlier versions. */
      readonly clientId?: string | undefined;
    };

/** The same user proves more. */
export interface StepUpPurpose {
  readonly kind: 'step-up';
  readonly person: PersonId;
  readonly connector: ConnectorId;
  readonly username: string;
  readonly wish: StepUpWish;
  /** The public id of the terminal that it is for. */
  readonly cliSession?: string | undefined;
  /** The page that began it, for another try. A local path. */
  readonly page: string;
}

/** What an attempt is for, unless it is a plain sign-in. */
export type AttemptPurpose =
  | StepUpPurpose
  /** An administrator looks at what the provider says. No session is opened. */
  | { readonly kind: 'test'; readonly person: PersonId };

/** How long a user may take at their identity provider. */
export const ATTEMPT_SECONDS: Seconds = 10 * MINUTE;
/**
 * How long after its begin the bridge knows where a sign-in led, also if it was answered or has
 * expired.
 */
export const ATTEMPT_MEMORY_SECONDS: Seconds = 70 * MINUTE;

/** A begun sign-in: state, nonce, verifier and RelayState in one record that is consumed once. */
export interface SignInAttempt {
  /** OAuth `state` and SAML `RelayState`. A secret: the store keeps its hash only. */
  readonly id: string;
  readonly connector: ConnectorId;
  /** The identity provider that the browser was sent to; an answer of another one is rejected. */
  readonly source: IdentitySource;
  /** The secret in the attempt cookie of the browser that began it. */
  readonly browser: string;
  /** A local path, checked. */
  readonly returnTo: string;
  readonly expectation: Expectation;
  /** Undefined for a plain sign-in. */
  readonly purpose?: AttemptPurpose | undefined;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

/** What is remembered of an attempt that was answered or has expired. Nothing can answer it. */
export interface PastAttempt extends Pick<SignInAttempt, 'connector' | 'browser' | 'returnTo'> {
  readonly ended: 'answered' | 'expired';
  /** The page that began it, if it was a step-up. A local path. */
  readonly page?: string | undefined;
}

/** How a browser asks the identity provider for a sign-in. */
export type AuthenticationRequest =
  | { readonly binding: 'redirect'; readonly url: string }
  /** A form that the browser posts to `url`. */
  | {
      readonly binding: 'post';
      readonly url: string;
      readonly fields: Readonly<Record<string, string>>;
    };

/** The answer of an identity provider as it came through the browser, unverified. */
export type AuthenticationResponse =
  | { readonly protocol: 'saml'; readonly samlResponse: string }
  | { readonly protocol: 'oidc'; readonly parameters: URLSearchParams };

/**
 * The user's own token or SAML response from their identity provider, for accounts that trust that
 * provider directly. A secret.
 */
export type CorporateProof =
  | { readonly kind: 'id-token'; readonly token: string; readonly expiresAt: Instant }
  | { readonly kind: 'saml-response'; readonly samlResponse: string; readonly expiresAt: Instant }
  /** No proof: the response was encrypted for this bridge, so AWS cannot read it. */
  | { readonly kind: 'encrypted-response'; readonly expiresAt: Instant };

/**
 * What an identity provider sent, for the operator's log: names of claims or attributes, never a
 * value.
 */
export interface ReceivedClaims {
  /** Sorted and capped. */
  readonly names: readonly string[];
  /** What the identity lacks although it came, and why: `email has 2 different values`. */
  readonly leftOut: readonly string[];
  /** The setting that the form of the groups suggests: `groupSeparator: ","`. */
  readonly suggestion?: string | undefined;
}

export interface VerifiedSignIn {
  readonly identity: Identity;
  readonly received: ReceivedClaims;
  /** SAML `SessionNotOnOrAfter`: the bridge's session ends no later. */
  readonly sessionNotAfter?: Instant | undefined;
  /** Set when the connector keeps it for accounts that need it. */
  readonly corporateProof?: CorporateProof | undefined;
  /** The user's session at an OpenID provider. */
  readonly providerSession?: ReceivedProviderSession | undefined;
  /** The assertion's id, for one-time use; absent where the protocol's code is one-time already. */
  readonly assertion?: { readonly id: string; readonly expiresAt: Instant } | undefined;
}

/** A verified answer as an administrator looks at it, whether or not a user can be made of it. */
export interface InspectedSignIn {
  readonly source: IdentitySource;
  /** Everything that came, by name; secrets of the protocol are left out. */
  readonly claims: readonly ReceivedClaim[];
  /** The identity, or why none could be made. */
  readonly outcome: { readonly verified: VerifiedSignIn } | { readonly incomplete: BridgeError };
  readonly assertion?: VerifiedSignIn['assertion'];
  /** Was issued for this sign-in and is not kept. A secret. */
  readonly refreshToken?: string | undefined;
}

/** A claim or attribute with its values as text, for a page. */
export interface ReceivedClaim {
  readonly name: string;
  readonly values: readonly string[];
}

/** What an OpenID provider says of its own session. Secrets. */
export interface ReceivedProviderSession {
  readonly sid?: string | undefined;
  readonly idToken: string;
  readonly refreshToken?: string | undefined;
}

export type Availability =
  /** It is being asked for the first time; a sign-in waits for the outcome. */
  | { readonly state: 'starting' }
  | { readonly state: 'ready' }
  /** `reason` is safe for a page: it names what failed and never contains a secret. */
  | { readonly state: 'unavailable'; readonly reason: string; readonly since: Instant };
