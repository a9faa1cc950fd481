import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { PEOPLE } from '../../src/dev/people.ts';
import { goodStepUpManners } from '../../src/dev/saml-idp/manners.ts';
import { createSamlIdp, type SamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import { type HandTurnedClock, handTurnedClock } from '../support/clock.ts';
import { readAnswer, SAML, ServiceProvider } from './service-provider.ts';
import { formOf, type Listening, listen, newVisitor, type Visitor } from './visitor.ts';

const MFA = 'https://refeds.org/profile/mfa';
const PASSWORD = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
const FORCED = { ForceAuthn: 'true' };

describe('the demo SAML identity provider that does not do what is requested', () => {
  let idpServer: Listening;
  let idp: SamlIdp;
  let sp: ServiceProvider;
  let clock: HandTurnedClock;
  let visitor: Visitor;

  before(async () => {
    clock = handTurnedClock();
    idpServer = await listen();
    sp = await ServiceProvider.start({ idpUrl: idpServer.url, now: clock.now });
    idp = await createSamlIdp({
      baseUrl: idpServer.url,
      people: PEOPLE,
      serviceProviders: [{ metadataUrl: sp.entityId }],
      now: clock.now,
    });
    idpServer.handler = idp.handler;
  });
  after(() => Promise.all([idpServer.close(), sp.close()]));
  beforeEach(() => {
    visitor = newVisitor();
  });
  afterEach(() => void Object.assign(idp.stepUp, goodStepUpManners()));

  const requesting = (context: string, attributes: Record<string, string> = {}) =>
    sp.ssoUrl({
      attributes,
      children: `<samlp:RequestedAuthnContext><saml:AuthnContextClassRef xmlns:saml="${SAML}">${context}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`,
    });

  /** The answer, after the sign-in page if it is shown. */
  async function signIn(url = sp.ssoUrl(), { secondFactor = true, name = 'alice' } = {}) {
    const page = await visitor.get(url);
    if (!page.text.includes('name="password"')) return readAnswer(page, idp.metadata());
    const form = formOf(page);
    const answer = await visitor.post(form.action, {
      ...form.fields,
      username: name,
      password: name,
      ...(secondFactor ? { second_factor: 'on' } : {}),
    });
    return readAnswer(answer, idp.metadata());
  }

  it('ignores the requested context and the forced sign-in', async () => {
    Object.assign(idp.stepUp, { authnContext: 'ignored', forceAuthn: 'ignored' });
    const first = await signIn(sp.ssoUrl(), { secondFactor: false });
    clock.turn(600);
    const answer = await signIn(requesting(MFA, FORCED));
    assert.equal(answer.context, PASSWORD);
    assert.equal(answer.authnInstant, first.authnInstant);
  });

  it('states a password alone after a forced sign-in with two factors', async () => {
    idp.stepUp.authnContext = 'weaker';
    const answer = await signIn(requesting(MFA, FORCED));
    assert.deepEqual(answer.codes, ['Success']);
    assert.equal(answer.context, PASSWORD);
  });

  it('states the time of the first sign-in after a forced one', async () => {
    idp.stepUp.authnInstant = 'stale';
    const first = await signIn();
    clock.turn(600);
    const second = await signIn(requesting(MFA, FORCED));
    assert.equal(second.authnInstant, first.authnInstant);
    assert.notEqual(second.assertionId, first.assertionId);
  });

  it('refuses what it is told to refuse, with a status and a message, and nothing else', async () => {
    idp.stepUp.authnContext = 'refused';
    const refused = await signIn(requesting(MFA));
    assert.deepEqual(refused.codes, ['Responder', 'NoAuthnContext']);
    assert.deepEqual(refused.signedIds, [refused.responseId]);
    assert.deepEqual((await signIn()).codes, ['Success']);

    idp.stepUp.forceAuthn = 'refused';
    idp.stepUp.refusal.fault = 'AuthnFailed';
    idp.stepUp.refusal.message = 'No <second> factor';
    const failed = await signIn(sp.ssoUrl({ attributes: FORCED }));
    assert.deepEqual(failed.codes, ['Responder', 'AuthnFailed']);
    assert.match(failed.text, /<samlp:StatusMessage>No &lt;second(&gt;|>) factor</);
  });

  it('states the groups of now, and denies a disabled user with and without a session', async () => {
    await signIn();
    idp.directory.change('alice', { groups: ['developers'] });
    assert.deepEqual((await signIn()).attributes.memberOf, ['developers']);

    idp.directory.disable('alice');
    const form = formOf(await visitor.get(sp.ssoUrl()));
    const fields = { ...form.fields, username: 'alice', password: 'alice' };
    const denied = await visitor.post(form.action, fields);
    assert.equal(denied.status, 401);
    assert.match(denied.text, /This account is disabled/);
    idp.directory.enable('alice');
    assert.deepEqual((await signIn()).codes, ['Success']);
  });
});
