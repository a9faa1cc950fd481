import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ResponseOptions, samlResponse } from './saml.ts';
import {
  PROD,
  ROLE_PAIR,
  SAML_PROVIDER,
  samlTrust,
  samlWorld,
  startLocalAws,
  useLocalAws,
} from './support.ts';

describe('the SAML sign-in page', () => {
  const running = useLocalAws(
    samlWorld({ roles: [{ account: PROD, name: 'Reader', trustPolicy: samlTrust() }] }),
  );

  const READER = `arn:aws:iam::${PROD}:role/Reader`;
  const response = (change: Partial<ResponseOptions> = {}) =>
    samlResponse({ roles: [ROLE_PAIR], now: running.clock.now(), ...change });
  const post = (form: Readonly<Record<string, string>>) =>
    fetch(`${running.url}/saml`, {
      method: 'POST',
      body: new URLSearchParams(form),
      redirect: 'manual',
    });
  const show = (answer: Response) =>
    fetch(`${running.url}/console`, {
      headers: { cookie: answer.headers.get('set-cookie')!.split(';')[0]! },
    });

  test('leads a response with one role to the console, for an hour', async () => {
    const answer = await post({
      SAMLResponse: response(),
      RelayState: 'https://console.aws.amazon.com/s3/home',
    });
    assert.equal(answer.status, 302);

    const text = await (await show(answer)).text();
    assert.match(text, /Admin in prod/);
    assert.match(text, /https:\/\/console\.aws\.amazon\.com\/s3\/home/);
    running.clock.turn(3601);
    assert.equal((await show(answer)).status, 401);
  });

  test('takes the duration from SessionDuration, up to the maximum of the role', async () => {
    const answer = await post({ SAMLResponse: response({ sessionDuration: '43200' }) });
    running.clock.turn(43_000);
    assert.equal((await show(answer)).status, 200);
    const tooLong = await post({
      SAMLResponse: response({ roles: [`${READER},${SAML_PROVIDER}`], sessionDuration: '7200' }),
    });
    assert.equal(tooLong.status, 400);
    assert.match(await tooLong.text(), /exceeds the MaxSessionDuration/);
  });

  test('offers several roles and opens the chosen one', async () => {
    const SAMLResponse = response({ roles: [ROLE_PAIR, `${READER},${SAML_PROVIDER}`] });
    const offer = await (
      await post({ SAMLResponse, RelayState: 'https://example.com/"><script>' })
    ).text();
    assert.match(offer, /Reader in prod/);
    assert.ok(offer.includes(`value="${READER}"`) && !offer.includes('<script>'));

    const answer = await post({ SAMLResponse, roleArn: READER });
    assert.match(await (await show(answer)).text(), /Reader in prod/);
    assert.equal(
      (await post({ SAMLResponse, roleArn: `arn:aws:iam::${PROD}:role/Root` })).status,
      403,
    );
  });

  test('does not follow a RelayState that is no console address', async () => {
    const text = await (
      await show(await post({ SAMLResponse: response(), RelayState: 'https://evil.example.com/' }))
    ).text();
    assert.ok(!text.includes('evil.example.com'));
  });

  const refusals: readonly [string, () => Readonly<Record<string, string>>, number, string][] = [
    [
      'another issuer',
      () => ({ SAMLResponse: response({ issuer: 'https://other.example.com' }) }),
      400,
      'Failed to assume role: Issuer not present in specified provider',
    ],
    [
      'no Role attribute',
      () => ({
        SAMLResponse: response({
          beforeSigning: xml => xml.replace('Attributes/Role"', 'Attributes/Other"'),
        }),
      }),
      400,
      'Your request included an invalid SAML response. To logout, click here.',
    ],
    [
      'a malformed Role',
      () => ({ SAMLResponse: response({ roles: ['Admin'] }) }),
      400,
      'Your request included an invalid SAML response. To logout, click here.',
    ],
    [
      'elements in a Role',
      () => ({ SAMLResponse: response({ roles: ['<saml:x/>'] }) }),
      400,
      'Your request included an invalid SAML response. To logout, click here.',
    ],
    [
      'more than 128 KB',
      () => ({ SAMLResponse: 'A'.repeat(131_076) }),
      400,
      'Response did not contain a valid SAML assertion',
    ],
    [
      'an unsigned assertion',
      () => ({ SAMLResponse: response({ sign: [] }) }),
      400,
      'Response signature invalid',
    ],
    [
      'no response',
      () => ({ RelayState: 'x' }),
      400,
      'Response did not contain a valid SAML assertion',
    ],
  ];
  for (const [name, form, status, text] of refusals) {
    test(`rejects ${name} with the text of the sign-in page`, async () => {
      const answer = await post(form());
      assert.equal(answer.status, status);
      assert.ok((await answer.text()).includes(text), running.reason());
      assert.equal(answer.headers.get('set-cookie'), null);
    });
  }

  test('reads posted forms only', async () => {
    assert.equal((await fetch(`${running.url}/saml`)).status, 400);
  });
});

test('a response signed on the outside only is accepted only if the world allows it', async () => {
  const running = await startLocalAws(samlWorld({ saml: { signature: 'either' } }));
  const post = (change: Partial<ResponseOptions>) =>
    fetch(`${running.url}/saml`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({
        SAMLResponse: samlResponse({ roles: [ROLE_PAIR], now: running.clock.now(), ...change }),
      }),
    });

  try {
    assert.equal((await post({ sign: ['Response'] })).status, 302);
    assert.equal((await post({ sign: [] })).status, 400);
    assert.equal(
      (await post({ sign: ['Response'], afterSigning: xml => xml.replace('>alice@', '>root@') }))
        .status,
      400,
    );
  } finally {
    await running.close();
  }
});

test('values of a partition can be replaced', async () => {
  const running = await startLocalAws(
    samlWorld({
      partitions: {
        aws: {
          recipients: ['https://signin.example.test/saml'],
          audiences: ['urn:test'],
          samlAttributePrefix: 'urn:test:',
        },
      },
      roles: [
        {
          account: PROD,
          name: 'Any',
          trustPolicy: {
            Statement: {
              Effect: 'Allow',
              Principal: { Federated: SAML_PROVIDER },
              Action: 'sts:AssumeRoleWithSAML',
            },
          },
        },
      ],
    }),
  );
  const post = (change: Partial<ResponseOptions>) =>
    fetch(`${running.url}/saml`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({
        SAMLResponse: samlResponse({
          roles: [`arn:aws:iam::${PROD}:role/Any,${SAML_PROVIDER}`],
          now: running.clock.now(),
          ...change,
        }),
      }),
    });
  const own = {
    recipient: 'https://signin.example.test/saml',
    audiences: ['urn:test'],
    attributePrefix: 'urn:test:',
  };

  try {
    assert.equal((await post(own)).status, 302);
    assert.equal(
      (await post({ ...own, recipient: 'https://signin.aws.amazon.com/saml' })).status,
      400,
    );
    assert.equal((await post({ ...own, audiences: ['urn:amazon:webservices'] })).status, 400);
  } finally {
    await running.close();
  }
});
