/**
 * People sign in to the whole bridge through SimpleSAMLphp, an IdP that is not ours, and go on to
 * AWS.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { packageVersion, useRow } from '../support/compatibility.ts';
import { button, callerOf, credentialsOn } from '../support/handout.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR } from '../support/world.ts';
import { type Federation, packagesMissing, startFederation, useFederation } from './federation.ts';
import { showsUsers } from './provider-suite.ts';
import { type SimpleSamlPhp, startSimpleSamlPhp } from './simplesamlphp.ts';
import { ADFS_ATTRIBUTES, type SimpleSamlPhpOptions } from './simplesamlphp-configuration.ts';

const skip = packagesMissing();

describe('through SimpleSAMLphp, which signs Response and Assertion,', { skip }, () => {
  const federation = useFederation({ idp: {} });
  const row = useRow('simplesamlphp-saml', () => packageVersion('simplesamlphp'));
  showsUsers(row, federation);

  it('alice, who is in two groups, reaches her roles', async () => {
    const arrival = await federation.signIn('alice');
    const { groupCount, methods, multiFactor } = await federation.assertSignedIn(arrival, 'alice');
    assert.equal(groupCount, 2);
    assert.deepEqual([methods.length, multiFactor], [1, false]);
    for (const text of ['prod', 'staging', 'gov', 'partner', 'Admin', 'Developer', 'Auditor'])
      assert.match(arrival.page.text, new RegExp(text));
  });

  it('alice opens prod/Admin in the AWS console', async () => {
    const { visitor, page } = await federation.signIn('alice');
    const console = await visitor.submit(page, button('Console', 'prod', 'Admin'));
    assert.ok(
      console.url.startsWith(`${federation.world.urls.aws}/console`),
      `${console.url}: ${console.text}`,
    );
    assert.match(console.text, /arn:aws:sts::111122223333:assumed-role\/Admin\/alice-/);
    assert.match(console.text, /Source identity\s*alice/i);

    for (const tag of ['alice@example.test', 'Platform'])
      assert.ok(console.text.includes(tag), tag);
  });

  it('a console link opens after the login page', async () => {
    const returnTo = encodeURIComponent('/console?account=prod&role=Admin');
    const { page } = await federation.signIn('alice', {
      path: `/sign-in/${CONNECTOR.saml}?return_to=${returnTo}`,
    });
    assert.ok(page.url.startsWith(`${federation.world.urls.aws}/console`), page.url);
  });

  it('erin, whose department the IdP does not send, gets the alternative value of the session tag', async () => {
    const shown = await openCredentials(await federation.signIn('erin'), 'Developer');
    assert.equal(shown.status, 200);
    const assertion = Buffer.from(
      federation.world.toAws.at(-1)!.form.get('SAMLAssertion')!,
      'base64',
    ).toString();
    assert.match(assertion, /PrincipalTag:Department.*?>none</s);
  });

  row.it(
    'unsolicited response',
    'a sign-in that begins at the IdP is rejected, and one that begins here works after it',
    async () => {
      const { visitor, page: answer } = await federation.answerUnsolicited('alice');
      const page = await federation.deliver(visitor, answer);
      const expected = {
        code: 'attempt_invalid',
        status: 400,
        shown: /Start at the sign-in page of this bridge/,
        why: /allowUnsolicited/,
      } as const;
      await federation.assertRefused({ visitor, page }, expected);
      await federation.assertSignedIn(await federation.signIn('alice', { visitor }), 'alice');
    },
  );
});

describe('where the rules require a second factor and SimpleSAMLphp has none,', { skip }, () => {
  const federation = useFederation({ idp: {}, demandSecondFactor: true });

  it('prod/Admin leads alice there once and ends on a page, and her other roles work', async () => {
    const { visitor, page } = await federation.signIn('alice');
    assert.match(
      page.text,
      /It requires a sign-in with a second factor, and your sign-in had none\./,
    );
    assert.equal(page.$(button('Console', 'prod', 'Admin')).length, 0);

    const path = '/console?account=prod&role=Admin';
    const { page: refused } = await federation.signIn('alice', { visitor, path });
    assert.equal(refused.status, 403);
    assert.match(refused.text, /step_up_failed.*AuthnContextClassRef/);

    const [event] = (await federation.world.audit()).filter(
      ({ type }) => type === 'access.refused',
    );
    assert.ok(
      event?.type === 'access.refused' &&
        event.code === 'proof_missing' &&
        event.actor.username === 'alice',
    );
    assert.match(
      await callerArn(federation, await openCredentials({ visitor, page }, 'Developer')),
      /assumed-role\/Developer\/alice-/,
    );
  });
});

describe('where sign-ins may begin at SimpleSAMLphp (allowUnsolicited),', { skip }, () => {
  const federation = useFederation({ idp: {}, connector: { allowUnsolicited: true } });

  const begunThere = async (relayState?: string) => {
    const { visitor, page } = await federation.answerUnsolicited('alice', relayState);
    return { visitor, answer: page, page: await federation.deliver(visitor, page) };
  };

  it('sign-ins that begin there and here both show the roles', async () => {
    await federation.assertSignedIn(await begunThere(), 'alice');
    await federation.assertSignedIn(await federation.signIn('bob'), 'bob');
  });

  it('a RelayState leads to a page of the bridge, after a question into production, and to no other site', async () => {
    const { bridge, aws } = federation.world.urls;
    const opened = await begunThere('/console?account=staging&role=Admin');
    assert.ok(opened.page.url.startsWith(`${aws}/console`), opened.page.url);
    const asked = await begunThere('/console?account=prod&role=Admin');
    assert.match(asked.page.text, /another site led here, and prod is production/);
    for (const elsewhere of ['https://evil.example/', '//evil.example/'])
      assert.equal((await begunThere(elsewhere)).page.url, `${bridge}/`);
  });

  it('the same Response is accepted once', async () => {
    const { answer } = await begunThere();
    const visitor = new Visitor();
    const page = await federation.deliver(visitor, answer);
    const expected = {
      code: 'assertion_replayed',
      status: 403,
      shown: /was already used/,
      why: /accepted before/,
    } as const;
    await federation.assertRefused({ visitor, page }, expected);
  });

  it('a Response to the request of another browser does not count as unsolicited', async () => {
    const other = new Visitor();
    const login = await other.get(`${federation.world.urls.bridge}/sign-in/${CONNECTOR.saml}`);
    const answer = await other.submit(login, 'form', { username: 'bob', password: 'bob' });
    const visitor = new Visitor();
    const page = await federation.deliver(visitor, answer, { RelayState: '' });
    const expected = {
      code: 'saml_response_refused',
      status: 403,
      shown: /was rejected/,
      why: /answers a request, but none was made/,
    } as const;
    await federation.assertRefused({ visitor, page }, expected);
  });
});

describe('by what SimpleSAMLphp signs', { skip }, () => {
  it('a signed Assertion in an unsigned Response is enough', async () => {
    await using({ idp: { signResponse: false } }, async federation => {
      await federation.assertSignedIn(await federation.signIn('alice'), 'alice');
    });
  });

  const REFUSED: readonly (readonly [string, SimpleSamlPhpOptions, RegExp])[] = [
    [
      'a signed Response with an unsigned Assertion',
      { signAssertion: false },
      /only the Response is signed/,
    ],
    [
      'an unsigned answer',
      { signAssertion: false, signResponse: false },
      /neither the Response nor the Assertion is signed/,
    ],
  ];
  for (const [what, idp, why] of REFUSED) {
    it(`${what} is rejected, and the same user can sign in once the IdP follows the bridge's metadata`, async () => {
      await using({ idp }, async federation => {
        const arrival = await federation.signIn('alice');
        await federation.assertRefused(arrival, {
          code: 'saml_response_refused',
          status: 403,
          shown: /was rejected/,
          why,
        });
        // It says WantAssertionsSigned.
        await federation.idp.trust(federation.spMetadata, { asPublished: true });
        await federation.assertSignedIn(await federation.signIn('alice', arrival), 'alice');
      });
    });
  }
});

/** 1.19 encrypts with AES-128-CBC, whatever the metadata prefers. */
describe('where SimpleSAMLphp encrypts Assertions,', { skip }, () => {
  const idp = { encryptAssertion: true };

  it('alice signs in if allowCbc is set, and the Response is signed', async () => {
    await using({ idp, connector: { allowCbc: true } }, async federation => {
      const arrival = await federation.signIn('alice');
      assert.equal((await federation.assertSignedIn(arrival, 'alice')).groupCount, 2);
      assert.match(
        await callerArn(federation, await openCredentials(arrival, 'Admin')),
        /assumed-role\/Admin\/alice-/,
      );
    });
  });

  const REFUSED: readonly (readonly [string, Record<string, unknown>, boolean, RegExp])[] = [
    ['AES-CBC is rejected by its name', {}, true, /encrypted with AES-CBC, .*allowCbc: true/],
    [
      'AES-CBC in an unsigned Response is rejected although allowCbc is set',
      { allowCbc: true },
      false,
      /AES-CBC in a Response that is not signed/,
    ],
  ];
  for (const [what, connector, signResponse, why] of REFUSED) {
    it(`${what}, and the next sign-in by the other connector works`, async () => {
      await using({ idp: { ...idp, signResponse }, connector }, async federation => {
        const arrival = await federation.signIn('alice');
        await federation.assertRefused(arrival, {
          code: 'saml_response_refused',
          status: 403,
          shown: /was rejected/,
          why,
        });
        const { visitor } = arrival;
        const { page } = await federation.world.signIn('alice', 'oidc', { visitor });
        await federation.assertSignedIn({ visitor, page }, 'alice');
      });
    });
  }

  it('alice stays at an error of SimpleSAMLphp if the metadata has no key', async () => {
    await using({ idp, connector: { encryption: false } }, async federation => {
      const { page } = await federation.signIn('alice');
      assert.ok(page.url.startsWith(federation.idp.origin), page.url);
    });
  });
});

