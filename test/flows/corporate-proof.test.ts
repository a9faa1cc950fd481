import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import type { Snapshot } from '../../src/compose/compose.ts';
import type { WorldInput } from '../../src/dev/local-aws/world.ts';
import { callApi, loginByCode, refreshLogin } from '../support/cli-login.ts';
import { corporateSamlIdp } from '../support/corporate-saml-idp.ts';
import { useFixture } from '../support/fixture.ts';
import { button, callerOf, credentialsOn, refusalOn } from '../support/handout.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import {
  answer,
  CONNECTOR,
  enterPassword,
  type Protocol,
  startWorld,
  type Urls,
  type World,
} from '../support/world.ts';

const WEB = { account: 'direct-web', id: '555566667777' } as const;
const SAML = { account: 'direct-saml', id: '666677778888' } as const;
/** The IAM SAML provider that stands for the corporate identity provider itself. */
const PROVIDER = 'acme-adfs';
const AWS_RECIPIENT = 'https://signin.aws.amazon.com/saml';

interface Kind {
  readonly protocol: Protocol;
  readonly account: string;
  readonly id: string;
  readonly call: string;
  /** The parameter of the call that is the proof. */
  readonly parameter: string;
  readonly validSeconds: number;
  /** What AWS calls alice's sessions. */
  readonly sessionName: RegExp;
  /** What the sign-in page calls sign-ins of this kind. */
  readonly named: string;
}

const KINDS: readonly Kind[] = [
  {
    ...{
      protocol: 'oidc',
      ...WEB,
      call: 'AssumeRoleWithWebIdentity',
      parameter: 'WebIdentityToken',
      validSeconds: 3600,
    },
    sessionName: /^alice-[a-z2-7]{16}$/,
    named: 'OpenID Connect',
  },
  {
    ...{
      protocol: 'saml',
      ...SAML,
      call: 'AssumeRoleWithSAML',
      parameter: 'SAMLAssertion',
      validSeconds: 300,
    },
    sessionName: /^alice@acme\.example$/,
    named: 'SAML',
  },
];

