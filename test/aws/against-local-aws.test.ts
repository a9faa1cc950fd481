/**
 * Issuer, broker and console federation together, before an AWS that checks signatures, audiences,
 * times and trust as STS does.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { createConsoleFederation } from '../../src/aws/console.ts';
import { createCredentialBroker } from '../../src/aws/sts.ts';
import type { AssumedRole, AssumeRequest } from '../../src/core/assumed-role.ts';
import { type Partitions, partitionTable } from '../../src/core/partitions.ts';
import type { AssertionIssuer, CredentialBroker } from '../../src/core/ports.ts';
import type { Account, AccountId, RoleName, SamlTrust } from '../../src/core/role.ts';
import type { LocalAwsEvent } from '../../src/dev/local-aws/events.ts';
import { createLocalAws, type LocalAws } from '../../src/dev/local-aws/local-aws.ts';
import type { WorldInput } from '../../src/dev/local-aws/world.ts';
import { createIssuer } from '../../src/issuer/issuer.ts';
import type { SigningKeys } from '../../src/issuer/signing-keys.ts';
import { createOutbound } from '../../src/outbound.ts';
import { ephemeralKeys } from '../issuer/ephemeral-keys.ts';
import { anAccount, anAssertionSubject, aRoleSession } from '../support/assertion-subject.ts';
import { handTurnedClock } from '../support/clock.ts';

const AUDIENCE = 'sts.amazonaws.com';
const ENTITY_ID = 'https://aws.example.com/saml/idp';
const clock = handTurnedClock();
const outbound = createOutbound({ timeoutSeconds: 5, maxBytes: 65_536 });

let aws: LocalAws;
let events: LocalAwsEvent[];
let keys: SigningKeys;
let issuer: AssertionIssuer;
let broker: CredentialBroker;
let partitions: Partitions;
/** Where our discovery documents are read, and where AWS is. */
let ours: { readonly server: Server; readonly url: string };
let theirs: { readonly server: Server; readonly url: string };

async function listen(
  handler: RequestListener,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

before(async () => {
  keys = await ephemeralKeys(clock);
  let serve: RequestListener = () => undefined;
  let serveAws: RequestListener = () => undefined;
  ours = await listen((request, response) => serve(request, response));
  theirs = await listen((request, response) => serveAws(request, response));
  partitions = partitionTable({
    endpoints: { sts: theirs.url, signin: theirs.url, console: `${theirs.url}/console` },
  });
  const made = createIssuer({
    baseUrl: ours.url,
    samlEntityId: ENTITY_ID,
    audience: AUDIENCE,
    keys,
    partitions,
    clock,
  });
  issuer = made;
  serve = (request, response) => {
    const documents: Record<string, unknown> = {
      '/.well-known/openid-configuration': made.openIdConfiguration(),
      '/.well-known/jwks.json': made.jwks(),
    };
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(documents[request.url!]));
  };
  events = [];
  aws = createLocalAws({
    world: world(made.samlMetadata()),
    baseUrl: theirs.url,
    now: clock.now,
    log: event => events.push(event),
  });
  serveAws = aws.handler;
  broker = createCredentialBroker({
    issuer,
    partitions,
    outbound,
    timeoutSeconds: 5,
    clock,
    pause: async () => {},
  });
});

after(async () => {
  await outbound.close();
  for (const { server } of [ours, theirs]) {
    server.close();
    server.closeAllConnections();
  }
});