describe('by the attributes that SimpleSAMLphp sends', { skip }, () => {
  it('attribute names of AD FS are accepted if the connector maps them, and reported as missing if not', async () => {
    const idp = await startSimpleSamlPhp({ attributes: 'adfs' });
    try {
      const { uid: username, mail: email, groups } = ADFS_ATTRIBUTES;
      await using(
        { idp, connector: { attributes: { username, email, groups } } },
        async federation => {
          const arrival = await federation.signIn('alice');
          assert.equal((await federation.assertSignedIn(arrival, 'alice')).groupCount, 2);
          assert.match(
            await callerArn(federation, await openCredentials(arrival, 'Admin')),
            /assumed-role\/Admin\/alice-/,
          );
        },
      );
      await using({ idp }, async federation => {
        const expected = {
          code: 'identity_incomplete',
          status: 403,
          shown: /did not send all required attributes/,
          why: /"uid"/,
        } as const;
        await federation.assertRefused(await federation.signIn('alice'), expected);
      });
    } finally {
      await idp.stop();
    }
  });

  const STABLE: readonly (readonly [string, SimpleSamlPhpOptions, Record<string, unknown>])[] = [
    ['a persistent NameID', { nameIdFormat: 'persistent' }, {}],
    ['a NameID that is a mail address', { nameIdFormat: 'email' }, {}],
    [
      'a transient NameID with an attribute as the subject',
      { nameIdFormat: 'transient' },
      { subject: 'uid' },
    ],
  ];
  for (const [what, options, connector] of STABLE) {
    it(`${what} gives alice the same id at her next sign-in, and bob another`, async () => {
      await using({ idp: options, connector }, async federation => {
        const person = async (uid: string) =>
          (await federation.assertSignedIn(await federation.signIn(uid), uid)).actor.person;
        const alice = await person('alice');
        assert.equal(await person('alice'), alice);
        assert.notEqual(await person('bob'), alice);
      });
    });
  }

  it('a transient NameID alone is rejected', async () => {
    await using({ idp: { nameIdFormat: 'transient' } }, async federation => {
      const expected = {
        code: 'identity_incomplete',
        status: 403,
        shown: /did not send all required attributes/,
        why: /NameID has the format \S+:transient, /,
      } as const;
      await federation.assertRefused(await federation.signIn('alice'), expected);
    });
  });
});

