import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountId, RoleName, Trust } from '../../src/core/role.ts';
import type { CorporateProof } from '../../src/core/sign-in.ts';
import { anAccount, aRoleSession } from '../support/assertion-subject.ts';
import { ASSERTION, answering, refusalOf, TOKEN, trusting, withBroker } from './broker-world.ts';
import { type Answer, type Recorded, stsAnswer, stsError } from './recording-server.ts';

const CORPORATE: Record<string, CorporateProof> = {
  'corporate-saml': {
    kind: 'saml-response',
    samlResponse: 'Y29ycG9yYXRlLXJlc3BvbnNl',
    expiresAt: Number.MAX_SAFE_INTEGER,
  },
  'corporate-web-identity': {
    kind: 'id-token',
    token: 'corporate.id.token',
    expiresAt: Number.MAX_SAFE_INTEGER,
  },
};

const VIA_HUB: Trust = {
  by: 'hub',
  hub: anAccount({ name: 'hub' }),
  role: 'BridgeHub' as RoleName,
  externalId: 'spoke-7f3c',
};
const SPOKE = anAccount({
  id: '444455556666' as AccountId,
  name: 'partner',
  region: 'us-west-2',
  trust: VIA_HUB,
});
const answeringChain = (request: Recorded, index: number): Answer =>
  index === 0
    ? stsAnswer(request.form.get('Action')!, {
        arn: 'arn:aws:sts::111122223333:assumed-role/BridgeHub/alice',
        keyId: 'ASIAHUBHUBHUBHUBHUB1',
      })
    : stsAnswer('AssumeRole', { arn: 'arn:aws:sts::444455556666:assumed-role/Admin/alice' });

describe('a role whose account trusts', () => {
  const scope = {
    'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/ReadOnlyAccess',
    Policy: '{"Version":"2012-10-17"}',
    DurationSeconds: '14400',
    Version: '2011-06-15',
    RoleArn: 'arn:aws:iam::111122223333:role/Admin',
  };
  const cases: readonly {
    readonly trust: Exclude<Trust, { by: 'hub' }>;
    readonly sends: Record<string, string>;
  }[] = [
    {
      trust: { by: 'saml', provider: 'rolebridge' },
      sends: {
        Action: 'AssumeRoleWithSAML',
        SAMLAssertion: ASSERTION,
        PrincipalArn: 'arn:aws:iam::111122223333:saml-provider/rolebridge',
      },
    },
    {
      trust: { by: 'corporate-saml', provider: 'adfs' },
      sends: {
        Action: 'AssumeRoleWithSAML',
        SAMLAssertion: 'Y29ycG9yYXRlLXJlc3BvbnNl',
        PrincipalArn: 'arn:aws:iam::111122223333:saml-provider/adfs',
      },
    },
    {
      trust: { by: 'web-identity' },
      sends: {
        Action: 'AssumeRoleWithWebIdentity',
        WebIdentityToken: TOKEN,
        RoleSessionName: 'alice-k3jx2q7d5vbn4mza',
      },
    },
    {
      trust: { by: 'corporate-web-identity' },
      sends: {
        Action: 'AssumeRoleWithWebIdentity',
        WebIdentityToken: 'corporate.id.token',
        RoleSessionName: 'alice-k3jx2q7d5vbn4mza',
      },
    },
  ];
  for (const { trust, sends } of cases) {
    it(`${trust.by} is got by ${sends.Action}, unsigned, with the session's scope as parameters`, async () => {
      await withBroker(answering, async ({ assume, requests }) => {
        const session = aRoleSession({
          policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
          policy: '{"Version":"2012-10-17"}',
        });
        const assumed = await assume({
          ...trusting(trust, { session }),
          corporateProof: CORPORATE[trust.by],
        });
        assert.equal(requests.length, 1);
        assert.deepEqual(Object.fromEntries(requests[0]!.form), { ...scope, ...sends });
        assert.equal(requests[0]!.headers.authorization, undefined);
        assert.equal(requests[0]!.headers['x-amz-security-token'], undefined);
        assert.deepEqual(assumed, {
          credentials: {
            accessKeyId: 'ASIAEXAMPLEEXAMPLE11',
            secretAccessKey: 'secret-of-ASIAEXAMPLEEXAMPLE11',
            sessionToken: 'token-of-ASIAEXAMPLEEXAMPLE11',
            expiresAt: Date.UTC(2026, 0, 2, 7, 5),
          },
          assumedRoleArn: 'arn:aws:sts::111122223333:assumed-role/Admin/alice',
          chained: false,
          stsRequestId: '11111111-2222-3333-4444-555555555555',
          durationSeconds: 14_400,
          reducedFrom: undefined,
          packedPolicyPercent: undefined,
          tagsLeftOut: [],
        });
      });
    });
  }

  it('a federation gets tags and source identity in the proof, not as parameters', async () => {
    await withBroker(answering, async ({ assume, requests, asserted }) => {
      const session = aRoleSession({
        tags: [{ key: 'Team', value: 'Blue' }],
        transitiveTags: ['Team'],
        sourceIdentity: 'alice',
      });
      await assume(trusting({ by: 'web-identity' }, { session }));
      assert.deepEqual(asserted[0]!.session, session);
      assert.deepEqual([...requests[0]!.form.keys()].sort(), [
        'Action',
        'DurationSeconds',
        'RoleArn',
        'RoleSessionName',
        'Version',
        'WebIdentityToken',
      ]);
    });
  });
});

