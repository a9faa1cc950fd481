import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { PartitionName } from '../../src/dev/local-aws/partitions.ts';
import type { WorldInput } from '../../src/dev/local-aws/world.ts';
import { button, callerOf, credentialsOn } from '../support/handout.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { type Urls, useWorld, type World, worldFor } from '../support/world.ts';

interface Place {
  readonly account: string;
  readonly id: string;
  readonly partition: PartitionName;
  readonly region: string;
  /** Recipient of our assertions, which the trust policy knows as saml:aud. */
  readonly recipient: string;
  readonly audience: string;
  readonly console: string;
}

const CHINA: Place = {
  account: 'china',
  id: '777788889999',
  partition: 'aws-cn',
  region: 'cn-north-1',
  recipient: 'https://signin.amazonaws.cn/saml',
  audience: 'urn:amazon:webservices:cn-north-1',
  console: 'https://console.amazonaws.cn',
};
const EUROPE: Place = {
  account: 'sovereign',
  id: '888899990000',
  partition: 'aws-eusc',
  region: 'eusc-de-east-1',
  recipient: 'https://eusc-de-east-1.signin.amazonaws-eusc.eu/saml',
  audience: 'urn:amazon:webservices',
  console: 'https://eusc-de-east-1.console.amazonaws-eusc.eu',
};
/** Of the demo. */
const PROD = {
  account: 'prod',
  partition: 'aws',
  console: 'https://eu-west-1.console.aws.amazon.com',
} as const;
const GOV = {
  account: 'gov',
  partition: 'aws-us-gov',
  console: 'https://console.amazonaws-us-gov.com',
} as const;
const PLACES = [CHINA, EUROPE] as const;
const CONSOLES = [...PLACES, PROD, GOV];

describe('accounts in other partitions of AWS', () => {
  const world = useWorld(within());
  let visitor: Visitor;
  before(async () => {
    visitor = (await world.signIn('alice', 'oidc')).visitor;
  });

  for (const {
    account,
    id,
    partition,
    region,
    recipient,
    audience,
    console: consoleUrl,
  } of PLACES) {
    describe(partition, () => {
      it('the credentials are of the partition, and so is the assertion that they came for', async () => {
        const { visitor, page } = await world.signIn('alice', 'saml');
        const shown = await visitor.submit(page, button('Credentials', account, 'Admin'));
        assert.match(
          await callerOf(world.urls.aws, credentialsOn(shown), region),
          new RegExp(`^arn:${partition}:sts::${id}:assumed-role/Admin/alice-`),
        );

        const assertion = lastAssertion(world);
        assert.ok(assertion.includes(` Recipient="${recipient}"`), assertion);
        assert.ok(assertion.includes(`>${audience}</`), assertion);
        assert.ok(
          assertion.includes(
            `arn:${partition}:iam::${id}:role/Admin,arn:${partition}:iam::${id}:saml-provider/rolebridge`,
          ),
        );
        assert.ok(shown.html.includes(region), 'the formats name the region');
      });

      it('the console opens at the asked page of its own console', async () => {
        const destination = `${consoleUrl}/s3/home?region=${region}`;
        const query = new URLSearchParams({ account, role: 'Admin', destination });
        const console = await visitor.get(`${world.urls.bridge}/console?${query}`);
        assert.equal(console.status, 200);
        assert.match(console.text, new RegExp(`Partition\\s*${partition}`));
        assert.ok(console.text.includes(destination), console.text);
      });

      it("the portal's button leads there too, and the page may lead to no other console than those in use", async () => {
        const { visitor, page } = await world.signIn('alice', 'saml');
        const policy = page.headers.get('content-security-policy')!;
        assert.ok(
          policy.includes(`https://*.${new URL(consoleUrl).hostname.replace(`${region}.`, '')}`),
          policy,
        );

        const console = await visitor.submit(page, button('Console', account, 'Admin'));
        assert.ok(
          console.text.includes(`arn:${partition}:sts::${id}:assumed-role/Admin/alice-`),
          console.text,
        );
      });
    });
  }

  for (const { account, partition } of CONSOLES) {
    for (const { console: destination } of CONSOLES.filter(
      other => other.partition !== partition,
    )) {
      it(`a link into ${account} leads to no page of ${new URL(destination).hostname}`, async () => {
        const before = world.toAws.length;
        const query = new URLSearchParams({
          account,
          role: 'Admin',
          destination: `${destination}/s3/home`,
        });

        const refused = await visitor.get(`${world.urls.bridge}/console?${query}`);

        assert.equal(refused.status, 400);
        assert.match(refused.text, /destination_refused/);
        assert.match(refused.text, /Use a console address in the AWS partition of the account\./);
        assert.equal(world.toAws.length, before, 'nothing was asked of AWS');
      });
    }
  }
});

