import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { goodManners } from '../../src/dev/oidc-idp/manners.ts';
import { MFA, PASSWORD, useRelyingParty } from './relying-party.ts';

const essentialAcr = (...values: string[]) => ({
  claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }),
});
const essentialAcrs = (value: string) => ({
  claims: JSON.stringify({ id_token: { acrs: { essential: true, value } } }),
});
const UNMET = 'unmet_authentication_requirements';

describe('the demo OpenID provider when a stronger authentication is requested', () => {
  const party = useRelyingParty();
  beforeEach(() => party.newBrowser());
  afterEach(() => void Object.assign(party.idp.stepUp, goodManners().stepUp));

  const errorFor = async (extra: Record<string, string>, secondFactor = true) => {
    const { callback } = await party.answerTo('alice', { extra, secondFactor });
    assert.equal(callback.searchParams.get('code'), null);
    return callback.searchParams.get('error');
  };

  it('shows the sign-in page for acr_values that the session does not reach', async () => {
    await party.claimsFor('alice', { secondFactor: false });
    assert.equal(await party.asks({ acr_values: PASSWORD }), false);
    assert.equal(await party.asks({ acr_values: MFA }), true);

    const claims = await party.claimsFor('alice', { extra: { acr_values: MFA } });
    assert.equal(claims.acr, MFA);
    assert.deepEqual(claims.amr, ['pwd', 'mfa']);
    assert.equal(await party.asks({ acr_values: MFA }), false);
  });

  it('answers acr_values with the weaker acr without the second factor', async () => {
    const extra = { acr_values: MFA };
    assert.equal((await party.claimsFor('alice', { extra, secondFactor: false })).acr, PASSWORD);
  });

  it('does not read acr_values that it does not know', async () => {
    await party.claimsFor('alice', { secondFactor: false });
    assert.equal(await party.asks({ acr_values: 'urn:unknown' }), false);
  });

  it('answers an essential acr with it or with an error', async () => {
    await party.claimsFor('alice', { secondFactor: false });
    assert.equal(await party.asks(essentialAcr(MFA)), true);
    assert.equal(await errorFor(essentialAcr(MFA), false), UNMET);
    assert.equal((await party.claimsFor('alice', { extra: essentialAcr(MFA) })).acr, MFA);
    assert.equal(await party.asks(essentialAcr(PASSWORD)), true);
    assert.equal(await errorFor(essentialAcr('urn:unknown')), UNMET);
  });

  it('answers an essential authentication context of the tenant with acrs or with an error', async () => {
    const plain = await party.claimsFor('alice', { secondFactor: false });
    assert.equal(plain.acrs, undefined);
    assert.equal(await errorFor(essentialAcrs('c1'), false), UNMET);
    assert.deepEqual((await party.claimsFor('alice', { extra: essentialAcrs('c1') })).acrs, ['c1']);
    assert.equal(await party.asks(essentialAcrs('c2')), false);
    assert.equal(await errorFor(essentialAcrs('c99')), UNMET);
  });

  it('answers prompt=none with interaction_required when the session does not suffice', async () => {
    await party.claimsFor('alice', { secondFactor: false });
    const extra = { prompt: 'none', acr_values: MFA };
    assert.equal(await errorFor(extra), 'interaction_required');
  });

  it('measures max_age by its own clock, and states the new authentication', async () => {
    const first = await party.claimsFor('alice');
    party.clock.turn(3600);
    assert.equal(await party.asks({ max_age: '3600' }), false);
    party.clock.turn(1);
    assert.equal(await party.asks({ max_age: '3600' }), true);
    const again = await party.claimsFor('alice', { extra: { max_age: '0' } });
    assert.equal(again.auth_time, first.auth_time! + 3601);
  });

  it('ignores what it is told to ignore', async () => {
    await party.claimsFor('alice', { secondFactor: false });
    party.clock.turn(3600);
    Object.assign(party.idp.stepUp, { acr: 'ignored', maxAge: 'ignored', prompt: 'ignored' });
    for (const extra of [
      { acr_values: MFA },
      essentialAcr(MFA),
      essentialAcrs('c1'),
      { max_age: '0' },
      { max_age: '60' },
      { prompt: 'login' },
    ] as Record<string, string>[])
      assert.equal(await party.asks(extra), false, JSON.stringify(extra));
  });

  it('states a password alone whatever was proved', async () => {
    party.idp.stepUp.acr = 'weaker';
    for (const extra of [{ acr_values: MFA }, essentialAcr(MFA)] as Record<string, string>[]) {
      party.newBrowser();
      const claims = await party.claimsFor('alice', { extra });
      assert.equal(claims.acr, PASSWORD);
      assert.deepEqual(claims.amr, ['pwd']);
    }
  });

  it('refuses what it is told to refuse, and nothing else', async () => {
    Object.assign(party.idp.stepUp, { acr: 'refused', maxAge: 'zero-refused', prompt: 'refused' });
    assert.equal(await errorFor({ acr_values: MFA }), UNMET);
    assert.equal(await errorFor(essentialAcr(MFA)), UNMET);
    assert.equal(await errorFor({ max_age: '0', prompt: 'login' }), 'invalid_request');
    assert.equal(await errorFor({ prompt: 'login' }), 'login_required');
    assert.equal(await party.asks({ max_age: '60' }), true);
    party.idp.stepUp.maxAge = 'refused';
    assert.equal(await errorFor({ max_age: '60' }), 'invalid_request');
    assert.equal((await party.claimsFor('alice')).acr, MFA);

    const refusal = { error: 'interaction_required', description: '<b>50076</b>' };
    Object.assign(party.idp.stepUp, { refusal });
    const { callback } = await party.answerTo('alice', { extra: { acr_values: MFA } });
    assert.equal(callback.searchParams.get('error'), refusal.error);
    assert.equal(callback.searchParams.get('error_description'), refusal.description);
  });

  it('states auth_time as 0 or not at all', async () => {
    party.idp.stepUp.authTime = 'zero';
    assert.equal((await party.claimsFor('alice')).auth_time, 0);
    party.idp.stepUp.authTime = 'absent';
    assert.equal((await party.claimsFor('alice')).auth_time, undefined);
  });
});
