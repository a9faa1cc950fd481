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
import { authenticate, type SignedRequest } from './sigv4.ts';
import { StsError } from './sts-error.ts';
import { type Answer, BodyTooLarge, isForm, parseForm, readBody, send } from './web.ts';
import { STS_NAMESPACE, writeXml, type XmlTree } from './xml-writer.ts';

const VERSION = '2011-06-15';
const MAX_BODY = 10_000_000;
const FAULT_NAMESPACE = 'http://webservices.amazon.com/AWSFault/2005-15-09';

interface Call {
  readonly parameters: URLSearchParams;
  readonly request: SignedRequest;
  readonly sourceIp: string;
}

type Operation = (sts: Sts, call: Call) => XmlTree | Promise<XmlTree>;

const OPERATIONS: Readonly<Record<Action, Operation>> = {
  AssumeRole: (sts, call) => {
    const input = readShape('AssumeRole', call.parameters);
    return assumeRole(sts, input, authenticate(call.request, sts), call.sourceIp);
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
    const { arn, userId, account } = principalOf(authenticate(call.request, sts));
    return { Arn: arn, UserId: userId, Account: account.id };
  },
  GetSessionToken: (sts, call) => {
    const input = readShape('GetSessionToken', call.parameters);
    return getSessionToken(sts, input, authenticate(call.request, sts));
  },
};

/** Serves `/`. */
export function createStsSurface(
  sts: Sts,
  log: Log,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const requestId = randomUUID();
    let body: string;
    try {
      body = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        await readBody(request, MAX_BODY),
      );
    } catch (cause) {
      const answer =
        cause instanceof BodyTooLarge
          ? { status: 413, headers: { connection: 'close' } }
          : malformed(requestId, 'the body is not UTF-8');
      return send(response, answer);
    }
    const query = request.url?.split('?')[1] ?? '';
    const parameters = parseForm(request.method === 'GET' ? query : body);
    if (parameters === undefined)
      return send(response, malformed(requestId, 'too many parameters'));

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
      return send(response, invalidAction(name, version, requestId));
    }
    const struck = await strike(sts, name, response, { requestId, log });
    if (struck === 'done') return;
    const call: Call = {
      parameters,
      request: signedRequest(request, body),
      sourceIp: request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '',
    };
    send(response, await perform(sts, name, call, { requestId, log }));
  };
}

async function perform(
  sts: Sts,
  action: Action,
  call: Call,
  { requestId, log }: { requestId: string; log: Log },
): Promise<Answer> {
  try {
    if (action !== 'GetCallerIdentity' && sts.faults.strikes('sts', 'regionDisabled')) {
      throw new StsError(
        'RegionDisabledException',
        'STS is not activated in this region for account. Your account administrator can activate STS in this region using the IAM Console.',
      );
    }
    const result = await OPERATIONS[action](sts, call);
    log({ outcome: 'answered', surface: 'sts', action, requestId, principal: principalIn(result) });
    return xmlAnswer(
      200,
      requestId,
      writeXml(`${action}Response`, STS_NAMESPACE, {
        [`${action}Result`]: result,
        ResponseMetadata: { RequestId: requestId },
      }),
    );
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
    return errorAnswer(error, requestId);
  }
}

function principalIn(result: XmlTree): string | undefined {
  const user = result.AssumedRoleUser;
  const arn = typeof user === 'object' && user !== null ? user.Arn : result.Arn;
  return typeof arn === 'string' ? arn : undefined;
}

function xmlAnswer(status: number, requestId: string, body: string): Answer {
  return {
    status,
    headers: {
      'content-type': 'text/xml',
      'x-amzn-requestid': requestId,
      'x-amz-sts-extended-request-id': Buffer.from(requestId).toString('base64'),
    },
    body,
  };
}

function errorAnswer(
  error: StsError,
  requestId: string,
  namespace: string = STS_NAMESPACE,
): Answer {
  const type = error.status >= 500 ? 'Receiver' : 'Sender';
  const tree: XmlTree = {
    Error: { Type: type, Code: error.code, Message: error.wireMessage },
    RequestId: requestId,
  };
  return xmlAnswer(error.status, requestId, writeXml('ErrorResponse', namespace, tree));
}

function malformed(requestId: string, reason: string): Answer {
  return errorAnswer(new StsError('MalformedInput', undefined, reason), requestId);
}

function invalidAction(name: string, version: string | null, requestId: string): Answer {
  const message = `Could not find operation ${name} for version ${version ?? 'NO_VERSION_SPECIFIED'}`;
  return errorAnswer(new StsError('InvalidAction', message), requestId, FAULT_NAMESPACE);
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

function signedRequest(request: IncomingMessage, body: string): SignedRequest {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(request.headers))
    headers.set(name, Array.isArray(value) ? value.join(',') : (value ?? ''));
  return { method: request.method ?? '', url: request.url ?? '/', headers, body };
}

type Fault = (sts: Sts, response: ServerResponse, requestId: string) => Promise<'done' | 'go on'>;

const FAULTS: Readonly<Record<TransportFault, Fault>> = {
  throttling: async (_sts, response, requestId) =>
    answered(response, errorAnswer(new StsError('Throttling', 'Rate exceeded'), requestId)),
  serverError: async (_sts, response, requestId) =>
    answered(
      response,
      errorAnswer(new StsError('InternalFailure', 'An internal error has occurred'), requestId),
    ),
  hold: async sts => {
    await sts.faults.untilReleased();
    return 'go on';
  },
  hang: async () => 'done',
  oversized: async (_sts, response, requestId) =>
    answered(
      response,
      xmlAnswer(
        200,
        requestId,
        writeXml('Oversized', STS_NAMESPACE, { Filler: 'a'.repeat(8 * 1024 * 1024) }),
      ),
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
  { requestId, log }: { requestId: string; log: Log },
): Promise<'done' | 'go on'> {
  for (const fault of TRANSPORT_FAULTS) {
    if (!sts.faults.strikes('sts', fault)) continue;
    log({ outcome: 'fault', surface: 'sts', action, requestId, code: fault });
    if ((await FAULTS[fault](sts, response, requestId)) === 'done') return 'done';
  }
  return 'go on';
}
