import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AssumeRoleWithSAMLCommand } from '@aws-sdk/client-sts';
import { makeCertificate } from './certificate.ts';
import { idpKey, metadataXml, samlResponse } from './saml.ts';
import {
  ADMIN,
  closed,
  listen,
  PROD,
  ROLE_PAIR,
  SAML_PROVIDER,
  samlWorld,
  startLocalAws,
} from './support.ts';

describe('a SAML provider with metadata by URL', () => {
  test('is fetched once, and again after a key rotation', async () => {
    let metadata = metadataXml([idpKey().certificate]);
    let fetches = 0;
    const { server, url } = await listen((_, response) => {
      fetches += 1;
      response.end(metadata);
    });
    const running = await startLocalAws(
      samlWorld({
        samlProviders: [
          { account: PROD, name: 'rolebridge', metadata: { url: `${url}/metadata` } },
        ],
      }),
    );
    const assume = (key = idpKey()) =>
      running.sts().send(
        new AssumeRoleWithSAMLCommand({
          RoleArn: ADMIN,
          PrincipalArn: SAML_PROVIDER,
          SAMLAssertion: samlResponse({ roles: [ROLE_PAIR], now: running.clock.now(), key }),
        }),
      );

    try {
      await assume();
      await assume();
      assert.equal(fetches, 1);

      const rotated = makeCertificate();
      metadata = metadataXml([rotated.certificate]);
      await assume(rotated);
      assert.equal(fetches, 2);
      await assert.rejects(assume(), { message: 'Response signature invalid' });
    } finally {
      await running.close();
      await closed(server);
    }
  });

  test('is rejected while the document is unreachable or invalid', async () => {
    let answer: { status: number; body: string } = { status: 404, body: '' };
    const { server, url } = await listen((_, response) =>
      response.writeHead(answer.status, { location: '/elsewhere' }).end(answer.body),
    );
    const running = await startLocalAws(
      samlWorld({ samlProviders: [{ account: PROD, name: 'rolebridge', metadata: { url } }] }),
    );
    const cases: readonly [number, string, RegExp][] = [
      [404, '', /answered 404/],
      [302, '', /answered 302/],
      [200, '<md/>', /1,000 to 10,000,000/],
      [
        200,
        metadataXml([makeCertificate({ bits: 1023 }).certificate], {
          entityId: 'https://idp.example.com/saml',
        }).padEnd(1100),
        /fewer than 1024 bits/,
      ],
      [
        200,
        metadataXml([idpKey().certificate])
          .replaceAll('KeyDescriptor use="signing"', 'KeyDescriptor use="encryption"')
          .padEnd(1100),
        /no signing certificate/,
      ],
    ];

    try {
      for (const [status, body, reason] of cases) {
        answer = { status, body };
        const command = new AssumeRoleWithSAMLCommand({
          RoleArn: ADMIN,
          PrincipalArn: SAML_PROVIDER,
          SAMLAssertion: samlResponse({ roles: [ROLE_PAIR], now: running.clock.now() }),
        });
        await assert.rejects(running.sts().send(command), {
          message: 'Response signature invalid',
        });
        assert.match(running.reason() ?? '', reason);
      }
    } finally {
      await running.close();
      await closed(server);
    }
  });

  test('is rejected if its only certificate has expired', async () => {
    const old = makeCertificate({ notAfter: new Date('2021-01-01T00:00:00Z') });
    const running = await startLocalAws(
      samlWorld({
        samlProviders: [
          { account: PROD, name: 'rolebridge', metadata: { xml: metadataXml([old.certificate]) } },
        ],
      }),
    );

    try {
      const SAMLAssertion = samlResponse({
        roles: [ROLE_PAIR],
        now: running.clock.now(),
        key: old,
      });
      await assert.rejects(
        running.sts().send(
          new AssumeRoleWithSAMLCommand({
            RoleArn: ADMIN,
            PrincipalArn: SAML_PROVIDER,
            SAMLAssertion,
          }),
        ),
        { message: 'Response signature invalid' },
      );
      assert.match(running.reason() ?? '', /expired/);
    } finally {
      await running.close();
    }
  });
});
