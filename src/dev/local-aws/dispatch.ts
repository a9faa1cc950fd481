/**
 * The STS query API: reads a request, finds its operation, writes the answer. Owns the wire
 * (parameters, XML, request ids, the codes of requests that reach no operation) and no rule of any
 * operation.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { assumeRole } from './assume-role.ts';
import { assumeRoleWithSaml } from './assume-role-with-saml.ts';
import { assumeRoleWithWebIdentity } from './assume-role-with-web-identity.ts';
import type { Log } from './events.ts';
import { TRANSPORT_FAULTS, type TransportFault } from './faults.ts';
import { getSessionToken } from './get-session-token.ts';
import { principalOf } from './principal.ts';
import type { Sts } from './role-sessions.ts';
import { type Action, isAction, readShape } from './shapes.ts';
import type { SignedRequest } from './signature-claim.ts';
import {
  answerOf,
  errorAnswer,
  formatOf,
  invalidAction,
  malformed,
  type Reply,
  resultAnswer,
} from './sts-answers.ts';
import { authenticateSts } from './sts-authentication.ts';
import { StsError } from './sts-error.ts';
import {
  type Answer,
  BodyTooLarge,
  headersOf,
  isForm,
  parseForm,
  readBody,
  send,
  sourceIpOf,
} from './web.ts';
import type { XmlTree } from './xml-writer.ts';

const VERSION = '2011-06-15';
const MAX_BODY = 10_000_000;

interface Call {
  readonly parameters: URLSearchParams;
  readonly request: SignedRequest;
  readonly sourceIp: string;
}

type Operation = (sts: Sts, call: Call) => XmlTree | Promise<XmlTree>;

const OPERATIONS: Readonly<Record<Action, Operation>> = {
  AssumeRole: (sts, call) => {
    const input = readShape('AssumeRole', call.parameters);
    return assumeRole(sts, input, authenticateSts(call.request, sts), call.sourceIp);
  },
  AssumeRoleWithSAML: (sts, call) =>
    assumeRoleWithSaml(sts, readShape('AssumeRoleWithSAML', call.parameters), call.sourceIp),
  AssumeRoleWithWebIdentity: (sts, call) =>
    assumeRoleWithWebIdentity(
      sts,
      readShape('AssumeRoleWithWebIdentity', call.parameters),
      call.sourceIp,
    ),
  GetCallerIdentity: (sts, call) => {
    const { arn, userId, account } = principalOf(authenticateSts(call.request, sts));
    return { Arn: arn, UserId: userId, Account: account.id };
  },
  GetSessionToken: (sts, call) => {
    const input = readShape('GetSessionToken', call.parameters);
    return getSessionToken(sts, input, authenticateSts(call.request, sts));
  },
};

/** Serves `/`. */
export function createStsSurface(
  sts: Sts,
  log: Log,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const requestId = randomUUID();
    const reply: Reply = { requestId, format: formatOf(request) };
    let body: string;
    try {
      body = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        await readBody(request, MAX_BODY),
      );
    } catch (cause) {
      const answer =
        cause instanceof BodyTooLarge
          ? { status: 413, headers: { connection: 'close' } }
          : malformed(reply, 'the body is not UTF-8');
      return send(response, answer);
    }
    const query = request.url?.split('?')[1] ?? '';
    const parameters = parseForm(request.method === 'GET' ? query : body);
    if (parameters === undefined) return send(response, malformed(reply, 'too many parameters'));

    const name = parameters.get('Action');
    if (
      name === null ||
      (request.method !== 'GET' && (request.method !== 'POST' || !isForm(request)))
    )
      return send(response, toProductPage(parameters, request.method));
    const version = parameters.get('Version');
    if (version !== VERSION || !isAction(name)) {
      log({
        outcome: 'refused',
        surface: 'sts',
        action: printable(name),
        requestId,
        code: 'InvalidAction',
      });
      return send(response, invalidAction(name, version, reply));
    }
    const struck = await strike(sts, name, response, { reply, log });
    if (struck === 'done') return;
    const call: Call = {
      parameters,
      request: {
        method: request.method ?? '',
        url: request.url ?? '/',
        headers: headersOf(request),
        body,
      },
      sourceIp: sourceIpOf(request),
    };
    send(response, await perform(sts, name, call, { reply, log }));
  };
}

async function perform(
  sts: Sts,
  action: Action,
  call: Call,
  { reply, log }: { reply: Reply; log: Log },
): Promise<Answer> {
  const { requestId } = reply;
  try {
    if (action !== 'GetCallerIdentity' && sts.faults.strikes('sts', 'regionDisabled')) {
      throw new StsError(
        'RegionDisabledException',
        'STS is not activated in this region for account. Your account administrator can activate STS in this region using the IAM Console.',
      );
    }
    const result = await OPERATIONS[action](sts, call);
    log({ outcome: 'answered', surface: 'sts', action, requestId, principal: principalIn(result) });
    return resultAnswer(action, result, reply);
  } catch (cause) {
    const error =
      cause instanceof StsError
        ? cause
        : new StsError(
            'InternalFailure',
            'An internal error has occurred',
            `defect: ${(cause as Error)?.stack ?? cause}`,
          );
    log({
      outcome: 'refused',
      surface: 'sts',
      action,
      requestId,
      code: error.code,
      reason: error.reason,
    });
    return errorAnswer(error, reply);
  }
}

function principalIn(result: XmlTree): string | undefined {
  const user = result.AssumedRoleUser as XmlTree | undefined;
  const arn = user?.Arn ?? result.Arn;
  return typeof arn === 'string' ? arn : undefined;
}

/** What is no API call at all is sent to the product page. */
function toProductPage(parameters: URLSearchParams, method: string | undefined): Answer {
  const version = parameters.get('Version');
  const query =
    method === 'GET' && version !== null ? `?${new URLSearchParams({ Version: version })}` : '';
  return { status: 302, headers: { location: `https://aws.amazon.com/iam${query}` } };
}

function printable(name: string): string {
  return /^[A-Za-z]{1,64}$/.test(name) ? name : '(not a name)';
}

type Fault = (sts: Sts, response: ServerResponse, reply: Reply) => Promise<'done' | 'go on'>;

const FAULTS: Readonly<Record<TransportFault, Fault>> = {
  throttling: async (_sts, response, reply) =>
    answered(response, errorAnswer(new StsError('Throttling', 'Rate exceeded'), reply)),
  serverError: async (_sts, response, reply) =>
    answered(
      response,
      errorAnswer(new StsError('InternalFailure', 'An internal error has occurred'), reply),
    ),
  hold: async sts => {
    await sts.faults.untilReleased();
    return 'go on';
  },
  hang: async () => 'done',
  oversized: async (_sts, response, reply) =>
    answered(
      response,
      answerOf(200, reply, {
        root: 'Oversized',
        tree: { Filler: 'a'.repeat(8 * 1024 * 1024) },
      }),
    ),
  notXml: async (_sts, response) =>
    answered(response, {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html><body>This is not STS</body></html>',
    }),
};

function answered(response: ServerResponse, answer: Answer): 'done' {
  send(response, answer);
  return 'done';
}

async function strike(
  sts: Sts,
  action: Action,
  response: ServerResponse,
  { reply, log }: { reply: Reply; log: Log },
): Promise<'done' | 'go on'> {
  for (const fault of TRANSPORT_FAULTS) {
    if (!sts.faults.strikes('sts', fault)) continue;
    log({ outcome: 'fault', surface: 'sts', action, requestId: reply.requestId, code: fault });
    if ((await FAULTS[fault](sts, response, reply)) === 'done') return 'done';
  }
  return 'go on';
}
