import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import request from 'supertest';
import { empty } from '../../src/http/answer.ts';
import { createRateLimits, RATE_LIMITS } from '../../src/http/rate-limits.ts';
import { api } from '../../src/http/route.ts';
import { mounted } from '../support/mounted.ts';

const registration = (path: string) =>
  api({
    method: 'get',
    path,
    who: 'anyone',
    limit: 'registrations',
    face: 'problem',
    handle: () => empty(200),
  });

describe('rate limits', () => {
  it('are shared by routes of one name, and kept when the routes are mounted again', async () => {
    const limits = createRateLimits();
    const rows = [registration('/one'), registration('/two')];
    const before = mounted(rows, limits).listen(0, '127.0.0.1');
    const after = mounted(rows, limits).listen(0, '127.0.0.1');

    try {
      for (let count = 0; count < RATE_LIMITS.registrations.most; count++)
        assert.equal((await request(before).get(count % 2 === 0 ? '/one' : '/two')).status, 200);
      assert.equal((await request(after).get('/one')).status, 429);
      assert.equal((await request(mounted(rows)).get('/one')).status, 200);
    } finally {
      before.close();
      after.close();
    }
  });
});
