import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ClientError } from 'openid-client';
import { providerError } from '../../src/connectors/oidc-errors.ts';
import { BridgeError, type ErrorCode } from '../../src/core/errors.ts';

const ENDPOINT = 'https://idp.example/token';
function coded(message: string, code: string, options: ErrorOptions = {}): ClientError {
  return Object.assign(new ClientError(message, options), { code });
}

const cases: [string, unknown, ErrorCode, string][] = [
  [
    'a timeout of the library is unreachable',
    coded('operation timed out', 'OAUTH_TIMEOUT'),
    'idp_unreachable',
    `${ENDPOINT}: operation timed out`,
  ],
  [
    'an abort is unreachable',
    coded('operation aborted', 'OAUTH_ABORT'),
    'idp_unreachable',
    `${ENDPOINT}: operation aborted`,
  ],
  [
    'a code that we do not know is a refusal',
    coded('new check failed', 'OAUTH_NEW'),
    'oidc_response_refused',
    'new check failed',
  ],
  [
    'a code that every object inherits is a refusal',
    coded('odd', 'constructor'),
    'oidc_response_refused',
    'odd',
  ],
  [
    'an error without a code is a refusal',
    new ClientError('something went wrong'),
    'oidc_response_refused',
    'something went wrong',
  ],
  [
    'a fault of the library is a refusal that names its kind alone',
    new TypeError('sensitive'),
    'oidc_response_refused',
    "the provider's answer could not be processed (TypeError)",
  ],
  [
    'something thrown that is no error is a refusal',
    'sensitive',
    'oidc_response_refused',
    "the provider's answer could not be processed (string)",
  ],
];
for (const [title, thrown, code, message] of cases) {
  test(title, () => {
    const error = providerError(thrown, ENDPOINT);
    assert.deepEqual([error.code, error.message, error.cause], [code, message, undefined]);
  });
}

test('passes a BridgeError through the library unchanged', () => {
  const ours = new BridgeError('idp_unreachable', 'cannot be reached');
  assert.equal(providerError(ours, ENDPOINT), ours);
  assert.equal(
    providerError(new ClientError('something went wrong', { cause: ours }), ENDPOINT),
    ours,
  );
});

test('what the library keeps in its causes is not passed on', () => {
  const error = providerError(
    coded('bad', 'OAUTH_INVALID_RESPONSE', {
      cause: new Error('sensitive', { cause: { claims: 'sensitive' } }),
    }),
    ENDPOINT,
  );
  assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes('sensitive'));
});
