import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { isRefusal, SIGNED_OUT_URI, useRelyingParty } from './relying-party.ts';
import { formOf } from './visitor.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

describe('the end of sessions at the demo OpenID provider', () => {
  const party = useRelyingParty();
  beforeEach(() => party.newBrowser());
  afterEach(() => {
    party.logoutTokens.splice(0);
    party.logoutStatus = 200;
  });

  const signOut = async (parameters: Record<string, string>) => {
    const asked = await party.visitor.get(
      `${party.idp.issuer}/session/end?${new URLSearchParams(parameters)}`,
    );
    if (asked.status !== 200) return asked;
    const { action, fields } = formOf(asked);
    return party.visitor.post(action, { ...fields, logout: 'yes' });
  };

  it('takes an id_token as a hint for a session that has it', async () => {
    const { id_token: hint } = await party.tokensFor('alice');
    const done = await signOut({
      id_token_hint: hint!,
      post_logout_redirect_uri: SIGNED_OUT_URI,
      state: 'the-bridge',
    });
    assert.equal(done.headers.get('location'), `${SIGNED_OUT_URI}?state=the-bridge`);
    assert.equal(await party.asks({}), true);
  });

  it('takes an expired hint and one of an earlier key, and rejects a forged one', async () => {
    const { id_token: hint } = await party.tokensFor('alice');
    party.clock.turn(48 * 3600);
    await party.idp.rotateKey();
    const [header, payload, signature] = hint!.split('.');
    const forged = `${header}.${payload}.${signature!.slice(0, -8)}AAAAAAAA`;
    assert.equal((await signOut({ id_token_hint: forged })).status, 400);
    assert.equal((await signOut({ id_token_hint: hint! })).status, 303);
  });

  it('posts a logout token for the session that a user ends', async () => {
    const claims = await party.claimsFor('alice');
    await signOut({});
    assert.equal(party.logoutTokens.length, 1);
    const { payload, protectedHeader } = await jwtVerify(
      party.logoutTokens[0]!,
      createRemoteJWKSet(new URL(`${party.idp.issuer}/jwks`)),
      {
        issuer: party.idp.issuer,
        audience: 'bridge',
        typ: 'logout+jwt',
        currentDate: new Date(party.clock.now()),
      },
    );
    assert.equal(protectedHeader.alg, 'RS256');
    assert.equal(payload.sub, claims.sub);
    assert.equal(payload.sid, claims.sid);
    assert.deepEqual(payload.events, { [EVENT]: {} });
    assert.equal(typeof payload.jti, 'string');
    assert.equal(payload.nonce, undefined);
    assert.equal(payload.iat, Math.floor(party.clock.now() / 1000));
    assert.equal(payload.exp, payload.iat! + 120);
  });

  it('ends all sessions of a user and no other, with their refresh tokens', async () => {
    const first = await party.tokensFor('alice');
    party.newBrowser();
    const second = await party.tokensFor('alice');
    const alice = party.visitor;
    party.newBrowser();
    const bob = await party.tokensFor('bob');

    party.logoutStatus = 400;
    await party.idp.endSessions('alice');
    const sids = party.logoutTokens.map(token => decodeJwt(token).sid);
    assert.deepEqual(new Set(sids), new Set([first, second].map(tokens => tokens.claims()!.sid)));
    assert.deepEqual(
      party.idp.logoutCalls.slice(-2).map(({ logoutToken, status }) => [logoutToken, status]),
      party.logoutTokens.map(token => [token, 400]),
    );
    for (const { refresh_token: token } of [first, second])
      await assert.rejects(party.refresh(token!), isRefusal('invalid_grant'));
    await party.refresh(bob.refresh_token!);
    assert.equal(await party.asks({}), false);
    party.visitor = alice;
    assert.equal(await party.asks({}), true);
  });

  it('signs with a new key that it publishes alone', async () => {
    const keyIds = async (): Promise<string[]> => {
      const { keys } = (await (await fetch(`${party.idp.issuer}/jwks`)).json()) as {
        keys: { kid: string; d?: string }[];
      };
      assert.ok(keys.every(({ d }) => d === undefined));
      return keys.map(({ kid }) => kid);
    };
    await party.claimsFor('alice');
    const before = await keyIds();
    await party.idp.rotateKey();
    const after = await keyIds();
    assert.deepEqual([before.length, after.length], [1, 1]);
    assert.notEqual(after[0], before[0]);
    await party.claimsFor('alice', { extra: { prompt: 'login' } });
  });
});
