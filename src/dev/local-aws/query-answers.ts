/**
 * The answers of a query API (STS, IAM): XML, or, of STS, JSON if the caller accepts only that.
 * JSON has the same members, and times as epoch seconds.
 */
import type { IncomingMessage } from 'node:http';
import { commonError, type QueryError } from './query-error.ts';
import type { Answer } from './web.ts';
import { writeXml, type XmlTree } from './xml-writer.ts';

const FAULT_NAMESPACE = 'http://webservices.amazon.com/AWSFault/2005-15-09';

/** To which request an answer belongs, and its form. */
export interface Reply {
  readonly requestId: string;
  readonly format: 'xml' | 'json';
  /** Of the XML. */
  readonly namespace: string;
}

export function formatOf(request: IncomingMessage): Reply['format'] {
  const accepted = request.headers.accept?.split(',')[0]?.split(';')[0]?.trim().toLowerCase();
  return accepted === 'application/json' ? 'json' : 'xml';
}

/** `result` is undefined for an operation that tells nothing but that it was done. */
export function resultAnswer(action: string, result: XmlTree | undefined, reply: Reply): Answer {
  const filled = result === undefined || Object.keys(result).length > 0 ? result : null;
  return answerOf(200, reply, {
    root: `${action}Response`,
    tree: { [`${action}Result`]: filled, ResponseMetadata: { RequestId: reply.requestId } },
  });
}

export function errorAnswer(error: QueryError, reply: Reply): Answer {
  const type = error.status >= 500 ? 'Receiver' : 'Sender';
  const tree: XmlTree = {
    Error: { Type: type, Code: error.code, Message: error.wireMessage },
    RequestId: reply.requestId,
  };
  return answerOf(error.status, reply, { root: 'ErrorResponse', tree });
}

export function malformed(reply: Reply, reason: string): Answer {
  return errorAnswer(commonError('MalformedInput', undefined, reason), reply);
}

export function invalidAction(name: string, version: string | null, reply: Reply): Answer {
  const message = `Could not find operation ${name} for version ${version ?? 'NO_VERSION_SPECIFIED'}`;
  return errorAnswer(commonError('InvalidAction', message), {
    ...reply,
    namespace: FAULT_NAMESPACE,
  });
}

interface Document {
  readonly root: string;
  readonly tree: XmlTree;
}

export function answerOf(
  status: number,
  { requestId, format, namespace }: Reply,
  { root, tree }: Document,
): Answer {
  return {
    status,
    headers: {
      'content-type': format === 'xml' ? 'text/xml' : 'application/json',
      'x-amzn-requestid': requestId,
      'x-amz-sts-extended-request-id': Buffer.from(requestId).toString('base64'),
    },
    body:
      format === 'xml'
        ? writeXml(root, namespace, tree)
        : JSON.stringify(root === 'ErrorResponse' ? tree : { [root]: tree }, epochSeconds),
  };
}

function epochSeconds(name: string, value: unknown): unknown {
  return name === 'Expiration' && typeof value === 'string' ? Date.parse(value) / 1000 : value;
}
