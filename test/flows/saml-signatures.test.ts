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
  /** The second one is reached by the hub role of prod. */
  const ROLES = [
    ['bob', 'prod', 'Developer'],
    ['alice', 'partner', 'Auditor'],
  ] as const;
  for (const [signatures, count] of CASES)
    describe(signatures === '' ? 'without samlSignatures' : `with ${signatures}`, () => {
      const world = signing(signatures);

      for (const [user, account, role] of ROLES)
        it(`gives ${role} of ${account} for a response with signatures: ${count}`, async () => {
          const { visitor, page } = await world.signIn(user, 'saml');
          const handedOut = await visitor.submit(page, button('Credentials', account, role));
          assert.match(
            await callerOf(world.urls.aws, credentialsOn(handedOut)),
            new RegExp(`:assumed-role/${role}/${user}-`),
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
