/** Answers to a refresh that no honest provider gives for this user (threats R18, R20, R21). */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { FailedRefresh, RefreshAnswer } from '../../src/core/identity-refresh.ts';
import type { Connector } from '../../src/core/ports.ts';
import type { VerifiedSignIn } from '../../src/core/sign-in.ts';
import type { Mischief } from '../support/mischief.ts';
import { forgeFor, openConnector, SENSITIVE, signIn } from '../support/oidc-sign-in.ts';
import { ALICE, type OpenIdProviderForge } from '../support/openid-provider-forge.ts';

const seconds = () => Math.floor(Date.now() / 1000);

interface SignedIn {
  readonly forge: OpenIdProviderForge;
  readonly connector: Connector;
  readonly signedIn: VerifiedSignIn;
  /** Asks about the user again, by the refresh token of the sign-in unless one is given. */
  ask(refreshToken?: string): Promise<RefreshAnswer>;
}

async function signedIn(
  t: TestContext,
  limits = { timeoutSeconds: 5, maxBytes: 1_000_000 },
): Promise<SignedIn> {
  const forge = await forgeFor(t);
  const connector = await openConnector(t, forge, {}, limits);
  const first = await signIn(connector, forge);
  const { idToken, refreshToken: newest } = first.providerSession!;
  const { subject } = first.identity;
  const ask: SignedIn['ask'] = (refreshToken = newest!) =>
    connector.refresh!({ subject, refreshToken, idToken });
  return { forge, connector, signedIn: first, ask };
}

/** A failure that tells no secret. */
function failed(answer: RefreshAnswer, { made }: OpenIdProviderForge): FailedRefresh {
  assert.equal(answer.kind, 'failed', inspect(answer));
  const everything = inspect(answer.error, { depth: 20, showHidden: true, maxStringLength: null });
  for (const secret of [...made, SENSITIVE])
    assert.ok(!everything.includes(secret), `${secret.slice(0, 12)}... is in the error`);
  return answer;
}

const claims = (changed: Record<string, unknown>) => (forge: OpenIdProviderForge) => {
  forge.faults.idToken = original => ({ ...original, ...changed });
};

describe('an answer to a refresh is rejected', () => {
  const cases: [string, (forge: OpenIdProviderForge) => void, RegExp, ErrorCode?][] = [
    ['about another user', claims({ sub: 'bob-0002' }), /sub is another user/],
    ['about a user of the same letters', claims({ sub: 'Alice-0001' }), /sub is another user/],
    [
      'whose userinfo is about another user',
      forge => {
        claims({ groups: undefined })(forge);
        forge.faults.userinfo = said => ({ ...said, sub: 'bob-0002' });
      },
      /unexpected "response" body "sub" property value/,
    ],
    [
      'without an id_token whose userinfo is about another user',
      forge => {
        forge.faults.token = ({ id_token: _, ...answer }) => answer;
        forge.faults.userinfo = said => ({ ...said, sub: 'bob-0002' });
      },
      /unexpected "response" body "sub" property value/,
    ],
    [
      'that is unsigned',
      forge => {
        forge.faults.signature = 'none';
      },
      /unexpected JWT "alg"/,
    ],
    [
      'that is signed with the client secret',
      forge => {
        forge.faults.signature = 'hs256';
      },
      /unexpected JWT "alg"/,
    ],
    [
      'that is signed with another key',
      forge => {
        forge.faults.signature = 'other-key';
      },
      /signature verification failed/,
    ],
    ['for another audience', claims({ aud: SENSITIVE }), /unexpected JWT "aud"/],
    ['for another client', claims({ azp: SENSITIVE }), /azp is another client/],
    ['of another issuer', claims({ iss: 'https://evil.example' }), /unexpected JWT "iss"/],
    ['that is expired', claims({ exp: seconds() - 90 }), /expiration is past/],
    ['that was issued long ago', claims({ iat: seconds() - 700 }), /iat is more than 600 s ago/],
    ['that will be issued', claims({ iat: seconds() + 90 }), /iat is in the future/],
    ['with another nonce', claims({ nonce: SENSITIVE }), /nonce is another one/],
    [
      'with the hash of another access token',
      forge => {
        forge.faults.atHash = 'wrong';
      },
      /at_hash does not belong/,
    ],
  ];
  for (const [what, spoil, message] of cases) {
    test(what, async t => {
      const { forge, ask } = await signedIn(t);
      spoil(forge);
      const { error, lost, tokens } = failed(await ask(), forge);
      assert.equal(error.code, 'oidc_response_refused', error.message);
      assert.match(error.message, message);
      // The new tokens can be those of another user; without them, a denial proves nothing.
      assert.deepEqual({ lost, tokens }, { lost: 'token', tokens: {} });
    });
  }
});

