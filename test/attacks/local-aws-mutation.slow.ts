/** The mutations of local-aws-saml.test.ts, in many more rounds; each run has other seeds. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, test } from 'node:test';
import { startFederatedAws } from './local-aws-federation.ts';
import { mutate } from './local-aws-mutation.ts';
import { MUTATIONS } from './mutations.ts';

const ROUNDS = 400;
const aws = await startFederatedAws();
after(() => aws.running.close());

for (const what of Object.keys(MUTATIONS))
  test(`never gives another session to a mutated response: ${what}`, async t => {
    const seed = randomInt(2 ** 31);
    t.diagnostic(`seed ${seed}`);
    const accepted = await mutate(aws, what, { rounds: ROUNDS, seed });
    assert.ok(accepted < ROUNDS / 2, `${accepted} of ${ROUNDS} were accepted`);
  });
