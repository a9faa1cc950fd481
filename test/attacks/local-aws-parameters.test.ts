/**
 * Calls of STS with parameters, tokens and headers changed at random: no fault, and never another
 * session than that of the genuine call.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  ADMIN,
  OIDC_ROLE,
  startLocalAws,
  startOidcIssuer,
  webIdentityWorld,
} from '../dev/local-aws/support.ts';
import { chance, MUTATIONS } from './mutations.ts';

const ROUNDS = 60;
const issuer = await startOidcIssuer();
const running = await startLocalAws(
  webIdentityWorld(issuer, { actions: ['sts:AssumeRoleWithWebIdentity'] }),
);
after(async () => {
  await running.close();
  await issuer.close();
});

interface Answered {
  readonly status: number;
  readonly text: string;
}

async function send(body: string): Promise<Answered> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await fetch(running.url, { method: 'POST', body, headers, redirect: 'manual' });
  return { status: answer.status, text: await answer.text() };
}

async function genuine(): Promise<{ readonly form: string; readonly token: string }> {
  const token = await issuer.token({}, { now: running.clock.now() });
  const form = new URLSearchParams({
    ...{ Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: OIDC_ROLE },
    ...{ RoleSessionName: 'bob', DurationSeconds: '900', WebIdentityToken: token },
  });
  return { form: String(form), token };
}

/** Never a fault, and never a role that the provider does not open. */
function checkAnswer({ status, text }: Answered, sent: string): boolean {
  const said = `${status} for ${sent.slice(0, 300)}: ${running.reason()}`;
  assert.ok([200, 302, 400, 403].includes(status), said);
  if (status !== 200) return false;
  assert.match(text, /assumed-role\/Oidc\//, said);
  assert.match(text, /<SubjectFromWebIdentityToken>person-k3jx2q7d</, said);
  assert.ok(!text.includes(ADMIN), said);
  return true;
}

/** Mutations of XML by its elements mean nothing here. */
const OF_TEXT = ['a character changed', 'a piece left out', 'a piece repeated'] as const;

test('accepts the genuine call', async () => {
  const { form } = await genuine();
  assert.equal(checkAnswer(await send(form), form), true);
});

for (const [seed, what] of OF_TEXT.entries()) {
  test(`never takes mutated parameters for another call: ${what}`, async () => {
    const { pick, at } = chance(seed + 1);
    const { form } = await genuine();
    let accepted = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const sent = MUTATIONS[what]!(form, pick, at);
      if (checkAnswer(await send(sent), sent)) accepted += 1;
    }
    assert.ok(accepted < ROUNDS / 2, `${accepted} of ${ROUNDS} were accepted`);
  });

  test(`never accepts a mutated token: ${what}`, async () => {
    const { pick, at } = chance(seed + 11);
    const { form, token } = await genuine();
    for (let round = 0; round < ROUNDS; round += 1) {
      const changed = MUTATIONS[what]!(token, pick, at);
      const parameters = new URLSearchParams(form);
      parameters.set('WebIdentityToken', changed);
      const answer = await send(String(parameters));
      assert.equal(checkAnswer(answer, changed), changed === token, changed);
    }
  });

  test(`never takes a mutated payload for a signed one: ${what}`, async () => {
    const { pick, at } = chance(seed + 21);
    const { form, token } = await genuine();
    const [header, payload, signature] = token.split('.');
    const text = Buffer.from(payload!, 'base64url').toString();
    for (let round = 0; round < ROUNDS; round += 1) {
      const changed = MUTATIONS[what]!(text, pick, at);
      if (changed === text) continue;
      const parameters = new URLSearchParams(form);
      const other = Buffer.from(changed).toString('base64url');
      parameters.set('WebIdentityToken', `${header}.${other}.${signature}`);
      assert.equal(checkAnswer(await send(String(parameters)), changed), false);
    }
  });
}
