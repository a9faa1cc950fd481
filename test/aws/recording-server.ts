/**
 * A loopback server that records what it is sent and answers what a test says. It knows nothing of
 * AWS.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Recorded {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly form: URLSearchParams;
}

export type Answer =
  | {
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Never answers; closes the connection without a word. */
  | 'silence'
  | 'hang-up';

export interface RecordingServer {
  readonly url: string;
  readonly requests: readonly Recorded[];
  close(): Promise<void>;
}

export async function recordingServer(
  answer: (request: Recorded, index: number) => Answer,
): Promise<RecordingServer> {
  const requests: Recorded[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const recorded = {
      method: request.method!,
      url: request.url!,
      headers: request.headers,
      body,
      form: new URLSearchParams(body),
    };
    requests.push(recorded);
    const answered = answer(recorded, requests.length - 1);
    if (answered === 'silence') return;
    if (answered === 'hang-up') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answered.status, answered.headers).end(answered.body);
  });
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const HEADERS = {
  'content-type': 'text/xml',
  'x-amzn-requestid': '11111111-2222-3333-4444-555555555555',
};

/** What STS answers to any of the three calls. */
export function stsAnswer(
  action: string,
  options: {
    readonly arn?: string;
    readonly expiration?: string;
    readonly keyId?: string;
    /** PackedPolicySize, as text. */
    readonly packed?: string;
  } = {},
): Answer {
  const {
    arn = 'arn:aws:sts::111122223333:assumed-role/Admin/alice',
    expiration = '2026-01-02T07:05:00Z',
    keyId = 'ASIAEXAMPLEEXAMPLE11',
    packed,
  } = options;
  const size = packed === undefined ? '' : `<PackedPolicySize>${packed}</PackedPolicySize>`;
  return {
    status: 200,
    headers: HEADERS,
    body: `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>
  <AssumedRoleUser><AssumedRoleId>AROAEXAMPLEEXAMPLEEX1:alice</AssumedRoleId><Arn>${arn}</Arn></AssumedRoleUser>
  <Credentials><AccessKeyId>${keyId}</AccessKeyId><SecretAccessKey>secret-of-${keyId}</SecretAccessKey>
  <SessionToken>token-of-${keyId}</SessionToken><Expiration>${expiration}</Expiration></Credentials>${size}
</${action}Result><ResponseMetadata><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ResponseMetadata></${action}Response>`,
  };
}

export function stsError(status: number, code: string, message: string): Answer {
  return {
    status,
    headers: HEADERS,
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${escaped(code)}</Code><Message>${escaped(message)}</Message></Error><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ErrorResponse>`,
  };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
