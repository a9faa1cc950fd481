import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import express, { type Request, type Response } from 'express';
import passport from 'passport';
import { BridgeError } from '../../src/core/errors.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import type { Connector } from '../../src/core/ports.ts';
import type { AuthenticationResponse, VerifiedSignIn } from '../../src/core/sign-in.ts';
import { authenticate } from '../../src/http/authenticate.ts';
import { person } from '../support/people.ts';

type Outcome = { readonly username: string } | { readonly refusal: BridgeError };

/** A connector that answers when a test says so, and what it says. */
class HeldConnector implements Connector {
  readonly id = 'held' as ConnectorId;
  readonly label = 'Held';
  readonly protocol = 'saml';
  readonly acceptsUnsolicited = false;
  readonly #held = new Map<string, (outcome: Outcome) => void>();
  readonly #waiting = new Map<string, () => void>();

  availability() {
    return { state: 'ready' } as const;
  }

  source() {
    return { issuer: 'https://held.example', trustedBy: 'https://held.example' };
  }

  begin(): never {
    throw new Error('no test begins here');
  }

  complete(response: AuthenticationResponse): Promise<VerifiedSignIn> {
    const name = response.protocol === 'saml' ? response.samlResponse : '';
    return new Promise((resolve, reject) => {
      this.#held.set(name, outcome => {
        if ('refusal' in outcome) reject(outcome.refusal);
        else
          resolve({
            identity: person({ username: outcome.username }),
            received: { names: [], leftOut: [] },
          });
      });
      this.#waiting.get(name)?.();
    });
  }

  inspect(): never {
    throw new Error('no test inspects here');
  }

  async close(): Promise<void> {}

  /** Resolves when the request of this name is in flight. */
  arrival(name: string): Promise<void> {
    return this.#held.has(name)
      ? Promise.resolve()
      : new Promise(resolve => this.#waiting.set(name, resolve));
  }

  answer(name: string, outcome: Outcome): void {
    this.#held.get(name)!(outcome);
  }
}

/**
 * The way that looks right: one strategy for each connector, handed to passport by every request.
 */
class SharedStrategy extends passport.Strategy {
  override readonly name = 'shared';
  readonly #connector: Connector;

  constructor(connector: Connector) {
    super();
    this.#connector = connector;
  }

  override authenticate(request: Request): void {
    this.#connector
      .complete({ protocol: 'saml', samlResponse: String(request.query.name) }, undefined)
      .then(
        verified => this.success(verified as unknown as Express.User),
        (thrown: unknown) => this.error(thrown),
      );
  }
}

describe('two sign-ins in flight at one connector', () => {
  const connector = new HeldConnector();
  const shared = new SharedStrategy(connector);
  let server: Server;
  let url: string;
  before(async () => {
    const app = express();
    app.get('/ours', async (request, response) => {
      const samlResponse = String(request.query.name);
      const verified = await authenticate(connector, {
        response: { protocol: 'saml', samlResponse },
        expectation: undefined,
      });
      response.send(verified.identity.username);
    });
    app.get('/naive', (request, response, next) => {
      passport.authenticate(
        shared,
        { session: false },
        (_error: unknown, verified: VerifiedSignIn) => {
          response.send(verified.identity.username);
        },
      )(request, response, next);
    });
    app.use((thrown: unknown, _request: Request, response: Response, _next: () => void) => {
      response
        .status(403)
        .send(thrown instanceof BridgeError ? thrown.message : 'something else was thrown');
    });
    server = createServer(app);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    return new Promise(resolve => server.close(resolve));
  });

  const send = async (path: string, name: string): Promise<{ answer: Promise<string> }> => {
    const arrived = connector.arrival(name);
    const answer = fetch(`${url}${path}?name=${name}`).then(response => response.text());
    // No request waits for an answer that never comes.
    answer.catch(() => undefined);
    await arrived;
    return { answer };
  };

  for (const order of [
    ['first', 'second'],
    ['second', 'first'],
  ] as const) {
    it(`each get their own identity when the ${order[0]} is verified first`, async () => {
      const [a, b] = [`a-${order[0]}`, `b-${order[0]}`];
      const requests = { first: await send('/ours', a), second: await send('/ours', b) };
      const names = { first: a, second: b };
      for (const which of order) {
        connector.answer(names[which], { username: `person of ${names[which]}` });
        assert.equal(await requests[which].answer, `person of ${names[which]}`);
      }
    });
  }

  it('a rejection reaches its own request, and the other one continues', async () => {
    const refused = await send('/ours', 'refused');
    const accepted = await send('/ours', 'accepted');
    connector.answer('refused', {
      refusal: new BridgeError('saml_response_refused', 'the signature is wrong'),
    });
    assert.equal(await refused.answer, 'the signature is wrong');
    connector.answer('accepted', { username: 'bob' });
    assert.equal(await accepted.answer, 'bob');
  });

  it('would be mixed up if passport got one strategy for both: the second gets the identity of the first', async () => {
    await send('/naive', 'victim');
    const attacker = await send('/naive', 'attacker');
    connector.answer('victim', { username: 'the victim' });
    assert.equal(await attacker.answer, 'the victim');
  });
});
