/** Sessions whose policies and tags AWS finds too large, and what is left out then. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AssertionSubject, AssumeRequest } from '../../src/core/assumed-role.ts';
import { BridgeError } from '../../src/core/errors.ts';
import type { AccountId, RoleName, Trust } from '../../src/core/role.ts';
import type { SessionTag } from '../../src/core/session.ts';
import type { CorporateProof } from '../../src/core/sign-in.ts';
import { anAccount, aRoleSession } from '../support/assertion-subject.ts';
import { answering, refusalOf, trusting, withBroker } from './broker-world.ts';
import { type Answer, type Recorded, stsAnswer, stsError } from './recording-server.ts';

const TEAM: SessionTag = { key: 'Team', value: 'Blue', optional: true };
const MAIL: SessionTag = { key: 'Mail', value: 'a@example.com', optional: true };
const COST: SessionTag = { key: 'Cost', value: '4711' };
const POLICY = '{"Version":"2012-10-17","Statement":[]}';
const POLICY_ARN = 'arn:aws:iam::aws:policy/ReadOnlyAccess';

const PROOF: CorporateProof = {
  kind: 'id-token',
  token: 'corporate.id.token',
  expiresAt: Number.MAX_SAFE_INTEGER,
};

const tooLarge = (percent = 112): Answer =>
  stsError(
    400,
    'PackedPolicyTooLarge',
    `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
  );

/** The keys of the tags that a proof or a call contains. */
const keysOf = ({ session }: AssertionSubject): string[] => session.tags.map(({ key }) => key);
const keysIn = ({ form }: Recorded): string[] =>
  [...form].flatMap(([name, value]) => (/^Tags\.member\.\d+\.Key$/.test(name) ? [value] : []));

const FEDERATED: readonly Trust[] = [
  { by: 'saml', provider: 'rolebridge' },
  { by: 'web-identity' },
];

describe('a session that AWS finds too large', () => {
  const session = aRoleSession({
    tags: [TEAM, COST, MAIL],
    transitiveTags: ['Team', 'Cost'],
    sourceIdentity: 'alice',
    policy: POLICY,
    policyArns: [POLICY_ARN],
  });
  const firstTooLarge = (request: Recorded, index: number): Answer =>
    index === 0 ? tooLarge() : answering(request);

  for (const trust of FEDERATED) {
    it(`is requested once more without optional tags (${trust.by})`, async () => {
      await withBroker(firstTooLarge, async ({ assume, requests, asserted, pauses }) => {
        const assumed = await assume(trusting(trust, { session }));
        assert.deepEqual(assumed.tagsLeftOut, ['Team', 'Mail']);
        assert.deepEqual(asserted.map(keysOf), [['Team', 'Cost', 'Mail'], ['Cost']]);
        assert.deepEqual(asserted[1]!.session.transitiveTags, ['Cost']);
        assert.equal(requests.length, 2);
        assert.deepEqual(pauses, []);
      });
    });

    it(`keeps its policies, source identity and all other tags (${trust.by})`, async () => {
      await withBroker(firstTooLarge, async ({ assume, requests, asserted }) => {
        await assume(trusting(trust, { session }));
        const { sourceIdentity, tags, policy, policyArns } = asserted[1]!.session;
        assert.deepEqual(
          { sourceIdentity, tags, policy, policyArns },
          { sourceIdentity: 'alice', tags: [COST], policy: POLICY, policyArns: [POLICY_ARN] },
        );
        for (const { form } of requests) {
          assert.equal(form.get('Policy'), POLICY);
          assert.equal(form.get('PolicyArns.member.1.arn'), POLICY_ARN);
        }
      });
    });
  }

  it('is rejected after the second call, and the hint names the tags that were left out', async () => {
    const always = (_request: Recorded, index: number) => tooLarge(index === 0 ? 150 : 120);
    await withBroker(always, async ({ assume, requests }) => {
      const refusal = await refusalOf(assume(trusting({ by: 'web-identity' }, { session })));
      assert.equal(refusal.code, 'aws_refused');
      assert.match(
        refusal.hint,
        /exceed the limit of AWS \(120% of it\), even without the optional tags Team, Mail\. Use fewer/,
      );
      assert.equal(requests.length, 2);
    });
  });

  it('is rejected at once if it has no optional tag', async () => {
    await withBroker(
      () => tooLarge(),
      async ({ assume, requests }) => {
        const bare = { ...session, tags: [COST], transitiveTags: ['Cost'] };
        const refusal = await refusalOf(
          assume(trusting({ by: 'web-identity' }, { session: bare })),
        );
        assert.match(refusal.hint, /exceed the limit of AWS \(112% of it\)\. Use fewer/);
        assert.equal(requests.length, 1);
      },
    );
  });

  it('keeps its optional tags after any other error', async () => {
    await withBroker(
      () => stsError(400, 'MalformedPolicyDocument', 'Syntax errors in policy.'),
      async ({ assume, requests }) => {
        await refusalOf(assume(trusting({ by: 'web-identity' }, { session })));
        assert.equal(requests.length, 1);
      },
    );
  });

  it('is requested without optional tags if its proof would be too long for STS', async () => {
    const tooLong = new BridgeError('session_settings_invalid', 'the token is too long');
    const issue = (subject: AssertionSubject): void => {
      if (subject.session.tags.length > 1) throw tooLong;
    };
    await withBroker(
      answering,
      async ({ assume, requests }) => {
        const assumed = await assume(trusting({ by: 'web-identity' }, { session }));
        assert.deepEqual(assumed.tagsLeftOut, ['Team', 'Mail']);
        assert.equal(requests.length, 1);
        const longer = { ...session, tags: [COST, { key: 'Unit', value: 'x' }] };
        assert.equal(
          await refusalOf(assume(trusting({ by: 'web-identity' }, { session: longer }))),
          tooLong,
        );
      },
      { issue },
    );
  });

  for (const [title, errors] of [
    ['first', ['large', 'long', 'none']],
    ['then', ['long', 'large', 'none']],
  ] as const) {
    it(`that the role does not allow for so long either is corrected in both, ${title} in its tags`, async () => {
      const answer = (request: Recorded, index: number): Answer =>
        errors[index] === 'large'
          ? tooLarge()
          : errors[index] === 'long'
            ? stsError(
                400,
                'ValidationError',
                'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
              )
            : answering(request);
      await withBroker(answer, async ({ assume, requests, asserted }) => {
        const request = trusting({ by: 'web-identity' }, { session });
        const assumed = await assume(request);
        assert.deepEqual(assumed.tagsLeftOut, ['Team', 'Mail']);
        assert.equal(assumed.durationSeconds, 3600);
        assert.equal(assumed.reducedFrom, 4 * 3600);
        assert.equal(requests.length, 3);
        // The limit of the role is known now, and its size is not: values differ by user.
        await assume(request);
        assert.deepEqual(
          [asserted[3]!.session.durationSeconds, keysOf(asserted[3]!)],
          [3600, ['Team', 'Cost', 'Mail']],
        );
      });
    });
  }

  it('is given up at the deadline of the whole request', async () => {
    const answer = (_request: Recorded, index: number): Answer =>
      index === 0 ? tooLarge() : 'silence';
    await withBroker(
      answer,
      async ({ assume, requests }) => {
        const refusal = await refusalOf(assume(trusting({ by: 'web-identity' }, { session })));
        assert.equal(refusal.code, 'aws_unavailable');
        assert.equal(requests.length, 2);
      },
      { timeoutSeconds: 0.1, outboundSeconds: 60 },
    );
  });
});

