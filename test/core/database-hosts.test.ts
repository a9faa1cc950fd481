import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { databaseHosts } from '../../src/core/database-hosts.ts';

const urlsOf = (url: string): readonly string[] | undefined => databaseHosts(url)?.urls;

describe('the hosts of a PostgreSQL URL', () => {
  it('each have a URL with their port, and with login, database and parameters of all', () => {
    assert.deepEqual(urlsOf('postgresql://u:p%40s,s@a,b:5433,[::1]:5434/db?sslmode=verify-full'), [
      'postgresql://u:p%40s,s@a/db?sslmode=verify-full',
      'postgresql://u:p%40s,s@b:5433/db?sslmode=verify-full',
      'postgresql://u:p%40s,s@[::1]:5434/db?sslmode=verify-full',
    ]);
  });

  it('leave a URL of one host as it is, also one whose password has an @', () => {
    for (const url of [
      'postgres://u:p@a:5432/db',
      'postgres://u:p@ss@a/db',
      'postgres://u@%2Fvar%2Frun/db',
      'postgresql:///db?host=/var/run',
    ])
      assert.deepEqual(urlsOf(url), [url]);
  });

  it('are without target_session_attrs, which pg does not read', () => {
    for (const [given, left] of [
      ['?target_session_attrs=read-write', ''],
      ['?target_session_attrs=primary&sslmode=verify-full', '?sslmode=verify-full'],
      ['?sslmode=verify-full&target_session_attrs=read-write', '?sslmode=verify-full'],
      ['?a=1&target_session_attrs=any&b=2', '?a=1&b=2'],
    ])
      assert.deepEqual(databaseHosts(`postgres://a/db${given}`), {
        ...{ urls: [`postgres://a/db${left}`], isOther: false },
      });
  });

  it('say whether another server than the primary one is asked for', () => {
    for (const attribute of ['standby', 'read-only', 'prefer-standby', 'READ-WRITE', ''])
      assert.equal(
        databaseHosts(`postgres://a,b/db?target_session_attrs=${attribute}`)?.isOther,
        true,
        attribute,
      );
  });

  it('are unknown for what is no URL of PostgreSQL', () => {
    for (const url of [
      'mysql://a/db',
      'postgres://a:port/db',
      'postgres://a:1,b:port/db',
      'a,b',
      '',
    ])
      assert.equal(databaseHosts(url), undefined, url);
  });
});
