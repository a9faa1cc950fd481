/** Users sign in to the whole bridge through LemonLDAP::NG, by both of its protocols. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packageVersion, useRow } from '../support/compatibility.ts';
import { useFixture } from '../support/fixture.ts';
import { refusalOn } from '../support/handout.ts';
import { Visitor } from '../support/visitor.ts';
import { lemonLdapMissing, startLemonLdap } from './lemonldap.ts';
import {
  type LemonLdapConnector,
  lemonLdapProvider,
  startFederation,
} from './lemonldap-federation.ts';
import { arrive, assertSignedIn, delivered, isAnswer, signInUrl } from './provider-federation.ts';
import { showsRefresh, showsSignOut, showsUsers } from './provider-suite.ts';

const version = (): string => packageVersion('lemonldap-ng');

describe('a bridge in front of LemonLDAP::NG', { skip: lemonLdapMissing() }, () => {
  const idp = useFixture(startLemonLdap, server => server.stop());
  const world = useFixture(
    () => startFederation(idp),
    federation => federation.close(),
  );
  const by = (connector: LemonLdapConnector) => lemonLdapProvider(world, idp, connector);

  describe('by SAML', () => {
    const row = useRow('lemonldap-saml', version);
    const at = by('saml');
    showsUsers(row, at);

    row.it(
      'signed requests',
      'a request without its signature, or a changed one, gets no answer',
      async () => {
        const visitor = new Visitor();
        const stopAt = (url: string): boolean => url.startsWith(idp.origin);
        const request = (await visitor.get(signInUrl(at), { stopAt })).path.at(-1)!;
        const unsigned = new URL(request);
        for (const name of ['SigAlg', 'Signature']) unsigned.searchParams.delete(name);
        const changed = new URL(request);
        changed.searchParams.set('RelayState', 'another');
        const answersTo = async (href: string): Promise<boolean> => {
          // LemonLDAP::NG judges the request once the user is known.
          const other = new Visitor();
          const user = { username: 'alice', password: 'alice' };
          return isAnswer(await at.logIn(other, await other.get(href), user));
        };
        assert.deepEqual(await Promise.all([request, unsigned.href, changed.href].map(answersTo)), [
          true,
          false,
          false,
        ]);
        await assertSignedIn(at, await arrive(at, 'alice', { visitor }), 'alice');
      },
    );

    row.it(
      'unsolicited response',
      'a sign-in that begins at the provider is rejected',
      async () => {
        const visitor = new Visitor();
        const query = new URLSearchParams({ IDPInitiated: '1', spConfKey: 'rolebridge' });
        const login = await visitor.get(`${idp.origin}/saml/singleSignOn?${query}`);
        const user = { username: 'alice', password: 'alice' };
        const page = await delivered(visitor, await at.logIn(visitor, login, user));
        assert.equal(page.status, 400, page.text);
        assert.match(page.text, /Start at the sign-in page of this bridge/);
        const refusal = await refusalOn(world, page);
        assert.match(refusal.type === 'sign-in.refused' ? refusal.why : '', /allowUnsolicited/);
        await assertSignedIn(at, await arrive(at, 'alice', { visitor }), 'alice');
      },
    );
  });

  describe('by OpenID Connect', () => {
    const row = useRow('lemonldap-oidc', version);
    showsUsers(row, by('basic'));
    showsSignOut(row, by('basic'));
    showsRefresh(row, by('offline'), {
      username: 'dana',
      leaveGroup: () => idp.changeGroups('dana', []),
      remove: () => idp.remove('dana'),
    });

    const ACCEPTED: readonly (readonly [string, LemonLdapConnector, string])[] = [
      ['client_secret_basic', 'basic', 'a secret with - _ . in the header'],
      ['client_secret_post', 'post', 'a secret in the form'],
      ['RS512', 'rs512', 'an id_token that is signed by RS512'],
      ['groups as a list', 'post', 'a claim that is a list, also of one group'],
      ['groups in one text', 'separated', 'a claim that is one text, with groupSeparator'],
    ];
    for (const [shown, connector, what] of ACCEPTED) {
      row.it(shown, `accepts ${what}`, async () => {
        const at = by(connector);
        for (const [username, groups] of [
          ['alice', 2],
          ['bob', 1],
          ['carol', 0],
        ] as const)
          assert.equal(await assertSignedIn(at, await arrive(at, username), username), groups);
      });
    }

    it('rejects an id_token by HS512, which is what a new client has, and names the algorithm', async () => {
      const { page } = await arrive(by('hs512'), 'alice');
      assert.equal(page.status, 403, page.text);
      const refusal = await refusalOn(world, page);
      assert.match(
        refusal.type === 'sign-in.refused' ? refusal.why : '',
        /\(HS512\); set RS256 for this client at the provider/,
      );
    });
  });
});