describe('an account that trusts the corporate identity provider itself', () => {
  const world = useFixture(
    () =>
      startDirectWorld({
        recipients: urls => [AWS_RECIPIENT, `${urls.bridge}/saml/${CONNECTOR.saml}/acs`],
      }),
    ({ close }) => close(),
  );
  let running: Snapshot;
  before(() => {
    running = world.bridge;
  });

  for (const {
    protocol,
    account,
    id,
    call,
    parameter,
    validSeconds,
    sessionName,
    named,
  } of KINDS) {
    const other: Protocol = protocol === 'oidc' ? 'saml' : 'oidc';
    const proofs = (): string[] =>
      world.toAws.flatMap(({ form }) =>
        form.get('Action') === call ? [form.get(parameter)!] : [],
      );
    const credentialsPath = `/credentials?${new URLSearchParams({ account, role: 'Developer' })}`;

    describe(`by ${protocol}`, () => {
      it("takes alice's own proof, untouched and for every hand-out again", async () => {
        const { visitor, page } = await world.signIn('alice', protocol);
        const shown = await visitor.submit(page, button('Credentials', account, 'Developer'));
        const caller = await callerOf(world.urls.aws, credentialsOn(shown));
        const prefix = `arn:aws:sts::${id}:assumed-role/Developer/`;
        assert.ok(caller.startsWith(prefix), caller);
        assert.match(caller.slice(prefix.length), sessionName);

        const console = await visitor.submit(page, button('Console', account, 'Developer'));
        assert.match(console.text, new RegExp(`Developer in ${account}`));

        const [first, second] = proofs().slice(-2);
        assert.equal(first, second);
        assert.equal(
          issuerOf(protocol, first!),
          protocol === 'oidc' ? world.urls.oidc : `${world.urls.saml}/metadata`,
        );
      });

      it('is audited under the session name that AWS knows', async () => {
        const { visitor, page } = await world.signIn('alice', protocol);
        const shown = await visitor.submit(page, button('Credentials', account, 'Developer'));
        const { accessKeyId } = credentialsOn(shown);

        const event = (await world.audit()).find(
          issued => issued.type === 'credentials.issued' && issued.accessKeyId === accessKeyId,
        );

        assert.ok(event?.type === 'credentials.issued');
        assert.match(event.sessionName, sessionName);
        assert.equal(event.actor.username, 'alice');
      });

      it('keeps its own conditions: AWS denies a user whom only the bridge allows', async () => {
        const { visitor, page } = await world.signIn('bob', protocol);
        const refused = await visitor.submit(page, button('Credentials', account, 'Developer'));
        assert.equal(refused.status, 502);
        assert.match(refused.text, new RegExp(`its trust policy allows sts:${call} to `));
        assert.equal((await refusalOn(world, refused)).code, 'aws_refused');
      });

      it('requires a new sign-in when the proof has expired, and uses the new proof', async () => {
        const { visitor, page } = await world.signIn('alice', protocol);
        const late = validSeconds + 60;
        // Half way the person looks in, because an idle session would end.
        world.clock.turn(late / 2);
        await visitor.get(world.urls.bridge);
        world.clock.turn(late / 2);
        const before = proofs().length;

        const refused = await visitor.submit(page, button('Credentials', account, 'Developer'));
        assert.equal(refused.status, 403);
        assert.match(refused.text, /This account requires a recent sign-in/);
        assert.equal(proofs().length, before, 'nothing is sent to AWS');
        assert.equal((await refusalOn(world, refused)).code, 'corporate_proof_missing');

        // The OpenID provider goes by the machine's clock, which has not moved.
        if (protocol === 'oidc') world.clock.turn(-late);
        const back = await signInFrom(world, visitor, refused, protocol);
        assert.equal(back.url, `${world.urls.bridge}${credentialsPath}`);
        assert.match((await visitor.submit(back, 'form[action="/credentials"]')).html, /ASIA/);
      });

      it('renews the proof of a terminal by the address in the refusal, without a new login', async () => {
        const { visitor } = await world.signIn('alice', protocol);
        const login = await loginByCode(world, visitor);
        const ask = (token: string) =>
          callApi(world, token, {
            method: 'POST',
            path: '/credentials',
            body: { account, role: 'Developer' },
          });
        assert.equal((await ask(login.accessToken)).status, 200);
        const late = validSeconds + 60;
        // Half way the person looks in, because an idle session would end.
        world.clock.turn(late / 2);
        await visitor.get(world.urls.bridge);
        world.clock.turn(late / 2);
        const accessToken = (await refreshLogin(world, login)).json.access_token;

        const { status, json } = await ask(accessToken);
        assert.deepEqual([status, json.code], [403, 'corporate_proof_missing']);
        const question = await visitor.get(json.step_up_url);
        // The local AWS and the SAML provider go by the machine's clock, which has not moved.
        world.clock.turn(-late);
        const left = await visitor.submit(question, 'form[action="/step-up"]');
        const done = await enterPassword(visitor, left, { username: 'alice' });
        assert.match(done.text, /Repeat the command/);
        assert.equal((await ask(accessToken)).status, 200);
      });

      it(`sends people who signed in by ${other} to the sign-in that AWS takes there`, async () => {
        const { visitor } = await world.signIn('alice', other);
        const page = await visitor.get(`${world.urls.bridge}${credentialsPath}`);
        const before = proofs().length;
        const refused = await visitor.submit(page, 'form[action="/credentials"]');
        assert.equal(refused.status, 403);
        assert.match(refused.text, new RegExp(`Sign in again with ${named}`));
        assert.equal(proofs().length, before);

        const back = await signInFrom(world, visitor, refused, protocol);
        assert.equal(back.url, `${world.urls.bridge}${credentialsPath}`);
        assert.match((await visitor.submit(back, 'form[action="/credentials"]')).html, /ASIA/);
      });

      it('keeps the proof out of the log, the audit trail and the readable database', async () => {
        const { visitor, page } = await world.signIn('alice', protocol);
        assert.equal(
          (await visitor.submit(page, button('Credentials', account, 'Developer'))).status,
          200,
        );

        const proof = proofs().at(-1)!;
        const files = readdirSync(world.directory).filter(name => name.startsWith('rolebridge.db'));
        const stored = Buffer.concat(
          files.map(name => readFileSync(join(world.directory, name))),
        ).toString('latin1');
        const everything = `${world.log.join('')}${JSON.stringify(await world.audit())}${stored}`;
        // A search that finds what is kept in plain would have found the proof.
        assert.ok(stored.includes('credentials.issued'));

        const plain = Buffer.from(
          protocol === 'oidc' ? proof.split('.')[1]! : proof,
          'base64',
        ).toString('latin1');
        for (const part of [
          proof.slice(0, 200),
          proof.slice(-120),
          proof.slice(-300, -240),
          plain.slice(10, 70),
          plain.slice(-70, -10),
        ]) {
          assert.ok(part.length >= 60);
          assert.ok(!everything.includes(part), `found: ${part}`);
        }
      });

      it('uses the proof of a sign-in from before a restart of the bridge', async () => {
        const { visitor, page } = await world.signIn('alice', protocol);
        await visitor.submit(page, button('Credentials', account, 'Developer'));
        await running.close();
        running = await world.compose();
        answer(world.servers.bridge, createApp(running));

        const shown = await visitor.submit(page, button('Credentials', account, 'Developer'));
        assert.match(shown.html, /ASIA/);

        const [before, after] = proofs().slice(-2);
        assert.equal(before, after);
      });
    });
  }
});

