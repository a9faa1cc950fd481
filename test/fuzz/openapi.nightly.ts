/** The API keeps what its OpenAPI document says, for requests that a machine makes of it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fuzzOpenApi, SKIP_OPENAPI } from './openapi.ts';

it('the API answers as its document says, to good and bad requests', {
  skip: SKIP_OPENAPI,
}, async () => {
  const { isGood, output, executions } = await fuzzOpenApi({ seconds: 120 });
  assert.ok(isGood, output);
  assert.ok(executions > 100, `only ${executions} requests`);
});