describe('a role behind a hub', () => {
  const session = aRoleSession({
    durationSeconds: 8 * 3600,
    tags: [
      { key: 'Team', value: 'Blue' },
      { key: 'Mail', value: 'a@example.com' },
    ],
    transitiveTags: ['Team'],
    sourceIdentity: 'alice',
    policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
  });

  it('is got by two calls: a short session of the hub, then AssumeRole with what the hub does not hand on', async () => {
    await withBroker(answeringChain, async ({ assume, requests, asserted }) => {
      const assumed = await assume(trusting(VIA_HUB, { account: SPOKE, session }));
      assert.equal(asserted.length, 1);
      assert.equal(asserted[0]!.role, 'arn:aws:iam::111122223333:role/BridgeHub');
      assert.equal(asserted[0]!.sessionName, 'alice-k3jx2q7d5vbn4mza');
      assert.deepEqual(asserted[0]!.session, {
        durationSeconds: 900,
        tags: [{ key: 'Team', value: 'Blue' }],
        transitiveTags: ['Team'],
        sourceIdentity: 'alice',
        policyArns: [],
      });
      assert.equal(requests[0]!.form.get('DurationSeconds'), '900');
      assert.deepEqual(Object.fromEntries(requests[1]!.form), {
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: 'arn:aws:iam::444455556666:role/Admin',
        RoleSessionName: 'alice-k3jx2q7d5vbn4mza',
        DurationSeconds: '3600',
        ExternalId: 'spoke-7f3c',
        'Tags.member.1.Key': 'Mail',
        'Tags.member.1.Value': 'a@example.com',
        'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/ReadOnlyAccess',
      });
      assert.equal(assumed.chained, true);
      assert.equal(assumed.durationSeconds, 3600);
      assert.equal(assumed.reducedFrom, 8 * 3600);
    });
  });

  it("is asked for with the hub session's credentials, in the region of the role's own account", async () => {
    await withBroker(answeringChain, async ({ assume, requests }) => {
      await assume(trusting(VIA_HUB, { account: SPOKE }));
      assert.match(
        requests[1]!.headers.authorization!,
        /Credential=ASIAHUBHUBHUBHUBHUB1\/\d{8}\/us-west-2\/sts\/aws4_request/,
      );
      assert.equal(requests[1]!.headers['x-amz-security-token'], 'token-of-ASIAHUBHUBHUBHUBHUB1');
    });
  });

  it('gets everything by parameter where the hub trusts the corporate identity provider', async () => {
    await withBroker(answeringChain, async ({ assume, requests, asserted }) => {
      const trust: Trust = {
        ...VIA_HUB,
        hub: anAccount({ name: 'hub', trust: { by: 'corporate-web-identity' } }),
        externalId: undefined,
      };
      await assume({
        ...trusting(trust, { account: { ...SPOKE, trust }, session }),
        corporateProof: CORPORATE['corporate-web-identity'],
      });
      assert.equal(asserted.length, 0);
      const { form } = requests[1]!;
      assert.equal(form.get('Tags.member.2.Key'), 'Mail');
      assert.equal(form.get('TransitiveTagKeys.member.1'), 'Team');
      assert.equal(form.get('SourceIdentity'), 'alice');
      assert.equal(form.has('ExternalId'), false);
    });
  });

  it('is refused in the name of the hub role when the hub refuses', async () => {
    await withBroker(
      () => stsError(403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithSAML'),
      async ({ assume, requests }) => {
        const refusal = await refusalOf(assume(trusting(VIA_HUB, { account: SPOKE, session })));
        assert.match(
          refusal.message,
          /^STS AssumeRoleWithSAML for arn:aws:iam::111122223333:role\/BridgeHub: AccessDenied/,
        );
        assert.match(
          refusal.hint,
          /role BridgeHub of account hub.*sts:TagSession, sts:SetSourceIdentity/,
        );
        assert.equal(requests.length, 1);
      },
    );
  });

  it('names the role itself when the second call is refused', async () => {
    await withBroker(
      (request, index) =>
        index === 0
          ? answeringChain(request, 0)
          : stsError(
              403,
              'AccessDenied',
              'User: arn:aws:sts::111122223333:assumed-role/BridgeHub/alice is not authorized to perform: sts:TagSession on resource: arn:aws:iam::444455556666:role/Admin',
            ),
      async ({ assume }) => {
        const refusal = await refusalOf(assume(trusting(VIA_HUB, { account: SPOKE, session })));
        assert.match(
          refusal.message,
          /^STS AssumeRole for arn:aws:iam::444455556666:role\/Admin: AccessDenied: is not authorized to perform: sts:TagSession \(request 1111/,
        );
        assert.match(refusal.hint, /the hub role, with the same external id/);
      },
    );
  });
});

describe('the length of a session', () => {
  const tooLong = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
  const anHourAtMost = (request: Recorded): Answer =>
    Number(request.form.get('DurationSeconds')) > 3600
      ? stsError(400, 'ValidationError', tooLong)
      : answering(request);

  it('falls to an hour where the role allows no more, and says so', async () => {
    await withBroker(anHourAtMost, async ({ assume, requests, asserted }) => {
      const assumed = await assume(trusting({ by: 'saml', provider: 'rolebridge' }));
      assert.equal(assumed.durationSeconds, 3600);
      assert.equal(assumed.reducedFrom, 14_400);
      assert.equal(requests.length, 2);
      assert.deepEqual(
        asserted.map(subject => subject.session.durationSeconds),
        [14_400, 3600],
        'each call has its own proof',
      );
    });
  });

  it('is remembered for the role and only for it, for five minutes', async () => {
    await withBroker(anHourAtMost, async ({ assume, requests, clock }) => {
      const request = trusting({ by: 'web-identity' });
      await assume(request);
      const second = await assume(request);
      assert.equal(requests.length, 3);
      assert.equal(second.reducedFrom, 14_400);
      await assume(trusting({ by: 'web-identity' }, { roleName: 'Other' }));
      assert.equal(requests.length, 5);
      clock.turn(301);
      await assume(request);
      assert.equal(requests.length, 7);
    });
  });

  it('is not tried again when an hour was asked for already', async () => {
    await withBroker(
      () => stsError(400, 'ValidationError', tooLong),
      async ({ assume, requests }) => {
        const session = aRoleSession({ durationSeconds: 3600 });
        const refusal = await refusalOf(assume(trusting({ by: 'web-identity' }, { session })));
        assert.equal(refusal.code, 'aws_refused');
        assert.equal(requests.length, 1);
      },
    );
  });

  it('is tried again once only', async () => {
    await withBroker(
      () => stsError(400, 'ValidationError', tooLong),
      async ({ assume, requests }) => {
        const refusal = await refusalOf(assume(trusting({ by: 'web-identity' })));
        assert.match(refusal.message, /exceeds the MaxSessionDuration set for this role/);
        assert.equal(requests.length, 2);
      },
    );
  });
});

describe('a proof of the corporate identity provider', () => {
  const cases: readonly {
    readonly what: string;
    readonly proof: CorporateProof | undefined;
    readonly trust: Trust;
  }[] = [
    { what: 'that is missing', proof: undefined, trust: { by: 'corporate-web-identity' } },
    {
      what: 'of the other protocol',
      proof: CORPORATE['corporate-saml'],
      trust: { by: 'corporate-web-identity' },
    },
    {
      what: 'of the other protocol, for SAML',
      proof: CORPORATE['corporate-web-identity'],
      trust: { by: 'corporate-saml', provider: 'adfs' },
    },
    {
      what: 'that is over',
      proof: { kind: 'id-token', token: 'corporate.id.token', expiresAt: 1 },
      trust: { by: 'corporate-web-identity' },
    },
  ];
  for (const { what, proof, trust } of cases) {
    it(`${what} asks for a fresh sign-in and sends nothing`, async () => {
      await withBroker(answering, async ({ assume, requests }) => {
        const refusal = await refusalOf(assume({ ...trusting(trust), corporateProof: proof }));
        assert.equal(refusal.code, 'corporate_proof_missing');
        assert.ok(!refusal.message.includes('corporate.id.token'));
        assert.equal(requests.length, 0);
      });
    });
  }

  it('that was encrypted for the bridge is not sent, and the refusal says so', async () => {
    const corporateProof = { kind: 'encrypted-response', expiresAt: 1 } as const;
    await withBroker(answering, async ({ assume, requests }) => {
      const trust = { by: 'corporate-saml', provider: 'adfs' } as const;
      const refusal = await refusalOf(assume({ ...trusting(trust), corporateProof }));
      assert.equal(refusal.code, 'corporate_proof_missing');
      assert.match(refusal.message, /that of the session is encrypted for the bridge/);
      assert.match(refusal.hint, /saml\.encryption: false/);
      assert.equal(requests.length, 0);
    });
  });

  it('that STS finds over asks for a fresh sign-in', async () => {
    await withBroker(
      () =>
        stsError(
          400,
          'ExpiredTokenException',
          'Token expired: current date/time 1611111111 must be before the expiration date/time 1611110000',
        ),
      async ({ assume }) => {
        const refusal = await refusalOf(
          assume({
            ...trusting({ by: 'corporate-web-identity' }),
            corporateProof: CORPORATE['corporate-web-identity'],
          }),
        );
        assert.equal(refusal.code, 'corporate_proof_missing');
      },
    );
  });

  it("cannot carry a rule's tags or source identity, so such a role is refused", async () => {
    await withBroker(answering, async ({ assume, requests }) => {
      for (const session of [
        aRoleSession({ sourceIdentity: 'alice' }),
        aRoleSession({ tags: [{ key: 'Team', value: 'Blue' }] }),
      ]) {
        const refusal = await refusalOf(
          assume({
            ...trusting({ by: 'corporate-web-identity' }, { session }),
            corporateProof: CORPORATE['corporate-web-identity'],
          }),
        );
        assert.equal(refusal.code, 'session_settings_invalid');
      }
      assert.equal(requests.length, 0);
    });
  });
});
