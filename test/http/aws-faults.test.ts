import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import request from 'supertest';
import { BridgeError, ERRORS, type ErrorCode } from '../../src/core/errors.ts';
import type { ErrorFace } from '../../src/http/error-responses.ts';
import { api, type Route } from '../../src/http/route.ts';
import type { MountParts } from '../../src/http/toolkit.ts';
import { mounted } from '../support/mounted.ts';

/** What AWS tools retry: throttling by its exception, and 500, 502, 503 and 504. */
const IN_TOOLS: Readonly<Record<string, readonly [exception: string, status: number]>> = {
  refused: ['ForbiddenException', 403],
  throttled: ['TooManyRequestsException', 429],
  failed: ['InternalServerException', 502],
  response_invalid: ['InternalServerException', 502],
  unavailable: ['InternalServerException', 503],
};
const STATUS: Readonly<Record<string, number>> = {
  refused: 502,
  throttled: 503,
  failed: 502,
  response_invalid: 502,
  unavailable: 503,
};

const CODES = Object.keys(ERRORS).filter((code): code is ErrorCode => /^(?:aws|sts)_/.test(code));
const FACES = ['page', 'problem', 'api', 'container', 'oauth', 'sso-oidc', 'sso-portal'] as const;

const failing = (code: ErrorCode, face: ErrorFace): Route<MountParts> =>
  api({
    method: 'get',
    path: `/${face}/${code}`,
    who: 'anyone',
    limit: 'api',
    face,
    handle: () => {
      const options = code.endsWith('_throttled') ? { retryAfterSeconds: 5 } : {};
      throw new BridgeError(code, 'STS said no', options);
    },
  });

describe('a fault of AWS', () => {
  const app = mounted(FACES.flatMap(face => CODES.map(code => failing(code, face))));

  it('has ten codes, five of AWS and five of an own STS', () => {
    assert.equal(CODES.length, 10);
  });

  for (const code of CODES) {
    const fault = code.slice('aws_'.length);
    it(`${code} has its own title, and its wait, on each wire`, async () => {
      const { title } = ERRORS[code];
      for (const face of FACES) {
        const { status, headers, text } = await request(app).get(`/${face}/${code}`);
        const [exception, portalStatus] = IN_TOOLS[fault]!;
        assert.equal(headers['retry-after'], fault === 'throttled' ? '5' : undefined, face);
        assert.ok(text.includes(title), `${face}: ${text}`);
        assert.equal(/in time/.test(text), fault === 'unavailable', face);
        if (face === 'sso-portal') {
          assert.deepEqual([headers['x-amzn-errortype'], status], [exception, portalStatus]);
        } else if (face === 'sso-oidc') assert.ok(status >= 500);
        else assert.equal(status, STATUS[fault], face);
      }
    });
  }
});
