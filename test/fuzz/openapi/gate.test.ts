/** The callers of the fuzzed API get in, again after they signed out, and no one else does. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { callApi } from '../../support/cli-login.ts';
import { useWorld } from '../../support/world.ts';
import { CALLERS, WITH_CALLERS } from './callers.ts';
import { type ApiDocument, type Gate, markOf, openGate, operationsIn } from './gate.ts';

/** An operation that answers 200 to each of them. */
const WORKS: Readonly<Record<(typeof CALLERS)[number]['scheme'], string>> = {
  login: '/elevations',
  application: '/whoami',
  container: '/container-credentials/prod/Developer',
  workload: '/workload/roles',
};

describe('the callers of the fuzzed API', () => {
  const world = useWorld(WITH_CALLERS);
  let gate: Gate;
  let document: ApiDocument;
  before(async () => {
    document = (await callApi(world, undefined, { path: '/openapi.json' })).json;
    gate = openGate(world, { callers: CALLERS, operations: operationsIn(document) });
  });

  const as = (authorization: string, path: string, method = 'GET') =>
    callApi(world, undefined, { method, path, headers: { authorization } });

  it('are of every kind that the document knows', () => {
    const known = operationsIn(document).flatMap(({ schemes }) => schemes);
    assert.deepEqual(new Set(CALLERS.map(({ scheme }) => scheme)), new Set(known));
  });

  for (const caller of CALLERS)
    it(`get in twice: ${caller.name}`, async () => {
      for (const _ of [1, 2]) {
        const { status, json } = await as(markOf(caller), WORKS[caller.scheme]);
        assert.equal(status, 200, JSON.stringify(json));
      }
    });

  it('get in again after they signed out everywhere', async () => {
    const [caller] = CALLERS;
    assert.equal((await as(markOf(caller!), '/sessions', 'DELETE')).status, 204);
    assert.equal((await as(markOf(caller!), '/whoami')).status, 200);
  });

  it('are the only ones that get in and are counted', async () => {
    const before = gate.requests();
    for (const unknown of ['Fuzz unknown', 'Bearer x', markOf(CALLERS[0]!).toLowerCase()])
      assert.equal((await as(unknown, '/roles')).status, 401);
    assert.equal(gate.requests(), before + 3);
    assert.equal(gate.answers.get('listRoles'), undefined);
    assert.deepEqual([...gate.answers.get('signOutEverywhere')!], [[204, 1]]);
    gate.check();
  });
});
