import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type AssumeRoleWithSAMLCommandOutput,
  GetCallerIdentityCommand,
} from '@aws-sdk/client-sts';
import { samlResponse } from './saml.ts';
import { type Change, GOV_PROVIDER, type Request, useSamlScene } from './saml-scene.ts';
import { ADMIN, GOV, PROD, ROLE_PAIR, SAML_PROVIDER } from './support.ts';

const HOUR = 3600;

describe('AssumeRoleWithSAML', () => {
  const scene = useSamlScene();

  function lengthOf(answer: AssumeRoleWithSAMLCommandOutput): number {
    return Math.round(
      (answer.Credentials!.Expiration!.getTime() - scene.running.clock.now()) / 1000,
    );
  }

  test('exchanges a valid response for working credentials', async () => {
    const { Credentials, ...rest } = await scene.assume({
      sourceIdentity: 'alice',
      tags: { Department: ['R+D'] },
      transitiveKeys: ['Department'],
    });
    assert.match(Credentials!.AccessKeyId!, /^ASIA[A-Z2-7]{16}$/);
    assert.equal(Credentials!.SecretAccessKey!.length, 40);
    assert.equal(
      rest.AssumedRoleUser?.Arn,
      `arn:aws:sts::${PROD}:assumed-role/Admin/alice@example.com`,
    );
    assert.match(rest.AssumedRoleUser.AssumedRoleId!, /^AROA[A-Z2-7]{17}:alice@example\.com$/);
    assert.equal(rest.Issuer, 'https://idp.example.com/saml');
    assert.equal(rest.Subject, 'k3jx2q7d5vbn4mza');
    assert.equal(rest.SubjectType, 'persistent');
    assert.equal(rest.Audience, 'https://signin.aws.amazon.com/saml');
    assert.equal(rest.NameQualifier?.length, 28);
    assert.equal(rest.SourceIdentity, 'alice');
    assert.ok(rest.PackedPolicySize! > 0);

    const credentials = {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
    const who = await scene.running.sts(credentials).send(new GetCallerIdentityCommand({}));
    assert.equal(who.Arn, `arn:aws:sts::${PROD}:assumed-role/Admin/alice@example.com`);
    assert.equal(who.UserId, rest.AssumedRoleUser.AssumedRoleId);
    assert.equal(who.Account, PROD);
  });

  test('accepts the same response again within its five minutes', async () => {
    const SAMLAssertion = samlResponse({ roles: [ROLE_PAIR], now: scene.running.clock.now() });
    await scene.assume({}, { SAMLAssertion });
    await scene.assume({}, { SAMLAssertion });
  });

  describe('accepts', () => {
    const cases: readonly [string, Change, Request?][] = [
      ['the reverse order of role and provider', { roles: [`${SAML_PROVIDER},${ADMIN}`] }],
      [
        'one pair among several',
        { roles: [`arn:aws:iam::${PROD}:role/Other,${SAML_PROVIDER}`, ROLE_PAIR] },
      ],
      ['a response and an assertion that are both signed', { sign: ['Assertion', 'Response'] }],
      [
        'the second audience of the partition',
        { audiences: ['https://signin.aws.amazon.com/saml'] },
      ],
      [
        'SHA-512',
        {
          signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
          digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha512',
        },
      ],
      [
        'comments, which the signature does not cover, as if they were not there',
        { afterSigning: xml => xml.replace('alice@', 'ali<!-- -->ce@') },
      ],
      [
        'a NameID format of SAML 1.1',
        { nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress' },
      ],
      ['a role with a path', {}, { RoleArn: `arn:aws:iam::${PROD}:role/team/a/Pathed` }],
      [
        'a trust policy about the subject and an attribute',
        { extra: { 'urn:oid:1.3.6.1.4.1.5923.1.1.1.1': ['member', 'staff'] } },
        { RoleArn: `arn:aws:iam::${PROD}:role/Staff` },
      ],
      [
        'GovCloud with its own recipient and audience',
        {
          recipient: 'https://signin.amazonaws-us-gov.com/saml',
          audiences: ['urn:amazon:webservices:govcloud'],
        },
        { RoleArn: `arn:aws-us-gov:iam::${GOV}:role/Admin`, PrincipalArn: GOV_PROVIDER },
      ],
    ];
    for (const [name, change, input] of cases) {
      test(name, async () => {
        await scene.assume(change, input);
      });
    }
  });

  describe('the session lasts as long as the shortest of', () => {
    const cases: readonly [string, Change | (() => Change), number | undefined, number][] = [
      ['nothing: an hour', {}, undefined, HOUR],
      ['DurationSeconds', {}, 12 * HOUR, 12 * HOUR],
      ['SessionDuration, which shortens', { sessionDuration: '1800' }, 12 * HOUR, 1800],
      ['SessionDuration, which does not lengthen', { sessionDuration: '43200' }, undefined, HOUR],
      [
        'SessionNotOnOrAfter',
        () => ({ sessionNotOnOrAfter: scene.running.clock.now() + 1200_000 }),
        HOUR,
        1200,
      ],
    ];
    for (const [name, change, DurationSeconds, expected] of cases) {
      test(name, async () => {
        const answer = await scene.assume(
          typeof change === 'function' ? change() : change,
          DurationSeconds === undefined ? {} : { DurationSeconds },
        );
        assert.ok(Math.abs(lengthOf(answer) - expected) <= 1, `${lengthOf(answer)} s`);
      });
    }
  });
});
