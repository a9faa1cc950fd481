import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { isPersonId } from '../../src/core/identity.ts';
import { workloadValues } from '../../src/core/placeholders.ts';
import { isRoleSessionName, roleSessionName } from '../../src/core/role.ts';
import {
  claimText,
  claimTexts,
  isWorkloadEntryId,
  isWorkloadId,
  type Workload,
  type WorkloadEntryId,
  workloadId,
} from '../../src/core/workload.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
const idOf = (entry: string, subject: string): string =>
  workloadId({ entry: entry as WorkloadEntryId, subject }, digest);

describe('the name of a workload', () => {
  it('is that of its entry and 80 bits of a digest', () => {
    const bytes = createHash('sha256').update('["workload","github","repo:acme/api"]').digest();
    let bits = BigInt(`0x${bytes.subarray(0, 10).toString('hex')}`);
    let expected = '';
    for (let digit = 0; digit < 16; digit++) {
      expected = 'abcdefghijklmnopqrstuvwxyz234567'[Number(bits % 32n)] + expected;
      bits /= 32n;
    }
    assert.equal(idOf('github', 'repo:acme/api'), `github-${expected}@workload`);
  });

  it('differs by entry and by subject, and the two cannot be shifted', () => {
    const ids = [
      idOf('a', 'b'),
      idOf('a', 'c'),
      idOf('b', 'b'),
      idOf('a-b', 'c'),
      idOf('a', 'b-c'),
      idOf('a', '"b'),
      idOf('a', 'b","c'),
    ];
    assert.equal(new Set(ids).size, ids.length);
  });

  it('is a session name of AWS for the shortest and the longest entry', () => {
    for (const entry of ['a', 'a'.repeat(32)]) {
      const id = idOf(entry, 'x');
      assert.ok(isRoleSessionName(id), id);
      assert.ok(isWorkloadId(id), id);
    }
  });

  it('is never the session name of a user', () => {
    const person = 'k3jx2q7d5vbn4mza';
    assert.ok(isPersonId(person));
    for (const username of ['x@workload', 'github-k3jx2q7d5vbn4mza@workload', '@workload', '']) {
      const name = roleSessionName({ person, username });
      assert.equal(isWorkloadId(name), false, name);
      assert.equal(name.endsWith('@workload'), false, name);
    }
  });

  for (const text of [
    'github-k3jx2q7d5vbn4mz@workload',
    'github-k3jx2q7d5vbn4mza@workload\n',
    'github-k3jx2q7d5vbn4mza@Workload',
    'github-K3JX2Q7D5VBN4MZA@workload',
    'github-k3jx2q7d5vbn4mz1@workload',
    '-k3jx2q7d5vbn4mza@workload',
    'k3jx2q7d5vbn4mza@workload',
    'x/github-k3jx2q7d5vbn4mza@workload',
  ])
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.equal(isWorkloadId(text), false);
    });

  it('begins with an entry id of 1 to 32 lowercase letters, digits and dashes', () => {
    for (const id of ['a', 'github-2', '9']) assert.ok(isWorkloadEntryId(id), id);
    for (const id of ['', '-a', 'A', 'a_b', 'a.b', 'a\n', 'é', 'a'.repeat(33)])
      assert.equal(isWorkloadEntryId(id), false, id);
  });
});

describe('the texts of a claim', () => {
  const claims = JSON.parse(`{
    "text": "a", "empty": "", "yes": true, "number": 42, "negative": -1,
    "long": 12345678901234567890, "fraction": 1.5, "nothing": null,
    "list": ["a", 1, false, null, ["b"], {"c": 1}, 1.5],
    "kubernetes.io": { "namespace": "shop", "serviceaccount": { "uid": "u-1" } },
    "kubernetes": { "io": { "namespace": "other" } },
    "a.b": "whole", "a": { "b": "inner", "c": { "d": "deep" }, "c.d": "dotted" },
    "oidc.circleci.com/project-id": "p-1",
    "__proto__": { "polluted": "x" }
  }`) as Record<string, unknown>;

  const ROWS: readonly (readonly [claim: string, texts: readonly string[]])[] = [
    ['text', ['a']],
    ['empty', ['']],
    ['yes', ['true']],
    ['number', ['42']],
    ['negative', ['-1']],
    ['long', []],
    ['fraction', []],
    ['nothing', []],
    ['missing', []],
    ['list', ['a', '1', 'false']],
    ['kubernetes.io', []],
    ['kubernetes.io.namespace', ['shop']],
    ['kubernetes.io.serviceaccount.uid', ['u-1']],
    ['kubernetes.io.serviceaccount', []],
    ['kubernetes.io.serviceaccount.uid.x', []],
    ['a.b', ['whole']],
    ['a.c.d', ['dotted']],
    ['oidc.circleci.com/project-id', ['p-1']],
    ['list.0', []],
    ['list.length', []],
    ['text.length', []],
    ['toString', []],
    ['constructor.name', []],
    ['a.constructor', []],
    ['', []],
    ['.', []],
    ['a.', []],
    ['.a', []],
  ];
  for (const [claim, texts] of ROWS)
    it(`${JSON.stringify(claim)} are ${JSON.stringify(texts)}`, () => {
      assert.deepEqual(claimTexts(claims, claim), texts);
    });

  it('are one for a template, and none for a list', () => {
    assert.equal(claimText(claims, 'number'), '42');
    assert.equal(claimText(claims, 'list'), undefined);
    assert.equal(claimText(claims, 'kubernetes.io.namespace'), 'shop');
  });

  it('fill the placeholders of a template', () => {
    const workload: Workload = {
      id: idOf('github', 's') as Workload['id'],
      entry: 'github' as WorkloadEntryId,
      subject: 's',
      claims: { ...claims, workload: 'forged', sessionName: 'forged', subject: 'forged' },
    };
    const values = workloadValues(workload);
    assert.equal(values('workload'), 'github');
    assert.equal(values('subject'), 's');
    assert.equal(values('sessionName'), workload.id);
    assert.equal(values('claims.subject'), 'forged');
    assert.equal(values('claims.kubernetes.io.namespace'), 'shop');
    assert.equal(values('claims.toString'), undefined);
    assert.equal(values('claims.list'), undefined);
  });
});
