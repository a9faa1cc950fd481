/**
 * The attempt that an answer names: consumed before anything of the answer is believed, and the way
 * back if nothing comes of it.
 *
 * Owns: that an answer belongs to a sign-in of this browser, at this connector. Does not own: what
 * the answer says (sign-in-answer).
 */
import { BridgeError } from '../core/errors.ts';
import { isTrusted } from '../core/identity.ts';
import type { Clock, Connector, Secrets, SignInAttempts } from '../core/ports.ts';
import type { AuthenticationResponse, PastAttempt, SignInAttempt } from '../core/sign-in.ts';

export interface AttemptParts {
  readonly attempts: SignInAttempts;
  readonly secrets: Secrets;
  readonly clock: Clock;
}

/** What an answer says of its attempt. */
export interface AttemptAnswer {
  /** `state` or `RelayState` as it came back. */
  readonly attemptId: string | undefined;
  /** The secret of the attempt cookie; undefined when the browser sent none. */
  readonly browser: string | undefined;
  readonly response: AuthenticationResponse;
}

/**
 * Throws `connector_unknown`, which is not recorded as a refused sign-in: the address was mistyped
 * or guessed.
 */
export function connectorNamed(
  { byId }: { readonly byId: ReadonlyMap<string, Connector> },
  id: string,
  wayBack: { readonly returnTo?: string } = {},
): Connector {
  const connector = byId.get(id);
  if (connector === undefined)
    throw new BridgeError('connector_unknown', 'unknown connector', wayBack);
  return connector;
}

/**
 * The attempt of an answer, consumed. Undefined for an unsolicited answer, where the connector
 * accepts them. Throws `attempt_invalid`, `cookie_missing`, and `attempt_expired` with the way back
 * for an attempt of this browser that was answered before or has expired.
 */
export async function consumeAttempt(
  { attempts, secrets, clock }: AttemptParts,
  connector: Connector,
  { attemptId, browser, response }: AttemptAnswer,
): Promise<SignInAttempt | undefined> {
  if (attemptId === undefined) return withoutAttempt(connector, response);
  const attempt = await attempts.consume(attemptId, clock.now());
  if (attempt === undefined) {
    const past = await attempts.past(attemptId, clock.now());
    if (past === undefined) return withoutAttempt(connector, response, attemptId);
    requireHere(past, connector, { browser, secrets });
    throw pastAttempt(past);
  }
  requireConnector(attempt, connector);
  // Before anything of the answer is used: a code of one provider must not be sent to another.
  if (!isTrusted(attempt.source, connector.source()))
    throw new BridgeError('attempt_invalid', STARTED_ELSEWHERE);
  requireHere(attempt, connector, { browser, secrets });
  return attempt;
}

type Begun = Pick<SignInAttempt, 'connector' | 'browser'>;

function requireConnector(attempt: Begun, connector: Connector): void {
  if (attempt.connector !== connector.id)
    throw new BridgeError('attempt_invalid', 'the sign-in was started at another connector');
}

/** Throws `attempt_invalid`, `cookie_missing`. */
function requireHere(
  attempt: Begun,
  connector: Connector,
  { browser, secrets }: { readonly browser: string | undefined; readonly secrets: Secrets },
): void {
  requireConnector(attempt, connector);
  if (browser === undefined)
    throw new BridgeError('cookie_missing', 'the browser sent no attempt cookie');
  if (!secrets.equal(attempt.browser, browser))
    throw new BridgeError('attempt_invalid', 'the sign-in was started in another browser');
}

/** Undefined for an unsolicited answer that the connector accepts. */
function withoutAttempt(
  connector: Connector,
  response: AuthenticationResponse,
  attemptId?: string,
): undefined {
  if (connector.acceptsUnsolicited && response.protocol === 'saml') return undefined;
  if (attemptId !== undefined)
    throw new BridgeError(
      'attempt_invalid',
      'unknown sign-in attempt: never started here, or more than an hour ago',
    );
  throw new BridgeError(
    'attempt_invalid',
    'the response names no sign-in attempt; an unsolicited response requires allowUnsolicited',
    {
      hint: 'Start at the sign-in page of this bridge instead of the page of your identity provider.',
    },
  );
}

export const STARTED_ELSEWHERE =
  'the sign-in was started at another identity provider than the connector trusts now';

// ---------------------------------------------------------------- the way back

const ENDED = {
  answered: {
    why: 'the sign-in attempt was answered before',
    hint: 'This sign-in was used before, and you are not signed in now. Sign in again.',
  },
  expired: {
    why: 'the sign-in attempt has expired',
    hint: 'A sign-in must be finished within ten minutes. Sign in again.',
  },
} as const satisfies Record<PastAttempt['ended'], object>;

/** An expired step-up leads back to its page, because it has proved nothing. */
function pastAttempt({ ended, returnTo, page }: PastAttempt): BridgeError {
  const { why, hint } = ENDED[ended];
  const wanted = ended === 'expired' ? (page ?? returnTo) : returnTo;
  return new BridgeError('attempt_expired', why, { hint, returnTo: wanted });
}

/**
 * The error with the way back to what the user wanted: by another sign-in, or by the page of a
 * step-up or test, beside which the session continues.
 */
export function withWayBack(
  error: BridgeError,
  { returnTo, purpose }: Pick<SignInAttempt, 'returnTo' | 'purpose'>,
): BridgeError {
  if (purpose === undefined) return error.with({ returnTo });
  const page = purpose.kind === 'step-up' ? purpose.page : returnTo;
  if (error.retryAt !== undefined || error.offers !== 'sign-in')
    return error.with({ returnTo: page });
  return error.with({ offers: 'retry', retryAt: page });
}
