/** A running local AWS for tests, on a free port of 127.0.0.1, and clients for it. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IAMClient } from '@aws-sdk/client-iam';
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { LocalAwsEvent } from '../../../src/dev/local-aws/events.ts';
import { createLocalAws, type LocalAws } from '../../../src/dev/local-aws/local-aws.ts';
import type { WorldInput } from '../../../src/dev/local-aws/world.ts';
import { type HandTurnedClock, handTurnedClock } from '../../support/clock.ts';
import { useFixture } from '../../support/fixture.ts';
import { idpKey, metadataXml } from './saml.ts';

export const PROD = '111122223333';
export const PARTNER = '444455556666';
export const GOV = '333344445555';
export const SAML_PROVIDER = `arn:aws:iam::${PROD}:saml-provider/rolebridge`;
export const ADMIN = `arn:aws:iam::${PROD}:role/Admin`;
export const ROLE_PAIR = `${ADMIN},${SAML_PROVIDER}`;

export interface Running {
  readonly aws: LocalAws;
  readonly url: string;
  readonly events: LocalAwsEvent[];
  readonly clock: HandTurnedClock;
  /** The reason of the last refusal. */
  readonly reason: () => string | undefined;
  readonly sts: (credentials?: STSClientConfig['credentials'], region?: string) => STSClient;
  /** IAM has one Region in each partition: us-east-1 in `aws`. */
  readonly iam: (credentials?: STSClientConfig['credentials'], region?: string) => IAMClient;
  readonly close: () => Promise<void>;
}

const FAKE = { accessKeyId: 'AKIAFAKEFAKEFAKEFAKE', secretAccessKey: 'not-a-key' };

export async function listen(
  handler: RequestListener,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

export async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

/**
 * A local AWS for the tests of the surrounding suite. A world that depends on another fixture is
 * given as a function.
 */
export function useLocalAws(world: WorldInput | (() => WorldInput)): Running {
  return useFixture(
    () => startLocalAws(typeof world === 'function' ? world() : world),
    running => running.close(),
  );
}

export async function startLocalAws(world: WorldInput): Promise<Running> {
  let handler: RequestListener = () => undefined;
  const { server, url } = await listen((request, response) => handler(request, response));
  const events: LocalAwsEvent[] = [];
  const clock = handTurnedClock();
  const aws = createLocalAws({
    world,
    baseUrl: url,
    now: clock.now,
    log: event => events.push(event),
  });
  handler = aws.handler;
  const clients: { destroy(): void }[] = [];
  const settings = (credentials: STSClientConfig['credentials'], region: string) => ({
    region,
    endpoint: url,
    // The SDK writes into the object.
    credentials: typeof credentials === 'object' ? { ...credentials } : credentials,
    maxAttempts: 1,
    systemClockOffset: clock.now() - Date.now(),
  });
  const remembered = <T extends { destroy(): void }>(client: T): T => {
    clients.push(client);
    return client;
  };
  return {
    aws,
    url,
    events,
    clock,
    reason: () => events.findLast(event => event.outcome === 'refused')?.reason,
    sts: (credentials = FAKE, region = 'eu-west-1') =>
      remembered(new STSClient(settings(credentials, region))),
    iam: (credentials = FAKE, region = 'us-east-1') =>
      remembered(new IAMClient(settings(credentials, region))),
    close: async () => {
      for (const client of clients) client.destroy();
      aws.faults.clear();
      await closed(server);
    },
  };
}

type Roles = NonNullable<WorldInput['roles']>;
export type TrustPolicy = Roles[number]['trustPolicy'];

export function samlTrust(
  actions: string[] = ['sts:AssumeRoleWithSAML', 'sts:TagSession', 'sts:SetSourceIdentity'],
): TrustPolicy {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: SAML_PROVIDER },
        Action: actions,
        Condition: { StringEquals: { 'saml:aud': 'https://signin.aws.amazon.com/saml' } },
      },
    ],
  };
}

/** One account with a SAML provider and the role Admin, which trusts it; `change` adds to it. */
export function samlWorld(change: Partial<WorldInput> = {}): WorldInput {
  return {
    accounts: [
      { id: PROD, name: 'prod' },
      { id: PARTNER, name: 'partner' },
      { id: GOV, name: 'gov', partition: 'aws-us-gov' },
    ],
    samlProviders: [
      { account: PROD, name: 'rolebridge', metadata: { xml: metadataXml([idpKey().certificate]) } },
    ],
    ...change,
    roles: [
      { account: PROD, name: 'Admin', maxSessionDuration: 43_200, trustPolicy: samlTrust() },
      ...((change.roles as Roles | undefined) ?? []),
    ],
  };
}

