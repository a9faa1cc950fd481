import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeError } from '../../src/core/errors.ts';
import { USER_PLACEHOLDERS, WORKLOAD_PLACEHOLDERS } from '../../src/core/placeholders.ts';
import {
  roleSessionFor,
  type SessionSettings,
  workloadSessionFor,
} from '../../src/core/session.ts';
import { parseTemplate, type Vocabulary } from '../../src/core/template.ts';
import type { Claims, Workload, WorkloadEntryId, WorkloadId } from '../../src/core/workload.ts';
import { person } from '../support/people.ts';

const OTHER = 'github-aaaaaaaaaaaaaaaa@workload';

function workload(claims: Claims): Workload {
  return {
    id: 'github-k3jx2q7d5vbn4mza@workload' as WorkloadId,
    entry: 'github' as WorkloadEntryId,
    subject: 'repo:acme/api',
    claims,
  };
}

function settings(
  placeholders: Vocabulary,
  sourceIdentity: string | undefined,
  tags: Readonly<Record<string, string>> = {},
): SessionSettings {
  return {
    durationSeconds: 3600,
    sourceIdentity: sourceIdentity && parseTemplate(sourceIdentity, placeholders),
    tags: Object.fromEntries(
      Object.entries(tags).map(([key, text]) => [key, parseTemplate(text, placeholders)]),
    ),
    transitiveTags: [],
    policyArns: [],
  } as SessionSettings;
}

const isInvalid = (why: RegExp) => (thrown: unknown) =>
  thrown instanceof BridgeError &&
  thrown.code === 'session_settings_invalid' &&
  why.test(thrown.message);

describe('the session of a workload', () => {
  it('has tags of its claims', () => {
    const { tags } = workloadSessionFor(
      settings(WORKLOAD_PLACEHOLDERS, undefined, {
        Repository: '{claims.repository}',
        Who: '{workload}/{subject}',
      }),
      workload({ repository: 'acme/api' }),
      'r',
    );
    assert.deepEqual(
      tags.map(({ key, value }) => [key, value]),
      [
        ['Repository', 'acme/api'],
        ['Who', 'github/repo:acme/api'],
      ],
    );
  });

  it('has a source identity that ends as those of workloads do', () => {
    for (const [template, claims, text] of [
      ['{sessionName}', {}, 'github-k3jx2q7d5vbn4mza@workload'],
      ['ci-{sessionName}', {}, 'ci-github-k3jx2q7d5vbn4mza@workload'],
      ['{claims.id}@workload', { id: 5 }, '5@workload'],
    ] as const)
      assert.equal(
        workloadSessionFor(settings(WORKLOAD_PLACEHOLDERS, template), workload(claims), 'r')
          .sourceIdentity,
        text,
      );
  });

  it('is denied with a source identity that could be that of a user', () => {
    assert.throws(
      () =>
        workloadSessionFor(
          settings(WORKLOAD_PLACEHOLDERS, '{claims.actor}'),
          workload({ actor: 'alice' }),
          'r',
        ),
      isInvalid(/does not end with @workload/),
    );
  });

  it('is denied with the name of another workload, which a claim can contain', () => {
    for (const [template, actor] of [
      ['{claims.actor}', OTHER],
      ['{claims.actor}@workload', OTHER.replace('@workload', '')],
      ['{claims.actor}@workload', OTHER.replace('@workload', '').toUpperCase()],
    ] as const)
      assert.throws(
        () =>
          workloadSessionFor(settings(WORKLOAD_PLACEHOLDERS, template), workload({ actor }), 'r'),
        isInvalid(/name of another workload/),
      );
  });

  it('is denied where a claim of a template is missing or a list', () => {
    for (const claims of [{}, { team: ['a', 'b'] }, { team: '' }])
      assert.throws(
        () =>
          workloadSessionFor(
            settings(WORKLOAD_PLACEHOLDERS, undefined, { Team: '{claims.team}' }),
            workload(claims),
            'r',
          ),
        isInvalid(/the workload has no claims\.team/),
      );
  });
});

describe('the session of a user', () => {
  it('is denied with a source identity that ends as those of workloads do', () => {
    for (const username of ['alice@workload', 'alice@Workload', OTHER])
      assert.throws(
        () => roleSessionFor(settings(USER_PLACEHOLDERS, '{username}'), person({ username }), 'r'),
        isInvalid(/ends with @workload/),
      );
  });
});