describe('an answer to a refresh says too little', () => {
  const cases: [string, (forge: OpenIdProviderForge) => void, RegExp][] = [
    [
      'with no id_token and no groups at userinfo',
      forge => {
        forge.faults.token = ({ id_token: _, ...answer }) => answer;
        forge.faults.userinfo = ({ groups: _, ...said }) => said;
      },
      /no id_token, and userinfo has no claim "groups"/,
    ],
    [
      'with more groups than fit into a token',
      forge => {
        const elsewhere = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } };
        claims({ groups: undefined, ...elsewhere })(forge);
        forge.faults.userinfo = ({ groups: _, ...said }) => said;
      },
      /overage/,
    ],
    [
      'with too many groups',
      claims({ groups: Array.from({ length: 5001 }, (_, index) => `g${index}`) }),
      /the groups claim "groups" has 5001 entries/,
    ],
    [
      'without a user name',
      forge => {
        claims({ preferred_username: undefined })(forge);
        forge.faults.userinfo = ({ preferred_username: _, ...said }) => said;
      },
      /the username claim "preferred_username" is missing/,
    ],
  ];
  for (const [what, spoil, message] of cases) {
    test(`${what}: nothing is learned, and the new refresh token is kept`, async t => {
      const { forge, ask } = await signedIn(t);
      spoil(forge);
      const { error, lost, tokens } = failed(await ask(), forge);
      assert.equal(error.code, 'identity_incomplete');
      assert.match(error.message, message);
      assert.equal(lost, 'nothing');
      assert.equal(
        tokens.refreshToken,
        forge.made.findLast(made => made.startsWith('refresh-')),
      );
    });
  }
});

describe('an answer to a refresh', () => {
  test('states what the user is now, and nothing of their authentication', async t => {
    const { forge, signedIn: first, ask } = await signedIn(t);
    claims({ groups: ['developers'], amr: ['mfa'], auth_time: seconds() })(forge);
    const answer = await ask();
    assert.equal(answer.kind, 'confirmed');
    const { authentication, groups, person } = answer.identity;
    assert.deepEqual(groups, ['developers']);
    assert.equal(person, first.identity.person);
    assert.deepEqual(authentication, { at: undefined, methods: [], multiFactor: false });
    assert.ok(forge.made.includes(answer.tokens.idToken!));
    assert.notEqual(answer.tokens.refreshToken, first.providerSession!.refreshToken);
    assert.equal((await ask(answer.tokens.refreshToken)).kind, 'confirmed');
  });

  test('may repeat the nonce of the sign-in', async t => {
    const { forge, signedIn: first, ask } = await signedIn(t);
    const [, payload] = first.providerSession!.idToken.split('.');
    const { nonce } = JSON.parse(Buffer.from(payload!, 'base64url').toString());
    assert.equal(typeof nonce, 'string');
    claims({ nonce })(forge);
    assert.equal((await ask()).kind, 'confirmed');
  });

  test('without a new refresh token leaves the old one in use', async t => {
    const { forge, ask } = await signedIn(t);
    forge.faults.token = ({ refresh_token: _, ...answer }) => answer;
    const answer = await ask();
    assert.equal(answer.kind, 'confirmed');
    assert.equal(answer.tokens.refreshToken, undefined);
  });

  test('without an id_token counts by userinfo, and is no newer than a sign-in after it', async t => {
    const { forge, ask } = await signedIn(t);
    forge.faults.token = ({ id_token: _, ...answer }) => answer;
    forge.faults.userinfo = said => ({ ...said, groups: ['developers'] });
    const answer = await ask();
    assert.equal(answer.kind, 'confirmed');
    assert.deepEqual(answer.identity.groups, ['developers']);
    assert.ok(answer.identity.assertedAt <= Date.now());
    assert.equal(answer.tokens.idToken, undefined);
  });

  test('with an id_token and no groups anywhere is a loss of all groups', async t => {
    const { forge, ask } = await signedIn(t);
    claims({ groups: undefined })(forge);
    forge.faults.userinfo = ({ groups: _, ...said }) => said;
    const answer = await ask();
    assert.equal(answer.kind, 'confirmed');
    assert.deepEqual(answer.identity.groups, []);
    assert.equal(forge.asked.userinfo, 1);
  });

  const denials: [string, { error: string; error_description?: string }, RefreshAnswer['kind']][] =
    [
      ['invalid_grant', { error: 'invalid_grant' }, 'denied'],
      [
        'invalid_grant of a revoked token (Entra ID)',
        { error: 'invalid_grant', error_description: 'AADSTS50173: The grant has been revoked.' },
        'denied',
      ],
      [
        'invalid_grant for want of a second factor (Entra ID)',
        { error: 'invalid_grant', error_description: `AADSTS50076: ${SENSITIVE}` },
        'interaction',
      ],
      [
        'invalid_grant for want of an enrolment (Entra ID)',
        { error: 'invalid_grant', error_description: 'AADSTS50079: enrol' },
        'interaction',
      ],
      ['interaction_required', { error: 'interaction_required' }, 'interaction'],
      ['login_required', { error: 'login_required' }, 'interaction'],
      ['consent_required', { error: 'consent_required' }, 'interaction'],
      ['account_selection_required', { error: 'account_selection_required' }, 'interaction'],
      ['invalid_client', { error: 'invalid_client' }, 'failed'],
      ['temporarily_unavailable', { error: 'temporarily_unavailable' }, 'failed'],
      ['the name of a property', { error: '__proto__' }, 'failed'],
    ];
  for (const [what, body, kind] of denials) {
    test(`of ${what} counts as ${kind}`, async t => {
      const { forge, ask } = await signedIn(t);
      forge.faults.refresh = body;
      const answer = await ask();
      assert.equal(answer.kind, kind);
      if (answer.kind === 'failed') assert.equal(answer.lost, 'nothing');
      assert.ok(!inspect(answer, { depth: 20 }).includes(SENSITIVE));
    });
  }

  test('is a denial when userinfo rejects the access token of a moment ago', async t => {
    const { forge, ask } = await signedIn(t);
    claims({ groups: undefined })(forge);
    forge.faults.token = answer => ({ ...answer, access_token: 'of-another-user' });
    assert.equal((await ask()).kind, 'denied');
  });
});

