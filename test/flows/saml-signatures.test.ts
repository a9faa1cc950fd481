import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { button, callerOf, credentialsOn } from '../support/handout.ts';
import { useWorld, type World } from '../support/world.ts';

/** What the bridge signs for prod, whose hub role also leads to partner. */
const signing = (signatures: string) =>
  useWorld({
    configure: yaml =>
      yaml.replace('name: prod, trust: saml,', `name: prod, trust: saml, ${signatures}`),
  });

describe('an account that trusts SAML assertions of the bridge', () => {
  const CASES = [
    ['samlSignatures: assertion,', 1],
    ['samlSignatures: both,', 2],
    ['', 2],
  ] as const;
  for (const [signatures, count] of CASES)
    describe(signatures === '' ? 'without samlSignatures' : `with ${signatures}`, () => {
      const world = signing(signatures);

      it(`gives its role for a response with signatures: ${count}`, async () => {
        const { visitor, page } = await world.signIn('bob', 'saml');
        const handedOut = await visitor.submit(page, button('Credentials', 'prod', 'Developer'));
        assert.match(
          await callerOf(world.urls.aws, credentialsOn(handedOut)),
          /:assumed-role\/Developer\/bob-/,
        );
        assert.equal(signaturesOf(world), count);
      });

      it('gives its hub role for such a response', async () => {
        const { visitor, page } = await world.signIn('alice', 'saml');
        const handedOut = await visitor.submit(page, button('Credentials', 'partner', 'Auditor'));
        assert.match(
          await callerOf(world.urls.aws, credentialsOn(handedOut)),
          /:assumed-role\/Auditor\/alice-/,
        );
        assert.equal(signaturesOf(world), count);
      });
    });
});

/** How many signatures the newest SAML response has. */
function signaturesOf({ toAws }: World): number {
  const { form } = toAws.findLast(({ form: sent }) => sent.has('SAMLAssertion'))!;
  const xml = Buffer.from(form.get('SAMLAssertion')!, 'base64').toString('utf8');
  return xml.match(/<ds:Signature /g)!.length;
}