describe('a session behind a hub that AWS finds too large', () => {
  const viaHub = (by: 'saml' | 'corporate-web-identity' = 'saml'): Trust => ({
    by: 'hub',
    hub: anAccount({
      name: 'hub',
      trust: by === 'saml' ? { by, provider: 'rolebridge' } : { by },
    }),
    role: 'BridgeHub' as RoleName,
  });
  /** Team and Cost go with the hub session, Mail and Unit with the second call. */
  const UNIT: SessionTag = { key: 'Unit', value: 'x' };
  const session = aRoleSession({
    tags: [TEAM, COST, MAIL, UNIT],
    transitiveTags: ['Team', 'Cost'],
    policy: POLICY,
  });
  const behind = (trust: Trust, changes: Partial<typeof session> = {}): AssumeRequest => ({
    ...trusting(trust, {
      account: anAccount({ id: '444455556666' as AccountId, name: 'partner', trust }),
      session: { ...session, ...changes },
    }),
    corporateProof: PROOF,
  });
  /** Refuses the calls of these positions. */
  const refusing =
    (...positions: readonly number[]) =>
    (request: Recorded, index: number): Answer => {
      if (positions.includes(index)) return tooLarge();
      const action = request.form.get('Action')!;
      return action === 'AssumeRole'
        ? stsAnswer(action, {
            arn: 'arn:aws:sts::444455556666:assumed-role/Admin/alice',
            packed: '60',
          })
        : stsAnswer(action, {
            arn: 'arn:aws:sts::111122223333:assumed-role/BridgeHub/alice',
            packed: '80',
          });
    };

  it('in the first call keeps the optional tags of the second', async () => {
    await withBroker(refusing(0), async ({ assume, requests, asserted }) => {
      const assumed = await assume(behind(viaHub()));
      assert.deepEqual(assumed.tagsLeftOut, ['Team']);
      assert.deepEqual(asserted.map(keysOf), [['Team', 'Cost'], ['Cost']]);
      assert.deepEqual(asserted[1]!.session.transitiveTags, ['Cost']);
      assert.equal(requests.length, 3);
      assert.deepEqual(keysIn(requests[2]!), ['Mail', 'Unit']);
    });
  });

  it('in the second call lacks the optional tags of both, which take space there', async () => {
    await withBroker(refusing(1), async ({ assume, requests, asserted }) => {
      const assumed = await assume(behind(viaHub()));
      assert.deepEqual(assumed.tagsLeftOut, ['Team', 'Mail']);
      assert.deepEqual(asserted.map(keysOf), [['Team', 'Cost'], ['Cost']]);
      assert.equal(requests.length, 4);
      assert.deepEqual(keysIn(requests[3]!), ['Unit']);
      assert.equal(requests[3]!.form.get('Policy'), POLICY);
    });
  });

  it('repeats the second call alone if the hub session has no optional tag', async () => {
    await withBroker(refusing(1), async ({ assume, requests, asserted }) => {
      const assumed = await assume(behind(viaHub(), { transitiveTags: ['Cost'] }));
      assert.deepEqual(assumed.tagsLeftOut, ['Team', 'Mail']);
      assert.equal(asserted.length, 1);
      assert.deepEqual(requests.slice(1).map(keysIn), [['Team', 'Mail', 'Unit'], ['Unit']]);
    });
  });

  it('leaves out what is optional in each call when both are too large', async () => {
    await withBroker(refusing(0, 2), async ({ assume, requests }) => {
      const assumed = await assume(behind(viaHub()));
      assert.deepEqual(assumed.tagsLeftOut, ['Team', 'Mail']);
      assert.deepEqual(requests.slice(2).map(keysIn), [['Mail', 'Unit'], ['Unit']]);
    });
  });

  it('sends neither a tag nor its transitive key again behind a corporate hub', async () => {
    await withBroker(refusing(1), async ({ assume, requests, asserted }) => {
      const assumed = await assume(behind(viaHub('corporate-web-identity')));
      assert.deepEqual(assumed.tagsLeftOut, ['Team', 'Mail']);
      assert.equal(asserted.length, 0);
      assert.deepEqual(requests.slice(1).map(keysIn), [
        ['Team', 'Cost', 'Mail', 'Unit'],
        ['Cost', 'Unit'],
      ]);
      const { form } = requests[2]!;
      assert.equal(form.get('TransitiveTagKeys.member.1'), 'Cost');
      assert.equal(form.has('TransitiveTagKeys.member.2'), false);
    });
  });

  for (const [which, refused] of [
    ['the hub', [0, 1]],
    ['the role', [1, 3]],
  ] as const) {
    it(`is rejected in the name of ${which} when it is too large without them`, async () => {
      await withBroker(refusing(...refused), async ({ assume }) => {
        const refusal = await refusalOf(assume(behind(viaHub())));
        assert.match(refusal.message, which === 'the hub' ? /BridgeHub/ : /role\/Admin/);
        assert.match(refusal.hint, /even without the optional tags Team/);
      });
    });
  }

  it('states the larger one of the two sizes', async () => {
    await withBroker(refusing(), async ({ assume }) => {
      assert.equal((await assume(behind(viaHub()))).packedPolicyPercent, 80);
    });
  });
});