describe('a proof that AWS finds over before we do', () => {
  it('asks for a new sign-in too', async t => {
    const world = await startDirectWorld({
      recipients: urls => [`${urls.bridge}/saml/${CONNECTOR.saml}/acs`],
      ahead: 120,
    });
    t.after(() => world.close());
    const { visitor, page } = await world.signIn('alice', 'saml');
    world.clock.turn(200);

    const refused = await visitor.submit(page, button('Credentials', SAML.account, 'Developer'));
    assert.equal(refused.status, 403);

    const refusal = await refusalOn(world, refused);
    assert.equal(refusal.code, 'corporate_proof_missing');
    assert.match(refusal.why, /ExpiredToken: Token must be redeemed within 5 minutes of issuance/);
    const back = await signInFrom(world, visitor, refused, 'saml');
    assert.match((await visitor.submit(back, 'form[action="/credentials"]')).html, /ASIA/);
  });
});

describe('where AWS is as documented, and takes its own sign-in address as the one Recipient', () => {
  for (const { what, alsoForAws, says } of [
    {
      what: 'an answer that is addressed to the bridge alone',
      alsoForAws: false,
      says: 'required audience',
    },
    {
      what: 'an answer with a second confirmation for AWS',
      alsoForAws: true,
      says: 'STS AssumeRoleWithSAML for',
    },
  ]) {
    it(`${what} is refused, and the page says what the identity provider would have to send`, async t => {
      const world = await startDirectWorld({ recipients: () => [AWS_RECIPIENT], alsoForAws });
      t.after(() => world.close());
      const { visitor, page } = await world.signIn('alice', 'saml');
      const refused = await visitor.submit(page, button('Credentials', SAML.account, 'Developer'));

      assert.equal(refused.status, 502);
      assert.match(
        refused.text,
        /it must be addressed to AWS \(audience and recipient\), name this role, and be signed/,
      );
      assert.ok((await refusalOn(world, refused)).why.includes(says));
    });
  }
});

// ---------------------------------------------------------------- the world

interface DirectWorld {
  /** The addresses that AWS takes as the Recipient of a SAML response. */
  readonly recipients: (urls: Urls) => string[];
  /** Seconds that the clock of AWS is ahead of the bridge. */
  readonly ahead?: number;
  readonly alsoForAws?: boolean;
}

/**
 * Two accounts more. In one the trusted OpenID provider is the corporate one, with the bridge's
 * client id; in the other the SAML provider holds the metadata of the corporate one.
 *
 * A SAML response that both sides take is hard to come by: the bridge wants its own assertion
 * consumer service as Recipient, AWS wants its own sign-in address as the one Recipient. The
 * audiences are no trouble, since one restriction can name both. So the identity provider has to be
 * one whose Recipient AWS accepts, and here AWS is told to accept ours.
 */