describe('an audience that the partition does not take', () => {
  const fromChina = 'urn:amazon:webservices:cn-northwest-1';

  it('is rejected with the name of the setting that fixes it', async t => {
    const world = await worldFor(t, within({ [CHINA.partition]: { audiences: [fromChina] } }));
    const refused = await credentialsFor(world, CHINA);
    assert.equal(refused.status, 502);
    assert.match(
      refused.text,
      /AWS expects another audience in partition aws-cn\. Set samlAudience for this partition/,
    );
    assert.equal((await credentialsFor(world, EUROPE)).status, 200);
  });

  it('is fixed by that setting, for this partition alone', async t => {
    const configure = (yaml: string): string =>
      `${yaml}  partitions: { ${CHINA.partition}: { samlAudience: "${fromChina}" } }\n`;
    const world = await worldFor(
      t,
      within({ [CHINA.partition]: { audiences: [fromChina] } }, configure),
    );

    assert.equal((await credentialsFor(world, CHINA)).status, 200);
    assert.equal((await credentialsFor(world, EUROPE)).status, 200);
    assert.equal((await credentialsFor(world, PROD)).status, 200);
  });

  it("is also that of another partition: AWS's own is refused in China", async t => {
    const configure = (yaml: string): string =>
      `${yaml}  partitions: { ${CHINA.partition}: { samlAudience: "urn:amazon:webservices" } }\n`;
    const world = await worldFor(t, within({}, configure));
    assert.equal((await credentialsFor(world, CHINA)).status, 502);
  });
});

describe('the attribute names that the guide of China prints', () => {
  it('can be configured, and are taken there', async t => {
    const prefix = 'http://www.amazonaws.cn/SAML/Attributes/';
    const configure = (yaml: string): string =>
      `${yaml}  partitions: { ${CHINA.partition}: { samlAttributePrefix: "${prefix}" } }\n`;

    const world = await worldFor(
      t,
      within({ [CHINA.partition]: { samlAttributePrefix: prefix } }, configure),
    );

    assert.equal((await credentialsFor(world, CHINA)).status, 200);
    assert.ok(lastAssertion(world).includes(`"${prefix}RoleSessionName"`));
    assert.equal((await credentialsFor(world, EUROPE)).status, 200);
    assert.ok(!lastAssertion(world).includes(prefix));
  });
});

/**
 * The demo with an account in China and one in the European Sovereign Cloud; their trust policies
 * name the partition's own address.
 */
function within(
  partitions: WorldInput['partitions'] = {},
  configure: (yaml: string) => string = yaml => yaml,
) {
  const accounts = PLACES.map(
    ({ account, id, partition, region }) =>
      `  - { id: "${id}", name: ${account}, partition: ${partition}, region: ${region}, trust: saml, provider: rolebridge }`,
  );
  return {
    configure: (yaml: string) =>
      configure(yaml)
        .replace(/^accounts:$/m, ['$&', ...accounts].join('\n'))
        .replace(
          'accounts: [prod, staging, gov]',
          `accounts: [prod, staging, gov, ${PLACES.map(({ account }) => account).join(', ')}]`,
        ),
    aws: (aws: WorldInput, urls: Urls): WorldInput => ({
      ...aws,
      partitions,
      accounts: [
        ...aws.accounts,
        ...PLACES.map(({ account, id, partition }) => ({ id, name: account, partition })),
      ],
      samlProviders: [
        ...(aws.samlProviders ?? []),
        ...PLACES.map(({ id }) => ({
          account: id,
          name: 'rolebridge',
          metadata: { url: `${urls.bridge}/saml/idp/metadata` },
        })),
      ],
      roles: [...(aws.roles ?? []), ...PLACES.map(place => admin(place, urls))],
    }),
  };
}

function admin(
  { id, partition, recipient }: Place,
  urls: Urls,
): NonNullable<WorldInput['roles']>[number] {
  return {
    account: id,
    name: 'Admin',
    maxSessionDuration: 12 * 3600,
    trustPolicy: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated: `arn:${partition}:iam::${id}:saml-provider/rolebridge` },
          Action: ['sts:AssumeRoleWithSAML', 'sts:TagSession', 'sts:SetSourceIdentity'],
          Condition: {
            StringEquals: { 'saml:aud': recipient, 'saml:iss': `${urls.bridge}/saml/idp` },
          },
        },
      ],
    },
  };
}

async function credentialsFor(world: World, { account }: Pick<Place, 'account'>): Promise<Page> {
  const { visitor, page } = await world.signIn('alice', 'saml');
  return visitor.submit(page, button('Credentials', account, 'Admin'));
}

/** The last assertion of the bridge that went to AWS, as XML. */
function lastAssertion(world: World): string {
  const { form } = world.toAws.findLast(asked => asked.form.has('SAMLAssertion'))!;
  return Buffer.from(form.get('SAMLAssertion')!, 'base64').toString();
}