describe('the packed size of a session', () => {
  for (const [packed, percent] of [
    [undefined, undefined],
    ['0', 0],
    ['76', 76],
    ['100', 100],
    ['101', undefined],
    ['-1', undefined],
  ] as const) {
    it(`${packed ?? 'that STS does not say'} is ${percent ?? 'left out'}`, async () => {
      const answer = ({ form }: Recorded): Answer =>
        stsAnswer(form.get('Action')!, packed === undefined ? {} : { packed });
      await withBroker(answer, async ({ assume }) => {
        const assumed = await assume(trusting({ by: 'web-identity' }));
        assert.equal(assumed.packedPolicyPercent, percent);
        assert.deepEqual(assumed.tagsLeftOut, []);
      });
    });
  }
});

describe('optional tags where the corporate identity provider writes the proof', () => {
  const trust: Trust = { by: 'corporate-web-identity' };

  it('are always left out', async () => {
    const session = aRoleSession({ tags: [TEAM], transitiveTags: ['Team'] });
    await withBroker(answering, async ({ assume, requests }) => {
      const assumed = await assume({ ...trusting(trust, { session }), corporateProof: PROOF });
      assert.deepEqual(assumed.tagsLeftOut, ['Team']);
      assert.equal(requests.length, 1);
    });
  });

  it('do not carry other tags past the check', async () => {
    const session = aRoleSession({ tags: [TEAM, COST] });
    await withBroker(answering, async ({ assume, requests }) => {
      const refusal = await refusalOf(
        assume({ ...trusting(trust, { session }), corporateProof: PROOF }),
      );
      assert.equal(refusal.code, 'session_settings_invalid');
      assert.equal(requests.length, 0);
    });
  });
});
