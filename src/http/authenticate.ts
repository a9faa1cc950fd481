/**
 * Where an answer of an identity provider becomes a verified sign-in. The only file that touches
 * passport.
 *
 * passport 0.7 writes `success`, `fail` and `error` onto the strategy that it is handed. A strategy
 * shared by two requests in flight gives one user the other's identity, so each request gets an
 * object of its own.
 */
import type { Request, Response } from 'express';
import passport from 'passport';
import { BridgeError } from '../core/errors.ts';
import type { Connector } from '../core/ports.ts';
import type { AuthenticationResponse, Expectation, VerifiedSignIn } from '../core/sign-in.ts';

/**
 * A connector as a passport strategy: one object for each connector, never handed to passport
 * itself.
 */
class ConnectorStrategy extends passport.Strategy {
  override readonly name = 'connector';
  readonly #connector: Connector;

  constructor(connector: Connector) {
    super();
    this.#connector = connector;
  }

  /** A strategy for one request: its own object, so that passport's writes stay with it. */
  forRequest(
    response: AuthenticationResponse,
    expectation: Expectation | undefined,
  ): passport.Strategy {
    const connector = this.#connector;
    const own = Object.create(this) as passport.StrategyCreated<passport.Strategy>;
    own.authenticate = () => {
      connector.complete(response, expectation).then(
        verified => own.success(verified as unknown as Express.User),
        (thrown: unknown) => own.error(thrown),
      );
    };
    return own;
  }
}

const strategies = new WeakMap<Connector, ConnectorStrategy>();

/** Throws what the connector throws. */
export function authenticate(
  connector: Connector,
  answer: {
    readonly response: AuthenticationResponse;
    readonly expectation: Expectation | undefined;
  },
): Promise<VerifiedSignIn> {
  const strategy = strategies.get(connector) ?? new ConnectorStrategy(connector);
  strategies.set(connector, strategy);
  return new Promise((resolve, reject) => {
    const middleware = passport.authenticate(
      strategy.forRequest(answer.response, answer.expectation),
      { session: false },
      (error: unknown, verified: unknown) => {
        if (error) reject(error);
        else if (verified) resolve(verified as VerifiedSignIn);
        else
          reject(
            new BridgeError(
              'internal',
              `the connector ${connector.id} neither accepted nor refused`,
            ),
          );
      },
    );
    // The strategy has what it verifies; passport wants an object to write on, too.
    middleware({} as Request, {} as Response, reject);
  });
}
