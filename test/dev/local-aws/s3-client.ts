/** A world with buckets, and a client that signs requests to S3. */
import { AssumeRoleCommand, type AssumeRoleCommandInput } from '@aws-sdk/client-sts';
import aws4 from 'aws4';
import type { WorldInput } from '../../../src/dev/local-aws/world.ts';
import { PARTNER, PROD, type Running, samlWorld, type TrustPolicy } from './support.ts';

export const KEY = {
  accessKeyId: 'AKIALOCALLOCALLOCAL0',
  secretAccessKey: 'local-user-secret-key-0001',
};
export const PAGE = 'https://photos.example.com';
export const PHOTO_USER = `arn:aws:iam::${PROD}:role/PhotoUser`;
const USER_ARN = `arn:aws:iam::${PROD}:user/ci`;
/** The value of the tag User, as a policy variable. */
const OWN = '$' + '{aws:PrincipalTag/User}';

const photoUserPolicy = {
  Version: '2012-10-17' as const,
  Statement: [
    {
      Effect: 'Allow' as const,
      Action: 's3:ListBucket',
      Resource: 'arn:aws:s3:::photos',
      Condition: { StringLike: { 's3:prefix': `${OWN}/*` } },
    },
    {
      Effect: 'Allow' as const,
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::photos/${OWN}/*`,
    },
    {
      Effect: 'Deny' as const,
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::*/secret*',
    },
  ],
};

const trust = {
  Statement: {
    Effect: 'Allow',
    Principal: { AWS: USER_ARN },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
  },
} as TrustPolicy;
const all = { Effect: 'Allow' as const, Action: 's3:*', Resource: '*' };
const object = (key: string, text = key) => ({ key, content: { text }, contentType: 'text/plain' });

export function s3World(): WorldInput {
  return samlWorld({
    roles: [
      { account: PROD, name: 'PhotoUser', trustPolicy: trust, permissions: [photoUserPolicy] },
      { account: PROD, name: 'Everything', trustPolicy: trust, permissions: [all] },
      {
        account: PROD,
        name: 'Reader',
        trustPolicy: trust,
        permissions: [{ ...all, Action: 's3:GetObject' }],
      },
    ],
    iamUsers: [{ account: PROD, name: 'ci', accessKeys: [KEY], permissions: [all] }],
    buckets: [
      {
        account: PROD,
        name: 'photos',
        region: 'eu-west-1',
        objects: [
          object('readme.txt'),
          object('bob/1.txt'),
          object('alice/2.txt'),
          object('alice/10.txt'),
          object('alice/trips/rome & (more)/é+1.txt'),
          object('alice/trips/oslo/1.txt'),
          object('alice/secret.txt'),
          object('secret/1.txt'),
          { key: 'alice/pixel', content: { base64: 'AP/+gA==' } },
        ],
        cors: [
          {
            allowedOrigins: [PAGE],
            allowedMethods: ['GET'],
            allowedHeaders: ['Authorization', 'x-amz-date', 'X-Amz-Content-Sha256'],
            exposeHeaders: ['ETag'],
            maxAgeSeconds: 600,
          },
          {
            allowedOrigins: ['https://any.example.com'],
            allowedMethods: ['GET', 'HEAD'],
            allowedHeaders: ['*'],
          },
        ],
      },
      { account: PARTNER, name: 'partner-photos', region: 'eu-west-1' },
    ],
  });
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A session of a role for a user, or what `change` says. */
export async function sessionOf(
  running: Running,
  user: string,
  change: Partial<AssumeRoleCommandInput> = {},
): Promise<Credentials> {
  const { Credentials: keys } = await running.sts({ ...KEY }).send(
    new AssumeRoleCommand({
      RoleArn: PHOTO_USER,
      RoleSessionName: user,
      Tags: [{ Key: 'User', Value: user }],
      ...change,
    }),
  );
  return {
    accessKeyId: keys!.AccessKeyId!,
    secretAccessKey: keys!.SecretAccessKey!,
    sessionToken: keys!.SessionToken!,
  };
}

export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly region?: string;
  readonly service?: string;
  /** Seconds that a presigned request is good for. */
  readonly presigned?: number;
  readonly date?: number;
  /** Changes what was signed. */
  readonly change?: (headers: Record<string, string>) => void;
  readonly body?: string;
  /** What is sent in place of the method or the path that was signed. */
  readonly as?: { readonly method?: string; readonly target?: string };
}

/** `target` is the path below `/s3`, with its query, as sent. */
export async function sendS3(
  running: Running,
  credentials: Credentials,
  target: string,
  sending: Sending = {},
): Promise<Response> {
  const { method = 'GET', region = 'eu-west-1', service = 's3', presigned, change } = sending;
  const date = compact(sending.date ?? running.clock.now());
  const link =
    presigned === undefined
      ? ''
      : `${target.includes('?') ? '&' : '?'}X-Amz-Date=${date}&X-Amz-Expires=${presigned}`;
  const signed = aws4.sign(
    {
      host: new URL(running.url).host,
      path: `/s3${target}${link}`,
      method,
      region,
      service,
      ...(sending.body !== undefined && { body: sending.body }),
      headers: { ...(presigned === undefined && { 'X-Amz-Date': date }), ...sending.headers },
      signQuery: presigned !== undefined,
    },
    { ...credentials },
  );
  const headers = Object.fromEntries(
    Object.entries(signed.headers as Record<string, string>).map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ]),
  );
  delete headers.host;
  change?.(headers);
  const { as = {} } = sending;
  const path = as.target === undefined ? signed.path : `/s3${as.target}`;
  return fetch(`${running.url}${path}`, {
    method: as.method ?? method,
    headers,
    ...(sending.body !== undefined && { body: sending.body }),
  });
}

/** Code, message and status of an error document of S3. */
export async function s3ErrorOf(response: Response) {
  const text = await response.text();
  const element = (name: string): string | undefined =>
    new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(text)?.[1]?.replaceAll('&quot;', '"');
  return {
    status: response.status,
    code: element('Code'),
    message: element('Message') ?? '',
    text,
  };
}

export function compact(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
