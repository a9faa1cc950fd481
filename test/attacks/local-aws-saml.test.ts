/**
 * The local AWS takes the SAML responses with which the bridge is attacked: each is rejected as AWS
 * rejects it, and never gives a session that the genuine response does not give.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { encode } from '../support/saml-forge.ts';
import { HOSTILE } from './hostile-documents.ts';
import { startFederatedAws } from './local-aws-federation.ts';
import { mutate } from './local-aws-mutation.ts';
import { MUTATIONS } from './mutations.ts';
import { wrappings } from './wrappings.ts';

const aws = await startFederatedAws();
const { forge, genuineForBob } = aws;
after(() => aws.running.close());

test('accepts the genuine response', async () => {
  const good = forge.xml(undefined);
  assert.equal(await aws.accepts(encode(good), good), true);
  assert.equal(await aws.accepts(encode(genuineForBob('_id').xml), genuineForBob('_id').xml), true);
});

for (const [what, hostile] of HOSTILE)
  test(`rejects hostile XML: ${what}`, async () => {
    const good = forge.xml('_request');
    // White space in base64 is none that counts, and a mark in front is none that XML forbids.
    const harmless = ['base64 with a space', 'a byte order mark'].includes(what);
    assert.equal(await aws.accepts(hostile(good), good), harmless);
  });

for (const [what, forged] of wrappings(forge, genuineForBob))
  test(`rejects a wrapped response: ${what}`, async () => {
    assert.equal(await aws.accepts(encode(forged('_id')), genuineForBob('_id').xml), false);
  });

const ROUNDS = 25;
for (const what of Object.keys(MUTATIONS))
  test(`never gives another session to a mutated response: ${what}`, async () => {
    const accepted = await mutate(aws, what, { rounds: ROUNDS, seed: 1 });
    assert.ok(accepted < ROUNDS / 2, `${accepted} of ${ROUNDS} were accepted`);
  });