describe('a refresh at a broken provider', () => {
  const LOST: Record<Mischief, FailedRefresh['lost']> = {
    huge: 'answer',
    hanging: 'answer',
    redirecting: 'answer',
    garbage: 'answer',
    'not-json': 'answer',
    failing: 'answer',
    dropping: 'answer',
  };
  for (const [mischief, lost] of Object.entries(LOST) as [Mischief, FailedRefresh['lost']][]) {
    test(`whose token endpoint is ${mischief} may have used the token up`, async t => {
      const limits = { timeoutSeconds: mischief === 'hanging' ? 1 : 5, maxBytes: 100_000 };
      const { forge, ask } = await signedIn(t, limits);
      forge.faults.mischief.token = mischief;
      const answer = failed(await ask(), forge);
      assert.equal(answer.error.code, 'idp_unreachable');
      assert.deepEqual({ lost: answer.lost, tokens: answer.tokens }, { lost, tokens: {} });
    });

    test(`whose userinfo is ${mischief} keeps the new refresh token`, async t => {
      const limits = { timeoutSeconds: mischief === 'hanging' ? 1 : 5, maxBytes: 100_000 };
      const { forge, ask } = await signedIn(t, limits);
      claims({ groups: undefined })(forge);
      forge.faults.mischief.userinfo = mischief;
      const answer = failed(await ask(), forge);
      assert.equal(answer.error.code, 'idp_unreachable');
      assert.equal(answer.lost, 'nothing');
      assert.notEqual(answer.tokens.refreshToken, undefined);
    });
  }

  test('whose keys cannot be read keeps the new refresh token', async t => {
    const { forge, ask } = await signedIn(t);
    await forge.rotateKey();
    forge.faults.mischief.jwks = 'failing';
    const answer = failed(await ask(), forge);
    assert.equal(answer.lost, 'nothing');
    assert.notEqual(answer.tokens.refreshToken, undefined);
  });

  test('that no longer listens has used nothing up', async t => {
    const { forge, ask } = await signedIn(t);
    await forge.close();
    // The first request meets the connection that was open until now.
    await ask();
    const answer = failed(await ask(), forge);
    assert.match(answer.error.message, /ECONNREFUSED/);
    assert.equal(answer.lost, 'nothing');
  });
});

describe('the revocation of a refresh token', () => {
  test('ends it at the provider', async t => {
    const { forge, connector, signedIn: first, ask } = await signedIn(t);
    await connector.revoke!(first.providerSession!.refreshToken!);
    assert.equal(forge.asked.revocation, 1);
    assert.equal((await ask()).kind, 'denied');
  });

  const unusable: [string, unknown][] = [
    ['null', null],
    ['empty', ''],
    ['http', 'http://idp.example/revoke'],
    ['absent', undefined],
    ['a number', 1],
  ];
  for (const [what, endpoint] of unusable) {
    test(`does nothing where its endpoint is ${what}, and sign-ins work`, async t => {
      const forge = await forgeFor(t);
      forge.faults.discovery = document => ({ ...document, revocation_endpoint: endpoint });
      const connector = await openConnector(t, forge);
      assert.deepEqual(connector.availability(), { state: 'ready' });
      assert.equal((await signIn(connector, forge)).identity.subject, ALICE.sub);
      await connector.revoke!('refresh-0');
      assert.equal(forge.asked.revocation, 0);
    });
  }
});
