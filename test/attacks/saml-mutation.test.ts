/**
 * A good answer with something changed at random is refused, or is still the same person with no
 * more groups.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BridgeError } from '../../src/core/errors.ts';
import { forge, openConnector } from '../connectors/saml-fixture.ts';
import { chance, MUTATIONS } from './mutations.ts';

const acme = await openConnector();

const ROUNDS = 40;
for (const [seed, [what, mutate]] of Object.entries(MUTATIONS).entries()) {
  test(`a mutated Response never yields another identity: ${what}`, async () => {
    const { pick, at } = chance(seed + 1);
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const requestId = '_request';
      const good = forge.xml(requestId, {}, { response: round % 2 === 1 });
      const samlResponse = Buffer.from(mutate(good, pick, at)).toString('base64');
      try {
        const { identity } = await acme.complete(samlResponse, { protocol: 'saml', requestId });
        assert.equal(identity.subject, 'p-0001');
        assert.equal(identity.username, 'alice');
        assert.deepEqual(identity.groups, ['aws-admins', 'developers']);
      } catch (error) {
        assert.ok(
          error instanceof BridgeError &&
            ['saml_response_refused', 'idp_refused'].includes(error.code),
          String(error),
        );
        refused += 1;
      }
    }
    assert.ok(refused > ROUNDS / 2, `only ${refused} of ${ROUNDS} were refused`);

    const { identity } = await acme.signIn();
    assert.equal(identity.username, 'alice');
  });
}
