/**
 * The answers of STS: XML, or JSON if the caller accepts only that. JSON has the same members, and
 * times as epoch seconds.
 */
import type { IncomingMessage } from 'node:http';
import { StsError } from './sts-error.ts';
import type { Answer } from './web.ts';
import { STS_NAMESPACE, writeXml, type XmlTree } from './xml-writer.ts';

const FAULT_NAMESPACE = 'http://webservices.amazon.com/AWSFault/2005-15-09';

/** To which request an answer belongs, and its form. */
export interface Reply {
  readonly requestId: string;
  readonly format: 'xml' | 'json';
}

export function formatOf(request: IncomingMessage): Reply['format'] {
  const accepted = request.headers.accept?.split(',')[0]?.split(';')[0]?.trim().toLowerCase();
  return accepted === 'application/json' ? 'json' : 'xml';
}

export function resultAnswer(action: string, result: XmlTree, reply: Reply): Answer {
  return answerOf(200, reply, {
    root: `${action}Response`,
    tree: { [`${action}Result`]: result, ResponseMetadata: { RequestId: reply.requestId } },
  });
}

export function errorAnswer(error: StsError, reply: Reply, namespace?: string): Answer {
  const type = error.status >= 500 ? 'Receiver' : 'Sender';
  const tree: XmlTree = {
    Error: { Type: type, Code: error.code, Message: error.wireMessage },
    RequestId: reply.requestId,
  };
  return answerOf(error.status, reply, { root: 'ErrorResponse', tree, namespace });
}

export function malformed(reply: Reply, reason: string): Answer {
  return errorAnswer(new StsError('MalformedInput', undefined, reason), reply);
}

export function invalidAction(name: string, version: string | null, reply: Reply): Answer {
  const message = `Could not find operation ${name} for version ${version ?? 'NO_VERSION_SPECIFIED'}`;
  return errorAnswer(new StsError('InvalidAction', message), reply, FAULT_NAMESPACE);
}

interface Document {
  readonly root: string;
  readonly tree: XmlTree;
  readonly namespace?: string | undefined;
}

export function answerOf(
  status: number,
  { requestId, format }: Reply,
  { root, tree, namespace = STS_NAMESPACE }: Document,
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