const SAML: SamlTrust = { by: 'saml', provider: 'rolebridge' };
const PROD = anAccount({ trust: SAML });
const STAGING = anAccount({
  id: '222233334444' as AccountId,
  name: 'staging',
  trust: { by: 'web-identity' },
});
const GOV = anAccount({
  id: '333344445555' as AccountId,
  name: 'gov',
  partition: 'aws-us-gov',
  region: 'us-gov-west-1',
  trust: SAML,
});
const CHINA = anAccount({
  id: '555566667777' as AccountId,
  name: 'china',
  partition: 'aws-cn',
  region: 'cn-north-1',
  trust: SAML,
});
const EUROPE = anAccount({
  id: '666677778888' as AccountId,
  name: 'europe',
  partition: 'aws-eusc',
  region: 'eusc-de-east-1',
  trust: SAML,
});
const partnerVia = (hub: Account, externalId = 'spoke-7f3c'): Account =>
  anAccount({
    id: '444455556666' as AccountId,
    name: 'partner',
    trust: { by: 'hub', hub, role: 'BridgeHub' as RoleName, externalId },
  });

function world(metadata: string): WorldInput {
  const ALL = ['sts:TagSession', 'sts:SetSourceIdentity'];
  const trusting = (
    principal: Record<string, string>,
    actions: string[],
    equals: Record<string, string>,
  ) => ({
    Version: '2012-10-17' as const,
    Statement: [
      {
        Effect: 'Allow' as const,
        Principal: principal,
        Action: actions,
        Condition: { StringEquals: equals },
      },
    ],
  });
  const host = new URL(ours.url).host;
  const saml = ({ id, partition, region }: Account, actions = ALL) =>
    trusting(
      { Federated: `arn:${partition}:iam::${id}:saml-provider/rolebridge` },
      ['sts:AssumeRoleWithSAML', ...actions],
      {
        'saml:aud': partitionTable()[partition].samlRecipient(region),
        'saml:iss': ENTITY_ID,
        'saml:sub_type': 'persistent',
      },
    );
  const web = ({ id }: Account) =>
    trusting(
      { Federated: `arn:aws:iam::${id}:oidc-provider/${host}` },
      ['sts:AssumeRoleWithWebIdentity', ...ALL],
      {
        [`${host}:aud`]: AUDIENCE,
      },
    );
  const federated = [PROD, GOV, CHINA, EUROPE];
  const hubPermissions = [
    { Effect: 'Allow' as const, Action: ['sts:AssumeRole', ...ALL], Resource: '*' },
  ];
  const hubs = [PROD, STAGING].map(({ id }) => `arn:aws:iam::${id}:role/BridgeHub`);
  return {
    accounts: [...federated, STAGING, partnerVia(PROD)].map(({ id, name, partition }) => ({
      id,
      name,
      partition,
    })),
    samlProviders: federated.map(({ id }) => ({
      account: id,
      name: 'rolebridge',
      metadata: { xml: metadata },
    })),
    oidcProviders: [{ account: STAGING.id, url: ours.url, clientIds: [AUDIENCE] }],
    roles: [
      ...federated.map(account => ({
        account: account.id,
        name: 'Admin',
        maxSessionDuration: 43_200,
        trustPolicy: saml(account),
      })),
      { account: PROD.id, name: 'Hourly', trustPolicy: saml(PROD) },
      {
        account: PROD.id,
        name: 'Untagged',
        maxSessionDuration: 43_200,
        trustPolicy: saml(PROD, []),
      },
      { account: PROD.id, name: 'BridgeHub', trustPolicy: saml(PROD), permissions: hubPermissions },
      { account: STAGING.id, name: 'Admin', maxSessionDuration: 43_200, trustPolicy: web(STAGING) },
      {
        account: STAGING.id,
        name: 'BridgeHub',
        trustPolicy: web(STAGING),
        permissions: hubPermissions,
      },
      {
        account: partnerVia(PROD).id,
        name: 'Admin',
        maxSessionDuration: 43_200,
        trustPolicy: {
          Version: '2012-10-17',
          Statement: hubs.map(hub => ({
            Effect: 'Allow' as const,
            Principal: { AWS: hub },
            Action: ['sts:AssumeRole', ...ALL],
            Condition: { StringEquals: { 'sts:ExternalId': 'spoke-7f3c' } },
          })),
        },
      },
    ],
  };
}