export interface OidcIssuer {
  readonly url: string;
  readonly host: string;
  readonly token: (claims?: JWTPayload, options?: TokenOptions) => Promise<string>;
  readonly fetches: string[];
  /** Replaces the signing key; the old one is not published any more. */
  readonly rotate: () => Promise<void>;
  /** Changes what the issuer serves. */
  readonly serve: { discovery?: unknown; jwks?: unknown; status?: number };
  readonly close: () => Promise<void>;
}

export const OIDC_ROLE = `arn:aws:iam::${PROD}:role/Oidc`;

/** A world that trusts the issuer, with a role `Oidc` that allows its tokens these actions. */
export function webIdentityWorld(
  { url, host }: Pick<OidcIssuer, 'url' | 'host'>,
  { actions, ...more }: { readonly actions: string[] } & Partial<WorldInput>,
): WorldInput {
  const trustPolicy = {
    Statement: {
      Effect: 'Allow' as const,
      Principal: { Federated: `arn:aws:iam::${PROD}:oidc-provider/${host}` },
      Action: actions,
    },
  };
  return samlWorld({
    oidcProviders: [{ account: PROD, url, clientIds: ['sts.amazonaws.com'] }],
    roles: [{ account: PROD, name: 'Oidc', trustPolicy }],
    ...more,
  });
}

export interface TokenOptions {
  readonly now?: number;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Claims that are left out. */
  readonly without?: readonly string[];
}

/** An OIDC issuer for the tests of the surrounding suite. */
export function useOidcIssuer(): OidcIssuer {
  return useFixture(startOidcIssuer, issuer => issuer.close());
}

/** An OIDC issuer that signs with jose; the local AWS checks with jsonwebtoken. */
export async function startOidcIssuer(algorithm = 'RS256'): Promise<OidcIssuer> {
  let serial = 0;
  const fetches: string[] = [];
  const serve: OidcIssuer['serve'] = {};
  const newKey = async () => {
    const pair = await generateKeyPair(algorithm, { extractable: true });
    serial += 1;
    const kid = `key-${serial}`;
    return {
      kid,
      privateKey: pair.privateKey,
      jwk: { ...(await exportJWK(pair.publicKey)), kid, use: 'sig', alg: algorithm },
    };
  };
  let key = await newKey();
  const { server, url } = await listen((request, response) => {
    fetches.push(request.url ?? '');
    const discovery = {
      issuer: url,
      jwks_uri: `${url}/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [algorithm],
    };
    const body =
      request.url === '/jwks'
        ? (serve.jwks ?? { keys: [key.jwk] })
        : (serve.discovery ?? discovery);
    response.writeHead(serve.status ?? 200, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  return {
    url,
    host: url.replace('http://', ''),
    fetches,
    serve,
    rotate: async () => {
      key = await newKey();
    },
    token: async (claims = {}, { now = Date.now(), header = {}, without = [] } = {}) => {
      const iat = Math.floor(now / 1000);
      const all: JWTPayload = {
        iss: url,
        sub: 'person-k3jx2q7d',
        aud: 'sts.amazonaws.com',
        iat,
        exp: iat + 300,
        ...claims,
      };
      for (const name of without) delete all[name];
      return new SignJWT(all)
        .setProtectedHeader({ alg: algorithm, kid: key.kid, ...header })
        .sign(key.privateKey);
    },
    close: () => closed(server),
  };
}

/** A query-protocol call by hand, for what an SDK would never send. */
export async function call(
  url: string,
  parameters: Readonly<Record<string, string>>,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${url}/`, {
    method: 'POST',
    body: new URLSearchParams({ Version: '2011-06-15', ...parameters }),
    redirect: 'manual',
    ...init,
  });
}

/** The code and the message of an STS error document. */
export async function errorOf(response: Response): Promise<{
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string | undefined;
}> {
  const text = await response.text();
  return {
    status: response.status,
    code: /<Code>(.*?)<\/Code>/.exec(text)?.[1],
    message: /<Message>([\s\S]*?)<\/Message>/.exec(text)?.[1],
  };
}
