import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { PEOPLE } from '../../src/dev/people.ts';
import { createSamlIdp, type SamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import { type HandTurnedClock, handTurnedClock } from '../support/clock.ts';
import { readAnswer, SAML, ServiceProvider } from './service-provider.ts';
import {
  type Answer,
  formOf,
  type Listening,
  listen,
  newVisitor,
  type Visitor,
} from './visitor.ts';

const MFA = 'https://refeds.org/profile/mfa';
const PASSWORD = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
const FORMAT = 'urn:oasis:names:tc:SAML:2.0:nameid-format';

describe('the demo SAML identity provider', () => {
  let idpServer: Listening;
  let idp: SamlIdp;
  let sp: ServiceProvider;
  let clock: HandTurnedClock;
  let visitor: Visitor;

  before(async () => {
    clock = handTurnedClock();
    idpServer = await listen();
    sp = await ServiceProvider.start({ idpUrl: idpServer.url, now: clock.now });
    const serviceProviders = [{ metadataUrl: sp.entityId }];
    idp = await createSamlIdp({
      baseUrl: idpServer.url,
      people: PEOPLE,
      serviceProviders,
      now: clock.now,
    });
    idpServer.handler = idp.handler;
  });
  after(() => Promise.all([idpServer.close(), sp.close()]));
  beforeEach(() => {
    visitor = newVisitor();
  });

  async function signIn(
    name: string,
    url = sp.ssoUrl(),
    { secondFactor = true } = {},
  ): Promise<Answer> {
    const form = formOf(await visitor.get(url));
    const fields = {
      ...form.fields,
      username: name,
      password: name,
      ...(secondFactor ? { second_factor: 'on' } : {}),
    };
    return visitor.post(form.action, fields, { origin: idpServer.url });
  }

  const read = (answer: Answer) => readAnswer(answer, idp.metadata());

  it('signs alice in with a response to the request that has two valid signatures', async () => {
    const answer = read(
      await signIn('alice', sp.ssoUrl({ attributes: { ID: '_request-0123456789' } })),
    );

    assert.deepEqual(answer.codes, ['Success']);
    assert.deepEqual(new Set(answer.signedIds), new Set([answer.responseId, answer.assertionId]));
    assert.equal(answer.relayState, 'relay & <state>');
    assert.equal(answer.inResponseTo, '_request-0123456789');
    assert.equal(answer.confirmation!.getAttribute('InResponseTo'), '_request-0123456789');
    assert.equal(answer.confirmation!.getAttribute('Recipient'), sp.acs);
    assert.equal(answer.audience, sp.entityId);
    assert.equal(answer.context, MFA);
    assert.deepEqual(answer.attributes, {
      uid: ['alice'],
      mail: ['alice@acme.example'],
      displayName: ['Alice Adams'],
      department: ['Platform'],
      memberOf: ['aws-admins', 'developers'],
    });
  });

  it('sends all 240 groups of dave and no memberOf at all for carol', async () => {
    const dave = read(await signIn('dave')).attributes.memberOf!;
    assert.equal(new Set(dave).size, 240);

    visitor = newVisitor();
    assert.deepEqual(Object.keys(read(await signIn('carol')).attributes), [
      'uid',
      'mail',
      'displayName',
      'department',
    ]);
  });

  it('asserts a password alone without the second factor', async () => {
    assert.equal(read(await signIn('bob', sp.ssoUrl(), { secondFactor: false })).context, PASSWORD);
  });

  it('does not repeat a wrong password, and lets the user try again', async () => {
    const form = formOf(await visitor.get(sp.ssoUrl()));
    for (const [username, password] of [
      ['alice', 'bob'],
      ['mallory', 'mallory'],
      ['alice', ''],
      ['', ''],
      ['mallory', ''],
    ] as const) {
      const answer = await visitor.post(form.action, { ...form.fields, username, password });
      assert.equal(answer.status, 401);
      assert.match(answer.text, /Wrong user name or password/);
    }

    const answer = await visitor.post(form.action, {
      ...form.fields,
      username: 'alice',
      password: 'alice',
    });
    assert.deepEqual(read(answer).codes, ['Success']);
  });

  it('asks for the password again only if the request forces it', async () => {
    const first = read(await signIn('alice'));
    clock.turn(600);
    const second = read(await visitor.get(sp.ssoUrl()));
    assert.equal(second.attributes.uid![0], 'alice');
    assert.equal(second.nameId, first.nameId);
    assert.equal(second.authnInstant, first.authnInstant);
    const third = read(await signIn('alice', sp.ssoUrl({ attributes: { ForceAuthn: 'true' } })));
    assert.equal(third.authnInstant, first.authnInstant + 600_000);
  });

  it('ends the session at its limit and at sign-out', async () => {
    await signIn('alice');
    const front = await visitor.get(`${idpServer.url}/`);
    assert.match(front.text, /signed in as Alice Adams/);

    const { action, fields } = formOf(front);
    assert.equal((await visitor.post(action, { form_token: 'x' })).status, 403);
    assert.equal((await visitor.post(action, fields)).status, 303);
    assert.match((await visitor.get(sp.ssoUrl())).text, /name="password"/);

    await signIn('alice');
    clock.turn(11 * 3600);
    assert.match((await visitor.get(sp.ssoUrl())).text, /name="password"/);
  });

  it('answers NoPassive to a passive request without a session, and signs in with one', async () => {
    const passive = () => sp.ssoUrl({ attributes: { IsPassive: 'true' } });
    const refused = read(await visitor.get(passive()));
    assert.deepEqual(refused.codes, ['Responder', 'NoPassive']);
    assert.deepEqual(refused.signedIds, [refused.responseId]);
    assert.equal(refused.assertionId, undefined);

    await signIn('alice');
    assert.deepEqual(read(await visitor.get(passive())).codes, ['Success']);
    const forced = sp.ssoUrl({ attributes: { IsPassive: 'true', ForceAuthn: 'true' } });
    assert.deepEqual(read(await visitor.get(forced)).codes, ['Responder', 'NoPassive']);
  });

  it('sends the NameID in the requested format, or says that it does not support it', async () => {
    const policy = (format: string) =>
      sp.ssoUrl({ children: `<samlp:NameIDPolicy AllowCreate="true" Format="${format}"/>` });
    await signIn('alice');
    const nameIn = async (format: string) => read(await visitor.get(policy(format)));

    assert.equal(
      (await nameIn('urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress')).nameId,
      'alice@acme.example',
    );
    assert.equal(
      (await nameIn('urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified')).nameIdFormat,
      `${FORMAT}:persistent`,
    );
    assert.notEqual(
      (await nameIn(`${FORMAT}:transient`)).nameId,
      (await nameIn(`${FORMAT}:transient`)).nameId,
    );
    assert.deepEqual((await nameIn(`${FORMAT}:kerberos`)).codes, [
      'Requester',
      'InvalidNameIDPolicy',
    ]);
    assert.deepEqual((await nameIn('constructor')).codes, ['Requester', 'InvalidNameIDPolicy']);
  });

  it('asserts the requested context, asks again for a stronger one, and says if it cannot', async () => {
    const contexts = (comparison: string, ...classes: string[]) =>
      sp.ssoUrl({
        children: `<samlp:RequestedAuthnContext Comparison="${comparison}">${classes
          .map(
            context =>
              `<saml:AuthnContextClassRef xmlns:saml="${SAML}">${context}</saml:AuthnContextClassRef>`,
          )
          .join('')}</samlp:RequestedAuthnContext>`,
      });
    assert.equal(
      read(await signIn('alice', sp.ssoUrl(), { secondFactor: false })).context,
      PASSWORD,
    );
    assert.equal(read(await visitor.get(contexts('minimum', PASSWORD))).context, PASSWORD);

    const steppedUp = await signIn('alice', contexts('exact', MFA));
    assert.equal(read(steppedUp).context, MFA);

    const table: [string, string[], string | undefined][] = [
      ['exact', [PASSWORD], PASSWORD],
      ['exact', [PASSWORD, MFA], MFA],
      ['minimum', [PASSWORD], MFA],
      ['maximum', [PASSWORD], PASSWORD],
      ['better', [PASSWORD], MFA],
    ];
    for (const [comparison, classes, stated] of table) {
      assert.equal(
        read(await visitor.get(contexts(comparison, ...classes))).context,
        stated,
        `${comparison} ${classes}`,
      );
    }

    for (const url of [
      contexts('exact', 'urn:oasis:names:tc:SAML:2.0:ac:classes:X509'),
      contexts('better', MFA),
      contexts('constructor', MFA),
    ]) {
      assert.deepEqual(read(await signIn('alice', url)).codes, ['Responder', 'NoAuthnContext']);
    }

    visitor = newVisitor();
    const weak = await signIn('alice', contexts('exact', MFA), { secondFactor: false });
    assert.deepEqual(read(weak).codes, ['Responder', 'NoAuthnContext']);
  });

  it('starts an unsolicited sign-in, without InResponseTo', async () => {
    const url = `${idpServer.url}/sso/unsolicited?sp=${encodeURIComponent(sp.entityId)}&relay_state=${encodeURIComponent('/console?a=b')}`;
    const answer = read(await signIn('bob', url));

    assert.deepEqual(answer.codes, ['Success']);
    assert.equal(answer.relayState, '/console?a=b');
    assert.doesNotMatch(answer.text, /InResponseTo/);
    assert.equal(
      (await visitor.get(`${idpServer.url}/sso/unsolicited?sp=urn:unknown`)).status,
      403,
    );
  });

  it('answers at the default address if the request names none', async () => {
    assert.deepEqual(
      read(
        await signIn(
          'alice',
          sp.ssoUrl({ attributes: { AssertionConsumerServiceURL: undefined } }),
        ),
      ).codes,
      ['Success'],
    );
  });

  it('accepts a sign-in form once, only from its own browser and not from another site', async () => {
    const good = { username: 'alice', password: 'alice' };
    const form = formOf(await visitor.get(sp.ssoUrl()));
    const stranger = newVisitor();
    await stranger.get(sp.ssoUrl());
    assert.equal((await stranger.post(form.action, { ...form.fields, ...good })).status, 403);
    assert.equal((await newVisitor().post(form.action, { ...form.fields, ...good })).status, 403);
    assert.equal(
      (await visitor.post(form.action, { ...form.fields, ...good, form_token: '' })).status,
      403,
    );
    assert.equal(
      (
        await visitor.post(
          form.action,
          { ...form.fields, ...good },
          { origin: 'https://evil.example' },
        )
      ).status,
      403,
    );
    assert.equal((await visitor.post(form.action, { ...form.fields, ...good })).status, 200);
    assert.equal((await visitor.post(form.action, { ...form.fields, ...good })).status, 400);

    const late = formOf(await visitor.get(sp.ssoUrl({ attributes: { ForceAuthn: '1' } })));
    clock.turn(601);
    assert.equal((await visitor.post(late.action, { ...late.fields, ...good })).status, 400);
  });

  it('hides its cookies from scripts and from posts of other sites, and changes the session with the user', async () => {
    const form = formOf(await visitor.get(sp.ssoUrl()));
    const answer = await visitor.post(form.action, {
      ...form.fields,
      username: 'bob',
      password: 'bob',
    });

    const cookies = answer.headers.getSetCookie();
    assert.ok(
      cookies.length > 0 &&
        cookies.every(cookie => /; HttpOnly/.test(cookie) && /; SameSite=Lax/.test(cookie)),
    );

    const before = visitor.cookies.get('acme_saml_session');
    await signIn('bob', sp.ssoUrl({ attributes: { ForceAuthn: 'true' } }));
    assert.notEqual(visitor.cookies.get('acme_saml_session'), before);
  });

  it('reads metadata of service providers on this machine only', async () => {
    const options = {
      baseUrl: idpServer.url,
      people: PEOPLE,
      serviceProviders: [{ metadataUrl: 'https://sp.example/metadata' }],
    };
    await assert.rejects(createSamlIdp(options), /not an address on this machine/);
  });

  it('answers an oversized or unknown request with a plain page', async () => {
    assert.equal((await visitor.get(`${idpServer.url}/nothing`)).status, 404);
    assert.equal(
      (await visitor.post(`${idpServer.url}/sign-in`, { username: 'x'.repeat(20_000) })).status,
      413,
    );
    assert.equal(
      (await visitor.get(sp.ssoUrl({ editQuery: () => `SAMLRequest=${'A'.repeat(15_998)}` })))
        .status,
      413,
    );
  });
});