describe('when the clock of SimpleSAMLphp is out of sync', { skip }, () => {
  for (const [direction, seconds, why] of [
    ['ahead', 600, /issued in the future/],
    ['behind', -600, /issued more than 5 minutes ago/],
  ] as const) {
    it(`by 10 minutes (${direction}), sign-ins are rejected with a hint about clock skew, and work once the clocks agree`, async () => {
      await using({ idp: { clockOffsetSeconds: seconds } }, async federation => {
        const arrival = await federation.signIn('alice');
        await federation.assertRefused(arrival, {
          code: 'saml_response_refused',
          status: 403,
          shown: /the clocks .* may be out of sync/,
          why,
        });
        federation.setClock(seconds);
        const { visitor } = arrival;
        const page = (
          await federation.signIn('alice', {
            visitor,
            path: `/sign-in/${CONNECTOR.saml}?reauthenticate=1`,
          })
        ).page;
        await federation.assertSignedIn({ visitor, page }, 'alice');
      });
    });
  }
});

describe('where SimpleSAMLphp requires signed requests,', { skip }, () => {
  let idp: SimpleSamlPhp;
  before(async () => {
    idp = await startSimpleSamlPhp({ demandSignedRequests: true });
  });
  after(() => idp?.stop());

  for (const [what, signRequests] of [
    ['because it is told to', true],
    ["because the IdP's metadata says so, although it is told not to", false],
  ] as const) {
    it(`the bridge signs them ${what}`, () =>
      using({ idp, connector: { signRequests } }, async federation => {
        await federation.assertSignedIn(await federation.signIn('alice'), 'alice');
      }));
  }

  it('a request without its signature, or a changed one, does not reach the login form', () =>
    using({ idp }, async ({ world }) => {
      const visitor = new Visitor();
      const toIdp = (url: string) => url.startsWith(idp.origin);
      const request = (
        await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.saml}`, { stopAt: toIdp })
      ).path.at(-1)!;
      const unsigned = new URL(request);
      for (const name of ['SigAlg', 'Signature']) unsigned.searchParams.delete(name);
      const changed = new URL(request);
      changed.searchParams.set('RelayState', 'another');
      for (const [{ href }, why] of [
        [unsigned, /no signature found/],
        [changed, /Unable to validate signature/],
      ] as const) {
        const page = await visitor.get(href);
        assert.match(page.text, why);
        assert.equal(page.$('input[type=password]').length, 0);
      }
      assert.equal((await visitor.get(request)).$('input[type=password]').length, 1);
    }));
});

/** A federation for one test. */
async function using(
  options: Parameters<typeof startFederation>[0],
  test: (federation: Federation) => Promise<void>,
): Promise<void> {
  const federation = await startFederation(options);
  try {
    await test(federation);
  } finally {
    await federation.close();
  }
}

function openCredentials(
  { visitor, page }: { visitor: Visitor; page: Page },
  role: string,
): Promise<Page> {
  return visitor.submit(page, button('Credentials', 'prod', role));
}

/** Whom AWS takes the bearer of the shown credentials for. */
function callerArn({ world }: Federation, page: Page): Promise<string> {
  return callerOf(world.urls.aws, credentialsOn(page));
}
