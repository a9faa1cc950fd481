import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errors } from 'oidc-provider';
import { createMemoryAdapter } from '../../src/dev/oidc-idp/memory-adapter.ts';

describe('the memory of the demo OpenID provider', () => {
  const withToken = async (isReusable: (model: string) => boolean) => {
    const memory = createMemoryAdapter({ isReusable });
    await memory.forModel('Grant').upsert('grant-1', { accountId: 'alice' }, 60);
    const tokens = memory.forModel('RefreshToken');
    await tokens.upsert('token-1', { grantId: 'grant-1' }, 60);
    return { memory, tokens };
  };

  it('lets one of two requests consume a token, and revokes its grant', async () => {
    const { memory, tokens } = await withToken(() => false);
    const found = await Promise.all([tokens.find('token-1'), tokens.find('token-1')]);
    assert.deepEqual(
      found.map(payload => payload?.consumed),
      [undefined, undefined],
    );
    await tokens.consume('token-1');
    await assert.rejects(async () => tokens.consume('token-1'), errors.InvalidGrant);
    assert.equal(await tokens.find('token-1'), undefined);
    assert.deepEqual(memory.all('Grant'), []);
  });

  it('keeps a sign-in in progress when the grant of an earlier one is revoked', async () => {
    const { memory, tokens } = await withToken(() => false);
    const interactions = memory.forModel('Interaction');
    await interactions.upsert('interaction-1', { grantId: 'grant-1' }, 60);
    memory.revoke('grant-1');
    assert.equal(await tokens.find('token-1'), undefined);
    assert.equal((await interactions.find('interaction-1'))?.grantId, 'grant-1');
  });

  it('lets a reusable token be consumed again', async () => {
    const { tokens } = await withToken(model => model === 'RefreshToken');
    await tokens.consume('token-1');
    await tokens.consume('token-1');
    assert.equal((await tokens.find('token-1'))?.grantId, 'grant-1');
  });
});
