/**
 * What an XML parser should never be given, and what would keep one busy. Every answer comes within
 * a second, and none of it is the main thread's.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertRefused,
  forge,
  openConnector,
  outboundOf,
  stranger,
} from '../connectors/saml-fixture.ts';
import { encode, rsaKey, signingKey, status } from '../support/saml-forge.ts';
import { HOSTILE } from './hostile-documents.ts';

// Each further key could make the engine begin again.
const keys = [signingKey(rsaKey()), signingKey(rsaKey()), signingKey(forge.key)];
const acme = await openConnector({ outbound: outboundOf(() => forge.metadata({ keys })) });

const LIMIT_MILLISECONDS = 1000;
/**
 * Of the thread that answers requests (threats R44). Reading such a response there takes hundreds;
 * a pause of the garbage collector takes 20.
 */
const MAIN_THREAD_MILLISECONDS = 60;

// The thread that judges is there, as in a bridge that runs.
await acme.signIn();

/** Processor time of this process, so that a busy machine does not count. */
async function refusesInTime(
  samlResponse: string,
  requestId: string,
  message: RegExp,
): Promise<void> {
  const before = process.cpuUsage();
  const beforeHere = process.threadCpuUsage();
  await assertRefused(acme.complete(samlResponse, { protocol: 'saml', requestId }), message);
  const { user, system } = process.cpuUsage(before);
  const here = process.threadCpuUsage(beforeHere);
  assert.ok(
    (here.user + here.system) / 1000 < MAIN_THREAD_MILLISECONDS,
    `the main thread took ${(here.user + here.system) / 1000} ms`,
  );
  assert.ok((user + system) / 1000 < LIMIT_MILLISECONDS, `took ${(user + system) / 1000} ms`);
  const { identity } = await acme.complete(forge.respond(requestId), {
    protocol: 'saml',
    requestId,
  });
  assert.equal(identity.username, 'alice');
}

for (const [what, hostile, message] of HOSTILE) {
  test(`hostile XML is rejected in time: ${what}`, async () => {
    const requestId = await acme.begin();
    await refusesInTime(hostile(forge.xml(requestId)), requestId, message);
  });
}

const BULK: readonly (readonly [string, string])[] = [
  ['siblings', '<a/>'.repeat(2900)],
  ['siblings with a namespace each', '<x:a xmlns:x="u"/>'.repeat(2900)],
  ['siblings with an ID each', Array.from({ length: 2900 }, (_, n) => `<a id="${n}"/>`).join('')],
  ['levels', `${'<a>'.repeat(36)}${'</a>'.repeat(36)}`.repeat(78)],
  ['attributes', `<a ${Array.from({ length: 5000 }, (_, n) => `a${n}=""`).join(' ')}/>`],
  [
    'namespaces',
    `<a ${Array.from({ length: 2500 }, (_, n) => `xmlns:a${n}="u"`).join(' ')}>${'<a/>'.repeat(2000)}</a>`,
  ],
  ['escapes', '&#60;'.repeat(12_000)],
];
for (const [what, bulk] of BULK) {
  const extensions = `<samlp:Extensions><x xmlns="urn:x">${bulk}</x></samlp:Extensions>${status('Success')}`;
  test(`a Response at the limits, signed by an unknown key, is rejected in time: ${what}`, async () => {
    const requestId = await acme.begin();
    const samlResponse = forge.respond(
      requestId,
      { status: extensions },
      { key: stranger, response: true },
    );
    await refusesInTime(samlResponse, requestId, /does not verify with any signing key/);
  });
  test(`a Response at the limits, around a genuine Assertion, is answered in time: ${what}`, async () => {
    const requestId = await acme.begin();
    const genuine = forge.xml(requestId, { status: extensions }, { response: true });
    const changed = encode(genuine.replace(' Destination=', ' Consent="urn:x" Destination='));
    await refusesInTime(changed, requestId, /the Response is not what was signed/);
  });
}