async function startDirectWorld({
  recipients,
  ahead = 0,
  alsoForAws = false,
}: DirectWorld): Promise<World> {
  const corporate = await corporateSamlIdp({
    role: `arn:aws:iam::${SAML.id}:role/Developer,arn:aws:iam::${SAML.id}:saml-provider/${PROVIDER}`,
    secondRecipient: alsoForAws ? AWS_RECIPIENT : undefined,
    now: () => world.clock.now(),
  });
  const world: World = await startWorld({
    through: { saml: () => corporate },
    configure: yaml =>
      yaml
        .replace(
          /^accounts:$/m,
          `$&
  - { id: "${WEB.id}", name: ${WEB.account}, trust: corporate-web-identity, region: eu-west-1 }
  - { id: "${SAML.id}", name: ${SAML.account}, trust: corporate-saml, provider: ${PROVIDER}, region: eu-west-1 }`,
        )
        // No tags and no source identity: only the identity provider can write them into its
        // proof.
        .replace(
          /^access:$/m,
          `$&\n  - { name: direct, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [${WEB.account}, ${SAML.account}], roles: [Developer] }`,
        ),
    aws: (aws, urls) => ({
      ...withDirectAccounts(aws, urls),
      partitions: { aws: { recipients: recipients(urls) } },
      clockOffsetSeconds: ahead,
    }),
  });
  return world;
}

function withDirectAccounts(aws: WorldInput, urls: Urls): WorldInput {
  const issuer = new URL(urls.oidc).host;
  const subject = createHash('sha256').update(`${urls.oidc} alice`).digest('hex').slice(0, 32);
  const metadata = `${urls.saml}/metadata`;
  const role = (
    account: string,
    principal: string,
    action: string,
    condition: Record<string, Record<string, string>>,
  ) => ({
    account,
    name: 'Developer',
    maxSessionDuration: 3600,
    trustPolicy: {
      Version: '2012-10-17' as const,
      Statement: [
        {
          Effect: 'Allow' as const,
          Principal: { Federated: principal },
          Action: action,
          Condition: condition,
        },
      ],
    },
  });
  return {
    ...aws,
    accounts: [
      ...aws.accounts,
      { id: WEB.id, name: WEB.account },
      { id: SAML.id, name: SAML.account },
    ],
    oidcProviders: [
      ...(aws.oidcProviders ?? []),
      { account: WEB.id, url: urls.oidc, clientIds: ['rolebridge'] },
    ],
    samlProviders: [
      ...(aws.samlProviders ?? []),
      { account: SAML.id, name: PROVIDER, metadata: { url: metadata } },
    ],
    roles: [
      ...(aws.roles ?? []),
      role(
        WEB.id,
        `arn:aws:iam::${WEB.id}:oidc-provider/${issuer}`,
        'sts:AssumeRoleWithWebIdentity',
        {
          StringEquals: { [`${issuer}:aud`]: 'rolebridge', [`${issuer}:sub`]: subject },
          StringLike: { 'sts:RoleSessionName': 'alice-????????????????' },
        },
      ),
      role(SAML.id, `arn:aws:iam::${SAML.id}:saml-provider/${PROVIDER}`, 'sts:AssumeRoleWithSAML', {
        StringEquals: {
          'saml:iss': metadata,
          'saml:aud': `${urls.bridge}/saml/${CONNECTOR.saml}/acs`,
          'saml:sub': 'id-of-alice',
        },
        StringLike: { 'sts:RoleSessionName': 'alice@*' },
      }),
    ],
  };
}

// ---------------------------------------------------------------- people

/**
 * From a refusal by its own button to the sign-in of the protocol, and back to where the person
 * wanted to go.
 */
async function signInFrom(
  world: World,
  visitor: Visitor,
  refused: Page,
  protocol: Protocol,
): Promise<Page> {
  const here = (href: string | undefined): string => new URL(href!, world.urls.bridge).href;
  const chooser = await visitor.get(here(refused.$('main a.button').attr('href')));
  const login = await visitor.get(
    here(chooser.$(`a[href^="/sign-in/${CONNECTOR[protocol]}"]`).attr('href')),
  );
  return enterPassword(visitor, login, { username: 'alice' });
}

function issuerOf(protocol: Protocol, proof: string): string {
  if (protocol === 'oidc')
    return (
      JSON.parse(Buffer.from(proof.split('.')[1]!, 'base64url').toString()) as { iss: string }
    ).iss;
  return /<saml:Issuer>([^<]+)</.exec(Buffer.from(proof, 'base64').toString())![1]!;
}
