/**
 * A writer to the database against tokens and blocks of workloads: what they cannot do, and what
 * they can (the last two tests; docs/threat-model.md says so).
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, describe, it } from 'node:test';
import type { Row, Value } from '../../src/store/database.ts';
import { postForm } from '../support/cli-login.ts';
import { createPlatform, GITHUB_CLAIMS, type Platform } from '../support/workload-platform.ts';
import { askOneStep } from '../support/workloads.ts';
import { useWorld } from '../support/world.ts';

const AUDIENCE = 'https://aws.example.com';
const ISSUER = 'https://token.actions.githubusercontent.com';
const platformAt = await createPlatform({
  ...{ issuer: ISSUER, audience: AUDIENCE, usual: GITHUB_CLAIMS },
});

const WORKLOADS = `
workloads:
  - id: github
    issuer: ${ISSUER}
    jwks: { file: github.json }
    audience: ${AUDIENCE}
    access:
      - { claims: { repository_owner_id: "1234", environment: production }, accounts: [prod], roles: [Developer] }
      - { claims: { repository_owner_id: "1234", environment: test }, accounts: [staging], roles: [Developer] }
`;
const PRODUCTION = { sub: 'repo:acme@1234/api@5678:environment:production' };
const TEST = { sub: 'repo:acme@1234/api@5678:environment:test', environment: 'test' };
const MINUTE = 60_000;

interface Token {
  readonly secret: string;
  readonly row: Row;
}

describe('a writer to the database', () => {
  const world = useWorld({
    configure: yaml => yaml + WORKLOADS,
    files: { 'github.json': platformAt(() => 0).jwks },
  });
  let github: Platform;
  before(() => {
    github = platformAt(() => world.clock.now());
  });

  const rows = (sql: string, ...values: readonly Value[]): readonly Row[] => {
    using database = new DatabaseSync(join(world.directory, 'rolebridge.db'));
    return database.prepare(sql).all(...values) as unknown as readonly Row[];
  };
  const tokenRows = () => rows('SELECT * FROM workload_tokens ORDER BY public_id');
  const insert = (table: string, row: Row): void => {
    const columns = Object.keys(row);
    rows(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
      ...columns.map(column => row[column]!),
    );
  };
  const set = ({ row }: Token, change: Row): void => {
    const columns = Object.keys(change);
    rows(
      `UPDATE workload_tokens SET ${columns.map(column => `${column} = ?`).join(', ')} WHERE public_id = ?`,
      ...[...columns.map(column => change[column]!), row.public_id!],
    );
  };
  const exchange = async (claims: object) =>
    postForm(world, '/oauth/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token: await github.token({ ...claims }),
    });
  const exchanged = async (claims: object): Promise<Token> => {
    const earlier = new Set(tokenRows().map(row => row.public_id));
    const { status, json } = await exchange(claims);
    assert.equal(status, 200, JSON.stringify(json));
    const row = tokenRows().find(({ public_id }) => !earlier.has(public_id!))!;
    return { secret: json.access_token as string, row };
  };
  /** The status, and the account whose credentials it gave or the code of the refusal. */
  const outcome = async (proof: string, account = 'prod'): Promise<string> => {
    const { status, json } = await askOneStep(world, proof, { account });
    return `${status} ${json.code ?? account}`;
  };
  const block = async (claims: object): Promise<string> =>
    blockWorkload((await exchanged(claims)).row.workload!);
  const blockWorkload = async (workload: Value): Promise<string> => {
    const named = { workload, entry: 'github', subject: 'repo' } as never;
    const { workloadBlocks } = world.bridge.storage.store;
    await workloadBlocks.block(named, { at: world.clock.now(), by: 'root' });
    return String(workload);
  };
  const unblock = (workload: string) =>
    world.bridge.storage.store.workloadBlocks.unblock(workload as never);

  it('finds nothing in the rows that the bridge accepts as a token', async () => {
    const { secret, row } = await exchanged(PRODUCTION);
    assert.equal(await outcome(secret), '200 prod');
    const texts = Object.values(row).flatMap(value =>
      value instanceof Uint8Array
        ? (['base64url', 'hex', 'latin1'] as const).map(form => Buffer.from(value).toString(form))
        : [String(value)],
    );
    assert.ok(texts.includes(String(row.public_id)));
    for (const text of texts) {
      assert.ok(!text.includes(secret) && !text.includes(secret.slice('rbw_'.length)));
      // What a header can carry.
      if (!/^[\x21-\x7e]{1,200}$/.test(text)) continue;
      for (const proof of [text, `rbw_${text}`])
        assert.match(await outcome(proof), /^(?:400|401|403) /, proof);
    }
  });

  it('cannot move a token to another workload', async () => {
    const [production, test] = [await exchanged(PRODUCTION), await exchanged(TEST)];
    assert.equal(await outcome(test.secret, 'staging'), '200 staging');
    const { sealed, id_hash, workload } = production.row;
    const moves: readonly (readonly [what: string, change: Row])[] = [
      ['the workload', { workload: workload! }],
      ['the sealed record', { sealed: sealed! }],
      ['both', { sealed: sealed!, workload: workload! }],
    ];
    for (const [what, change] of moves) {
      set(test, { slot: 999, ...change });
      for (const account of ['prod', 'staging'])
        assert.equal(await outcome(test.secret, account), '401 token_invalid', what);
      set(test, test.row);
    }
    assert.equal(await outcome(test.secret, 'staging'), '200 staging');
    set(production, { id_hash: Buffer.alloc(32) });
    set(test, { id_hash: id_hash! });
    assert.equal(await outcome(production.secret, 'staging'), '401 token_invalid', 'the hash');
    assert.equal(await outcome(test.secret, 'staging'), '401 token_invalid', 'the hash, the other');
  });

  it('cannot make a token of their own', async () => {
    const { row } = await exchanged(PRODUCTION);
    const secret = `rbw_${'A'.repeat(43)}`;
    const hash = await crypto.subtle.digest('SHA-256', Buffer.from(secret));
    insert('workload_tokens', { ...row, id_hash: new Uint8Array(hash), slot: 998, public_id: 'f' });
    assert.equal(await outcome(secret), '401 token_invalid');
  });

  it('cannot prolong a token', async () => {
    const token = await exchanged(PRODUCTION);
    set(token, { expires_at: world.clock.now() + 1000 * MINUTE });
    assert.equal(await outcome(token.secret), '200 prod');
    world.clock.turn(15 * 60);
    assert.equal(await outcome(token.secret), '401 token_invalid');
  });

  it('cannot bring back a token that a block has ended, whether the block is there or not', async () => {
    const { secret, row } = await exchanged(PRODUCTION);
    const workload = await block(PRODUCTION);
    insert('workload_tokens', row);
    assert.equal(await outcome(secret), '401 token_invalid');
    await unblock(workload);
    assert.equal(await outcome(secret), '401 token_invalid');
    assert.equal(await outcome(await github.token(PRODUCTION)), '200 prod');
  });

  it('cannot remove half of a block, nor lead a token around it', async () => {
    const test = await exchanged(TEST);
    const workload = await block(PRODUCTION);
    for (const half of ['blocked_at', 'sealed_block']) {
      const [kept] = rows('SELECT * FROM workloads WHERE workload = ?', workload);
      rows(`UPDATE workloads SET ${half} = NULL WHERE workload = ?`, workload);
      assert.equal(await outcome(await github.token(PRODUCTION)), '403 workload_blocked', half);
      rows('DELETE FROM workloads WHERE workload = ?', workload);
      insert('workloads', kept!);
    }
    const { workload: free } = test.row;
    const late = await exchanged(TEST);
    await block(TEST);
    insert('workload_tokens', { ...late.row, workload });
    await unblock(workload);
    assert.equal(await outcome(late.secret, 'staging'), '401 token_invalid');
    await unblock(String(free));
  });

  it('leaves no live token of an exchange that races with a block', async () => {
    const { workload } = (await exchanged(PRODUCTION)).row;
    const racing = Array.from({ length: 12 }, () => exchange(PRODUCTION));
    await Promise.race(racing);
    const blocked = await blockWorkload(workload!);
    const outcomes = await Promise.all(racing);
    await unblock(blocked);
    for (const { status, json } of outcomes) {
      if (status === 200) assert.equal(await outcome(json.access_token), '401 token_invalid');
      else assert.match(JSON.stringify(json), /blocked/);
    }
  });

  it('can put back a token that was revoked alone, until its sealed time', async () => {
    const { secret, row } = await exchanged(PRODUCTION);
    await postForm(world, '/oauth/revoke', { token: secret });
    assert.equal(await outcome(secret), '401 token_invalid');
    insert('workload_tokens', row);
    assert.equal(await outcome(secret), '200 prod');
    world.clock.turn(15 * 60);
    assert.equal(await outcome(secret), '401 token_invalid');
  });

  it('can remove a whole block; the trail, which they cannot change, still has it', async () => {
    const workload = await block(PRODUCTION);
    assert.equal(await outcome(await github.token(PRODUCTION)), '403 workload_blocked');
    rows('DELETE FROM workloads WHERE workload = ?', workload);
    assert.equal(await outcome(await github.token(PRODUCTION)), '200 prod');
    const refused = (await world.audit()).find(
      event => event.type === 'workload.refused' && event.workload?.workload === workload,
    );
    assert.equal(refused?.type === 'workload.refused' && refused.code, 'workload_blocked');
    assert.throws(() => rows('DELETE FROM audit_events'), /append-only/);
  });
});
