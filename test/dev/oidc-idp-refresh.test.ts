import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import * as client from 'openid-client';
import { goodManners } from '../../src/dev/oidc-idp/manners.ts';
import type { Endpoint } from '../../src/dev/oidc-idp/traffic.ts';
import { isRefusal, MFA, type Tokens, useRelyingParty } from './relying-party.ts';

describe('the refresh tokens of the demo OpenID provider', () => {
  const party = useRelyingParty();
  beforeEach(() => party.newBrowser());
  afterEach(() => {
    const { refresh, faults } = goodManners();
    Object.assign(party.idp.refresh, refresh);
    Object.assign(party.idp.faults, faults);
    party.idp.directory.enable('alice');
    party.idp.directory.change('alice', { groups: ['aws-admins', 'developers'] });
  });

  const signIn = async () => (await party.tokensFor('alice')).refresh_token!;
  const refusesRefresh = (token: string, code: string) =>
    assert.rejects(party.refresh(token), isRefusal(code));

  it('answers with the groups of now and the authentication of then', async () => {
    const first = await party.tokensFor('alice');
    party.clock.turn(3 * 3600);
    party.idp.directory.change('alice', { groups: ['developers'] });

    const refreshed = await party.refresh(first.refresh_token!);
    const claims = refreshed.claims()!;
    assert.equal(claims.sub, first.claims()!.sub);
    assert.deepEqual(claims.groups, ['developers']);
    assert.equal(claims.auth_time, first.claims()!.auth_time);
    assert.equal(claims.acr, MFA);
    assert.equal(claims.sid, first.claims()!.sid);
    assert.equal(claims.iat, Math.floor(party.clock.now() / 1000));
    const userinfo = await client.fetchUserInfo(
      party.configuration,
      refreshed.access_token,
      claims.sub,
    );
    assert.deepEqual(userinfo.groups, ['developers']);
  });

  it('issues a new refresh token, and revokes the grant when an old one is used again', async () => {
    const first = await signIn();
    const second = (await party.refresh(first)).refresh_token!;
    assert.notEqual(second, first);
    await refusesRefresh(first, 'invalid_grant');
    await refusesRefresh(second, 'invalid_grant');
  });

  it('grants one of several refreshes at once, and revokes the grant', async () => {
    const token = await signIn();
    const refreshes = await Promise.allSettled([1, 2, 3].map(() => party.refresh(token)));
    const granted = refreshes.filter(({ status }) => status === 'fulfilled');
    assert.ok(granted.length <= 1, `${granted.length} were granted`);
    await refusesRefresh(token, 'invalid_grant');
    for (const { value } of granted as PromiseFulfilledResult<Tokens>[])
      await refusesRefresh(value.refresh_token!, 'invalid_grant');
  });

  it('takes old refresh tokens too with lenient rotation', async () => {
    party.idp.refresh.rotation = 'lenient';
    const first = await signIn();
    const second = (await party.refresh(first)).refresh_token!;
    assert.notEqual(second, first);
    assert.notEqual((await party.refresh(first)).refresh_token, undefined);
    await party.refresh(second);
  });

  it('keeps the refresh token without rotation', async () => {
    party.idp.refresh.rotation = 'none';
    const token = await signIn();
    assert.equal((await party.refresh(token)).refresh_token, token);
    await party.refresh(token);
  });

  it('issues no refresh token, or no id_token at a refresh', async () => {
    party.idp.refresh.issued = false;
    assert.equal((await party.tokensFor('alice')).refresh_token, undefined);
    Object.assign(party.idp.refresh, { issued: true, idToken: false });
    party.newBrowser();
    const refreshed = await party.refresh(await signIn());
    assert.equal(refreshed.id_token, undefined);
    assert.notEqual(refreshed.access_token, undefined);
  });

  it('states another sub in refreshed id_tokens and at userinfo', async () => {
    const token = await signIn();
    party.idp.refresh.subject = party.idp.subjectOf('bob');
    const refreshed = await party.refresh(token);
    assert.equal(refreshed.claims()!.sub, party.idp.subjectOf('bob'));
    const userinfo = await client.fetchUserInfo(
      party.configuration,
      refreshed.access_token,
      client.skipSubjectCheck,
    );
    assert.equal(userinfo.sub, party.idp.subjectOf('bob'));
  });

  it('denies a disabled user everything, and lets an enabled one sign in again', async () => {
    const tokens = await party.tokensFor('alice');
    party.idp.directory.disable('alice');
    await refusesRefresh(tokens.refresh_token!, 'invalid_grant');
    await assert.rejects(
      client.fetchUserInfo(party.configuration, tokens.access_token, tokens.claims()!.sub),
      isRefusal('invalid_token'),
    );
    const page = await party.visitor.follow((await party.request()).url);
    const denied = await party.submit('alice', page);
    assert.equal(denied.status, 403);
    assert.match(denied.text, /This account is disabled/);

    party.idp.directory.enable('alice');
    assert.notEqual((await party.tokensFor('alice')).refresh_token, undefined);
  });

  it('answers interaction_required until the next sign-in, and keeps the refresh token', async () => {
    const token = await signIn();
    party.idp.requireInteraction('alice');
    await refusesRefresh(token, 'interaction_required');
    await refusesRefresh(token, 'interaction_required');
    await party.tokensFor('alice', { extra: { prompt: 'login' } });
    await party.refresh(token);
  });

  it('revokes a refresh token for its own client', async () => {
    const token = await signIn();
    const impostor = await party.as(client.ClientSecretBasic('wrong'));
    await assert.rejects(client.tokenRevocation(impostor, token), isRefusal('invalid_client'));
    const kept = (await party.refresh(token)).refresh_token!;
    await client.tokenRevocation(party.configuration, kept);
    await refusesRefresh(kept, 'invalid_grant');
  });

  it('carries out a refresh whose answer is lost', async () => {
    const token = await signIn();
    party.idp.faults.lostTokenAnswers = 1;
    await assert.rejects(party.refresh(token), error => !isRefusal('invalid_grant')(error));
    await refusesRefresh(token, 'invalid_grant');
  });

  it('counts refreshes, and holds back their answers', async () => {
    const before = party.idp.requests.refresh;
    const token = await signIn();
    const hold = party.idp.holdRefreshes();
    const refreshing = party.refresh(token);
    await hold.arrived;
    assert.equal(party.idp.requests.refresh, before + 1);
    hold.release();
    await refreshing;
  });

  it('counts the requests of a sign-in and of a sign-out by endpoint', async () => {
    const before = { ...party.idp.requests };
    const tokens = await party.tokensFor('alice');
    const { sub } = tokens.claims()!;
    await client.fetchUserInfo(party.configuration, tokens.access_token, sub);
    await client.tokenRevocation(party.configuration, tokens.refresh_token!);
    await party.visitor.get(`${party.idp.issuer}/session/end`);
    await fetch(`${party.idp.issuer}/.well-known/openid-configuration`);
    const after = Object.entries(party.idp.requests);
    assert.deepEqual(
      Object.fromEntries(after.map(([name, count]) => [name, count - before[name as Endpoint]])),
      {
        discovery: 1,
        jwks: 1,
        authorization: 1,
        token: 1,
        refresh: 0,
        userinfo: 1,
        revocation: 1,
        end_session: 1,
      },
    );
  });

  it('answers nothing while it is down, and 503 while it is busy', async () => {
    const token = await signIn();
    party.idp.faults.outage = 'down';
    await assert.rejects(party.refresh(token), error => !isRefusal('invalid_grant')(error));
    party.idp.faults.outage = 'busy';
    const busy = await fetch(`${party.idp.issuer}/token`, { method: 'POST' });
    assert.equal(busy.status, 503);
    party.idp.faults.outage = 'none';
    await party.refresh(token);
  });
});