const TAGGED = aRoleSession({
  tags: [
    { key: 'Department', value: 'R+D: a_b=c/d @ é' },
    { key: 'Email', value: 'alice@example.com' },
  ],
  transitiveTags: ['Department'],
  sourceIdentity: 'alice@example.com',
});

const requestFor = (
  account: Account,
  changes: Parameters<typeof anAssertionSubject>[0] = {},
): AssumeRequest => anAssertionSubject({ account, session: TAGGED, ...changes });

/** Assumes, and on a refusal says what the local AWS says why. */
async function assume(request: AssumeRequest): Promise<AssumedRole> {
  events.length = 0;
  return broker
    .assume(request)
    .catch((error: Error) => assert.fail(`${error.message}; ${JSON.stringify(events)}`));
}

const secondsLeft = ({ credentials }: AssumedRole): number =>
  (credentials.expiresAt - clock.now()) / 1000;

describe('before a strict AWS', () => {
  const direct: readonly Account[] = [PROD, STAGING, GOV, CHINA, EUROPE];
  for (const account of direct) {
    it(`${account.name} (${account.trust.by}, ${account.partition}) gives its role for the whole time asked for`, async () => {
      const assumed = await assume(requestFor(account));
      assert.equal(
        assumed.assumedRoleArn,
        `arn:${account.partition}:sts::${account.id}:assumed-role/Admin/alice-k3jx2q7d5vbn4mza`,
      );
      assert.equal(assumed.chained, false);
      assert.equal(assumed.reducedFrom, undefined);
      assert.ok(Math.abs(secondsLeft(assumed) - 4 * 3600) <= 2);
    });
  }

  for (const hub of [PROD, STAGING]) {
    it(`partner gives its role behind the hub of ${hub.name} (${hub.trust.by}), for an hour`, async () => {
      const assumed = await assume(requestFor(partnerVia(hub)));
      assert.equal(
        assumed.assumedRoleArn,
        'arn:aws:sts::444455556666:assumed-role/Admin/alice-k3jx2q7d5vbn4mza',
      );
      assert.equal(assumed.chained, true);
      assert.equal(assumed.reducedFrom, 4 * 3600);
      assert.ok(Math.abs(secondsLeft(assumed) - 3600) <= 2);
    });
  }

  it('partner gives its role behind a hub that trusts the corporate identity provider itself', async () => {
    const now = Math.floor(clock.now() / 1000);
    const token = await new SignJWT({
      iss: ours.url,
      aud: AUDIENCE,
      sub: 'alice-at-work',
      iat: now,
      exp: now + 300,
    })
      .setProtectedHeader({ alg: 'RS256', kid: keys.webIdentity.active.kid })
      .sign(keys.webIdentity.active.privateKey);
    const hub = { ...STAGING, trust: { by: 'corporate-web-identity' } } as const;
    const corporateProof = { kind: 'id-token', token, expiresAt: clock.now() + 300_000 } as const;

    const assumed = await assume({ ...requestFor(partnerVia(hub)), corporateProof });

    assert.equal(assumed.chained, true);
  });

  it("an account gives its role for the person's own proof", async () => {
    const session = aRoleSession();
    const samlResponse = await issuer.samlResponse(requestFor(PROD, { session }), SAML);
    const token = await issuer.webIdentityToken(requestFor(STAGING, { session }));
    const expiresAt = clock.now() + 300_000;
    const bySaml = { ...PROD, trust: { by: 'corporate-saml', provider: 'rolebridge' } } as const;
    const byToken = { ...STAGING, trust: { by: 'corporate-web-identity' } } as const;
    await assume({
      ...requestFor(bySaml, { session }),
      corporateProof: { kind: 'saml-response', samlResponse, expiresAt },
    });
    await assume({
      ...requestFor(byToken, { session }),
      corporateProof: { kind: 'id-token', token, expiresAt },
    });
  });

  it('a role that allows an hour gives an hour', async () => {
    const assumed = await assume(requestFor(PROD, { roleName: 'Hourly' }));
    assert.equal(assumed.durationSeconds, 3600);
    assert.equal(assumed.reducedFrom, 4 * 3600);
    assert.ok(Math.abs(secondsLeft(assumed) - 3600) <= 2);
  });

  for (const durationSeconds of [900, 12 * 3600]) {
    it(`a session of ${durationSeconds} seconds lasts exactly as long, also when the proof is redeemed late`, async () => {
      const late = {
        ...issuer,
        samlResponse: async (subject: AssumeRequest, trust: SamlTrust) => {
          const response = await issuer.samlResponse(subject, trust);
          clock.turn(240);
          return response;
        },
      } as AssertionIssuer;
      const slow = createCredentialBroker({
        issuer: late,
        partitions,
        outbound,
        timeoutSeconds: 5,
        clock,
      });

      const assumed = await slow.assume(
        requestFor(PROD, { session: { ...TAGGED, durationSeconds, consoleSeconds: 900 } }),
      );

      assert.ok(Math.abs(secondsLeft(assumed) - durationSeconds) <= 2);
    });
  }

  it('what is missing in the trust policy is named to the operator, in the words for this kind of trust', async () => {
    await assert.rejects(broker.assume(requestFor(PROD, { roleName: 'Untagged' })), {
      code: 'aws_refused',
      message:
        /STS AssumeRoleWithSAML for .*role\/Untagged: AccessDenied: Not authorized to perform sts:AssumeRoleWithSAML \(request [\w-]{36}\)/,
      hint: /allows sts:AssumeRoleWithSAML, sts:TagSession, sts:SetSourceIdentity to arn:aws:iam::111122223333:saml-provider\/rolebridge/,
    });
    await assert.rejects(broker.assume(requestFor(partnerVia(PROD, 'wrong'))), {
      code: 'aws_refused',
      message: /STS AssumeRole for/,
      hint: /external id/,
    });
    await assert.rejects(
      broker.assume(requestFor({ ...PROD, trust: { by: 'saml', provider: 'other' } })),
      { code: 'aws_refused' },
    );
  });

  it('a key that the account does not know is named as the likely reason', async () => {
    const stranger = createIssuer({
      baseUrl: ours.url,
      samlEntityId: ENTITY_ID,
      audience: AUDIENCE,
      keys: { ...keys, saml: keys.serviceProvider },
      partitions,
      clock,
    });
    const other = createCredentialBroker({
      issuer: stranger,
      partitions,
      outbound,
      timeoutSeconds: 5,
      clock,
    });

    await assert.rejects(other.assume(requestFor(PROD)), {
      code: 'aws_refused',
      message: /Response signature invalid/,
      hint: /Upload the current SAML metadata/,
    });
  });

  it('a console link opens the console for as long as asked, and role-chained credentials open it too', async () => {
    const federation = createConsoleFederation({ partitions, outbound, clock });
    for (const [account, consoleSeconds] of [
      [PROD, 8 * 3600],
      [STAGING, 8 * 3600],
      [GOV, undefined],
      [partnerVia(PROD), 8 * 3600],
    ] as const) {
      const assumed = await assume(requestFor(account));
      const link = await federation.linkFor({
        account,
        assumed,
        issuerUrl: `${ours.url}/`,
        consoleSeconds,
      });
      assert.equal(link.consoleSeconds, assumed.chained ? undefined : consoleSeconds);
      const opened = await fetch(link.url, { redirect: 'manual' });
      assert.equal(opened.status, 302, JSON.stringify(events));
      const page = await fetch(opened.headers.get('location')!, {
        headers: { cookie: opened.headers.get('set-cookie')!.split(';')[0]! },
      });
      assert.ok((await page.text()).includes(assumed.assumedRoleArn));
    }
  });
});
