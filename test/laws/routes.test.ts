import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ROUTES } from '../../src/app.ts';
import { empty } from '../../src/http/answer.ts';
import { api, foreignPost, page, type Route } from '../../src/http/route.ts';
import type { MountParts } from '../../src/http/toolkit.ts';
import { mounted } from '../support/mounted.ts';
import {
  answersBesideTheTable,
  apisWithSessions,
  sessionsForPages,
  unguardedPosts,
} from './routes.ts';

/** The handlers need more parts than these, and no request comes. */
const rows = ROUTES as readonly Route<never>[] as readonly Route<MountParts>[];

const read = page({ path: '/injected', who: 'browser', handle: () => empty(200) });

describe('the table of routes', () => {
  it('lists everything that the app answers', () => {
    assert.deepEqual(answersBesideTheTable(mounted(rows), rows), []);
  });

  it('has no POST from a browser without a CSRF check, except those that a law lists', () => {
    assert.deepEqual(unguardedPosts(rows), []);
  });

  it('has no operation of a program that looks at a session of a browser', () => {
    assert.deepEqual(apisWithSessions(rows), []);
  });

  it('has no row for pages of other sites that looks at a session of a browser', () => {
    assert.deepEqual(sessionsForPages(rows), []);
  });

  it('has one row for a method and path', () => {
    const lines = rows.map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(lines, [...new Set(lines)]);
  });
});

describe('the laws of routes', () => {
  it('find a route beside the table', () => {
    const app = mounted(rows);
    app.get('/beside', (_request, response) => void response.end());
    assert.deepEqual(answersBesideTheTable(app, rows), ['get /beside']);
    assert.deepEqual(answersBesideTheTable(mounted([...rows, read]), rows), [
      'get /injected',
      'head /injected',
    ]);
  });

  it('find a POST of a browser without a CSRF check', () => {
    const post: Route = { ...read, method: 'post' };
    const removal: Route = { ...read, method: 'delete' };
    assert.deepEqual(unguardedPosts([...rows, post, removal]), ['/injected', '/injected']);
  });

  it('find a POST of another site that is not listed', () => {
    const post = foreignPost({
      path: '/logout/response',
      limit: 'sign-in-responses',
      reads: { maxBytes: 1 },
      handle: () => empty(200),
    });
    assert.deepEqual(unguardedPosts([...rows, post]), ['/logout/response']);
  });

  it('find a row for pages of other sites that looks at a session of a browser', () => {
    assert.deepEqual(sessionsForPages([...rows, { ...read, forPages: true }]), ['/injected']);
  });

  it('find an operation of a program that looks at a session of a browser', () => {
    const row = api({
      method: 'post',
      path: '/injected',
      who: 'anyone',
      limit: 'api',
      face: 'api',
      handle: () => empty(200),
    });
    const withSession: Route = { ...row, who: 'signed-in user' };

    assert.deepEqual(apisWithSessions([...rows, withSession]), ['/injected']);
  });
});
