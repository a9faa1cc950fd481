/** AWS, and the STS of an account that has its own: what a call to them failed with. */
import type { ErrorRow } from './row.ts';

const REFUSED = {
  status: 502,
  hint: 'Contact your administrator and give them the reference.',
  page: { offers: 'roles', contact: true },
  record: { audit: 'use-case', log: 'error' },
  oauth: 'server_error',
  aws: { oidc: 'same', portal: 'ForbiddenException', hint: 'same' },
  exit: 'unreachable',
} as const;

const UNAVAILABLE = {
  status: 503,
  hint: 'No credentials were issued. Try again in a minute.',
  page: { offers: 'retry', contact: false },
  record: { audit: 'use-case', log: 'error' },
  oauth: 'temporarily_unavailable',
  aws: { oidc: 'same', portal: 'InternalServerException', hint: 'same' },
  exit: 'unreachable',
} as const;

/** 503 and not 429 on our own wires: it is not this caller who calls too often. */
const THROTTLED = {
  ...UNAVAILABLE,
  aws: { oidc: 'same', portal: 'TooManyRequestsException', hint: 'same' },
} as const;

const FAILED = { ...UNAVAILABLE, status: 502, oauth: 'server_error' } as const;

const RESPONSE_INVALID = {
  ...FAILED,
  hint: 'No credentials were issued. Try again in a minute. If the problem persists, contact your administrator and give them the reference.',
  page: { offers: 'retry', contact: true },
} as const;

export const AWS_ERRORS = {
  aws_refused: { title: 'AWS rejected the request', ...REFUSED },
  aws_throttled: { title: 'AWS throttles the requests of the bridge', ...THROTTLED },
  aws_failed: { title: 'AWS reported an internal error', ...FAILED },
  aws_response_invalid: { title: 'AWS sent an unreadable response', ...RESPONSE_INVALID },
  aws_unavailable: { title: 'AWS did not respond in time', ...UNAVAILABLE },
  sts_refused: { title: 'The STS of the account rejected the request', ...REFUSED },
  sts_throttled: { title: 'The STS of the account throttles requests', ...THROTTLED },
  sts_failed: { title: 'The STS of the account reported an internal error', ...FAILED },
  sts_response_invalid: {
    title: 'The STS of the account sent an unreadable response',
    ...RESPONSE_INVALID,
  },
  sts_unavailable: { title: 'The STS of the account did not respond in time', ...UNAVAILABLE },
} as const satisfies Record<string, ErrorRow>;
