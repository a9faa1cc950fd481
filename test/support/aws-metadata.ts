/**
 * Where AWS gives a role its credentials: the metadata service of an instance, with IMDSv2 alone,
 * and the container credentials of a task. It shares no code with the client.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RoleCredentials } from './caller-forge.ts';

export interface AwsMetadata {
  /** AWS_EC2_METADATA_SERVICE_ENDPOINT */
  readonly instance: string;
  /** AWS_CONTAINER_CREDENTIALS_FULL_URI */
  readonly container: string;
  /** Requests that were refused, as `GET /path`. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

export interface AwsMetadataOptions {
  readonly credentials: () => RoleCredentials;
  /** AWS_CONTAINER_AUTHORIZATION_TOKEN */
  readonly authorization: string;
  /** Answers instead, if it gives a body. */
  readonly fault?: () => { readonly status: number; readonly body: string } | undefined;
}

const ROLE = 'web server+1';
const SESSION = 'session-of-imds-v2==';
const ROLES = '/latest/meta-data/iam/security-credentials/';
const CONTAINER = '/v2/credentials/9b1c';

export async function startAwsMetadata(options: AwsMetadataOptions): Promise<AwsMetadata> {
  const refused: string[] = [];
  const server = createServer((request, response) => {
    const answer = answerTo(request, options);
    if (answer.status !== 200) refused.push(`${request.method} ${request.url}`);
    send(response, answer);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    instance: origin,
    container: `${origin}${CONTAINER}`,
    refused,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function answerTo(
  { method, url = '', headers }: IncomingMessage,
  { credentials, authorization, fault = () => undefined }: AwsMetadataOptions,
): Answer {
  const isToken = method === 'PUT' && url === '/latest/api/token';
  if (isToken) {
    const seconds = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
    const isFit = Number.isInteger(seconds) && seconds >= 1 && seconds <= 21_600;
    return isFit ? { status: 200, body: SESSION } : { status: 400, body: '' };
  }
  const isContainer = url === CONTAINER;
  const isAllowed = isContainer
    ? headers.authorization === authorization
    : headers['x-aws-ec2-metadata-token'] === SESSION;
  if (method !== 'GET' || !isAllowed) return { status: 401, body: '' };
  const keys = keysOf(credentials());
  const broken = url === `${ROLES}${encodeURIComponent(ROLE)}` || isContainer ? fault() : undefined;
  if (broken !== undefined) return broken;
  if (isContainer) return { status: 200, body: JSON.stringify({ RoleArn: 'arn', ...keys }) };
  if (url === ROLES) return { status: 200, body: ROLE };
  if (url === `${ROLES}${encodeURIComponent(ROLE)}`)
    return { status: 200, body: JSON.stringify({ Code: 'Success', Type: 'AWS-HMAC', ...keys }) };
  if (url === '/latest/meta-data/placement/region') return { status: 200, body: 'eu-west-1' };
  return { status: 404, body: '' };
}

function keysOf({ accessKeyId, secretAccessKey, sessionToken }: RoleCredentials): object {
  return {
    ...{ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken },
    Expiration: new Date(Date.now() + 3_600_000).toISOString(),
  };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const location = status === 302 ? { location: 'http://127.0.0.1:1/' } : {};
  response.writeHead(status, location).end(body);
}
