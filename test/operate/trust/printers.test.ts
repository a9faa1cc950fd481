import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { parseDocument } from 'yaml';
import type { AccountId } from '../../../src/core/role.ts';
import { createKeyAndCertificate } from '../../../src/issuer/certificate.ts';
import type { TrustFormat } from '../../../src/operate/trust/trust.ts';
import { ACCOUNTS, filesOf, HEAD, printed, RULES } from './trust-scene.ts';

const WHOLE = HEAD + ACCOUNTS + RULES;
const FORMATS: readonly TrustFormat[] = ['terraform', 'cloudformation', 'stackset', 'cli'];
const SYNTAXES = [
  ...FORMATS.map(format => ({ format, json: false })),
  { format: 'terraform', json: true },
] as const;

type Json = ReturnType<typeof JSON.parse>;

/** The configuration with accounts, rules and roles in another order. */
function reordered(): string {
  const document = parseDocument(WHOLE).toJS() as Json;
  document.accounts.reverse();
  document.access.reverse();
  for (const rule of document.access) {
    rule.accounts.reverse();
    rule.roles.reverse();
  }
  return JSON.stringify(document);
}

describe('every printer', () => {
  for (const { format, json } of SYNTAXES) {
    const title = json ? `${format} as JSON` : format;

    it(`prints the same bytes in two runs: ${title}`, async () => {
      const [one, two] = await Promise.all([
        printed(format, WHOLE, { json }),
        printed(format, WHOLE, { json }),
      ]);
      assert.deepEqual(one, two);
      assert.ok(one.printed.files.length > 1);
    });

    it(`prints the same files for accounts, rules and roles in another order: ${title}`, async () => {
      assert.deepEqual(
        await filesOf(format, reordered(), { json }),
        await filesOf(format, WHOLE, { json }),
      );
    });

    it(`marks each file as its own: ${title}`, async () => {
      for (const text of Object.values(await filesOf(format, WHOLE, { json })))
        assert.match(text.slice(0, 300), /Made by rolebridge-server trust/);
    });

    it(`names what no rule reaches: ${title}`, async () => {
      const {
        notes,
        printed: { files },
      } = await printed(format, WHOLE, { json });
      assert.deepEqual(
        notes.filter(note => !note.startsWith('sandbox:')),
        ['idle: No rule gives a role here, so IAM needs nothing.'],
      );
      assert.ok(!files.some(({ path }) => path.includes('idle')));
    });

    it(`asks for the external id that the configuration refers to: ${title}`, async () => {
      const env = process.env;
      try {
        process.env = { ...env, NOT_SET: 'very-private-external-id' };
        const all = JSON.stringify(await printed(format, WHOLE, { json }));
        assert.ok(!all.includes('very-private'));
        assert.match(all, /ExternalId|EXTERNAL_ID|external_id/);
      } finally {
        process.env = env;
      }
    });

    it(`puts the account with the hub before those behind it: ${title}`, async () => {
      const { steps } = (await printed(format, reordered(), { json })).printed;
      const at = (name: string) => steps.findIndex(line => line.includes(`${name} (`));
      if (format !== 'stackset') assert.ok(at('prod') < at('partner') && at('prod') >= 0);
    });
  }

  it('says without keys who creates them', async () => {
    const attempt = printed('terraform', WHOLE, { hasKeys: false });
    await assert.rejects(
      attempt,
      /signing key: .*certs: .*`rolebridge-server init` or the first start/,
    );
  });

  it('needs no keys for accounts that trust the OpenID issuer', async () => {
    const account = ['staging'];
    assert.deepEqual(Object.keys(await filesOf('terraform', WHOLE, { hasKeys: false, account })), [
      'staging/main.tf',
    ]);
  });

  it('names an account that is misspelt, and the one that was meant', async () => {
    const attempt = printed('terraform', WHOLE, { account: ['staging2'] });
    await assert.rejects(attempt, /no account "staging2"; did you mean staging\?/);
  });

  it('adds the roles that only groups name', async () => {
    const rules =
      'access: [{ name: all, groupPattern: "aws-{account}-{role}", accounts: [prod] }]\n';
    const { notes } = await printed('cli', HEAD + ACCOUNTS + rules, { account: ['prod'] });
    assert.match(notes.join(), /Rule all can give any role .* Add each with --role/);
    const { 'prod.sh': text } = await filesOf('cli', HEAD + ACCOUNTS + rules, {
      account: ['prod'],
      role: ['Admin'],
    });
    assert.match(text!, /^create_or_update Admin \/ 3600$/m);
  });
});

describe('names in files', () => {
  const roles = [
    'Admin',
    'team/Admin',
    'team-Admin',
    'team_Admin',
    'team.Admin',
    'team/Admin.x',
    '9lives',
    'teamAdmin',
  ];
  const yaml = `${HEAD}${ACCOUNTS}access: [{ groups: [g], accounts: [prod], roles: ${JSON.stringify(roles)} }]\n`;

  it('are unique for roles that differ by path or punctuation', async () => {
    const [template] = Object.values(await filesOf('cloudformation', yaml, { account: ['prod'] }));
    const { Resources, Parameters } = JSON.parse(template!) as Json;
    assert.equal(Object.keys(Resources).length, roles.length + 1);
    assert.equal(Object.keys(Parameters).length, roles.length + 1);
    for (const id of [...Object.keys(Resources), ...Object.keys(Parameters)])
      assert.match(id, /^[A-Za-z0-9]{1,255}$/);

    const [json] = Object.values(
      await filesOf('terraform', yaml, { account: ['prod'], json: true }),
    );
    const { resource, variable } = JSON.parse(json!) as Json;
    assert.equal(Object.keys(resource.aws_iam_role).length, roles.length);
    assert.equal(Object.keys(variable).length, 2 * roles.length + 1);
    for (const name of Object.keys(resource.aws_iam_role)) assert.match(name, /^[A-Za-z_][\w-]*$/);

    const { 'prod.sh': script } = await filesOf('cli', yaml, { account: ['prod'] });
    const variables = [...script!.matchAll(/^: "\$\{(\w+):=\}"$/gm)].map(([, name]) => name);
    assert.equal(new Set(variables).size, 2 * roles.length + 1);
  });

  it('stay when another role is added', async () => {
    const one = `${HEAD}${ACCOUNTS}access: [{ groups: [g], accounts: [prod], roles: [team/Admin] }]\n`;
    const before = await filesOf('terraform', one, { account: ['prod'], json: true });
    const after = await filesOf('terraform', yaml, { account: ['prod'], json: true });
    const names = (files: Readonly<Record<string, string>>) =>
      Object.entries((JSON.parse(files['prod/main.tf.json']!) as Json).resource.aws_iam_role);
    const [[name, role]] = names(before) as [[string, Json]];
    assert.deepEqual(Object.fromEntries(names(after))[name], role);
  });

  it('of accounts are safe in every file system', async () => {
    const accounts = `
accounts:
  - { id: "111122223333", name: Prod, trust: web-identity }
  - { id: "222233334444", name: prod, trust: web-identity }
`;
    const rules = 'access: [{ groups: [g], accounts: ["*"], roles: [Admin] }]\n';
    assert.deepEqual(Object.keys(await filesOf('cli', HEAD + accounts + rules)), [
      'prod-111122223333.sh',
      'prod.sh',
    ]);
  });
});

describe('templates for StackSets', () => {
  it('are shared by accounts of the same shape, and leave the account to CloudFormation', async () => {
    const {
      printed: { files, steps },
    } = await printed('stackset', WHOLE);
    const line = steps.find(step => step.includes('prod-eu ('))!;
    assert.match(
      line,
      /^# (rolebridge-[0-9a-f]{8}): prod-eu \(666677778888\), prod-us \(777788889999\)$/,
    );
    const name = line.slice(2, line.indexOf(':'));
    const { text } = files.find(({ path }) => path === `${name}.json`)!;
    assert.ok(!text.includes('666677778888') && !text.includes('777788889999'));
    assert.match(
      steps.join('\n'),
      new RegExp(
        `create-stack-instances --stack-set-name ${name} .*Accounts=666677778888,777788889999,`,
      ),
    );
    // The hub has one role more.
    assert.ok(!steps.some(step => step.includes('prod (111122223333), ')));
  });

  it('keep their names when a duration or a tag changes', async () => {
    const names = async (yaml: string) => Object.keys(await filesOf('stackset', yaml)).sort();
    assert.deepEqual(
      await names(WHOLE.replace('duration: 4h', 'duration: 8h').replace('Team:', 'Unit:')),
      await names(WHOLE),
    );
  });
});

describe('roles that exist', () => {
  const ADMIN = 'arn:aws:iam::111122223333:role/Admin';
  const state = {
    account: '111122223333' as AccountId,
    partition: 'aws',
    roles: {
      isComplete: true,
      items: [{ arn: ADMIN, name: 'Admin', path: '/', maxSessionSeconds: 3600 }],
    },
    samlProviders: {
      isComplete: true,
      items: [{ arn: 'arn:aws:iam::111122223333:saml-provider/rolebridge' }],
    },
    oidcProviders: { isComplete: true, items: [] },
    managedPolicies: { isComplete: false, items: [] },
  };

  it('are imported by Terraform, which changes their trust policy alone', async () => {
    const [json] = Object.values(
      await filesOf('terraform', WHOLE, { account: ['prod'], json: true, iam: [state] }),
    );
    const { resource, import: imports, variable } = JSON.parse(json!) as Json;
    assert.deepEqual(imports, [
      {
        to: 'aws_iam_saml_provider.rolebridge',
        id: 'arn:aws:iam::111122223333:saml-provider/rolebridge',
      },
      { to: 'aws_iam_role.Admin', id: 'Admin' },
    ]);
    const { Admin, team_BridgeHub_f83dcd22: hub } = resource.aws_iam_role;
    assert.deepEqual(Object.keys(Admin), [
      'name',
      'path',
      'assume_role_policy',
      'depends_on',
      'lifecycle',
    ]);
    assert.equal(Admin.lifecycle.prevent_destroy, true);
    assert.ok(Admin.lifecycle.ignore_changes.includes('max_session_duration'));
    assert.equal(hub.max_session_duration, 3600);
    assert.ok(!Object.keys(variable).some(name => name.startsWith('Admin_')));
    const { 'prod/main.tf': hcl } = await filesOf('terraform', WHOLE, {
      account: ['prod'],
      iam: [state],
    });
    assert.match(
      hcl!,
      /# Its MaxSessionDuration must be at least 14400; it is not changed here\.\nresource "aws_iam_role" "Admin"/,
    );
  });

  it('are not known of accounts that IAM files lack, which is said', async () => {
    const { notes } = await printed('cli', WHOLE, { account: ['prod', 'staging'], iam: [state] });
    assert.deepEqual(notes, [
      'staging: --iam says nothing of this account, so its roles and providers count as new.',
    ]);
  });

  it('keep the client ids that their OpenID provider has', async () => {
    const arn = 'arn:aws:iam::222233334444:oidc-provider/aws.example.com';
    const staging = {
      ...state,
      account: '222233334444' as AccountId,
      samlProviders: { isComplete: true, items: [] },
      oidcProviders: {
        isComplete: true,
        items: [{ arn, url: 'aws.example.com', clientIds: ['other'] }],
      },
    };
    const [json] = Object.values(
      await filesOf('terraform', WHOLE, { account: ['staging'], json: true, iam: [staging] }),
    );
    const { aws_iam_openid_connect_provider: providers } = (JSON.parse(json!) as Json).resource;
    assert.deepEqual(providers.rolebridge.client_id_list, ['other', 'sts.amazonaws.com']);
  });

  it('are left out of templates, which name the command for them', async () => {
    for (const format of ['cloudformation', 'stackset'] as const) {
      const {
        printed: { files, steps },
      } = await printed(format, WHOLE, { account: ['prod'], iam: [state] });
      const { Resources } = JSON.parse(files[0]!.text) as Json;
      assert.match(Object.keys(Resources).join(), /^Role\w+BridgeHub\w{8},Role\w+OpsEu\w{8}$/);
      assert.match(
        steps.join('\n'),
        /left out, because it exists: saml-provider\/rolebridge, Admin\. .*\nrolebridge-server trust cli CONFIG --account prod/,
      );
    }
  });

  it('leave no template where all of them exist', async () => {
    const {
      printed: { files, steps },
    } = await printed('cloudformation', WHOLE, { account: ['partner'], existing: true });
    assert.deepEqual(files, []);
    assert.match(steps.join('\n'), /trust cli CONFIG --account partner/);
  });

  it('get their trust policy by the script', async () => {
    const { 'partner.sh': script } = await filesOf('cli', WHOLE, {
      account: ['partner'],
      existing: true,
    });
    assert.match(script!, /^change_trust Auditor \/ 3600$/m);
    assert.doesNotMatch(script!, /^(create_or_update|give) /m);
  });
});

describe('limits of CloudFormation', () => {
  const withRoles = (count: number) =>
    `${HEAD}${ACCOUNTS}access: [{ groups: [g], accounts: [prod], roles: ${JSON.stringify(Array.from({ length: count }, (_, at) => `Role${at}x`))} }]\n`;

  it('stop an account with more roles than a template has parameters', async () => {
    const attempt = printed('cloudformation', withRoles(200), { account: ['prod'] });
    await assert.rejects(
      attempt,
      /account prod needs 201 parameters, and CloudFormation accepts 200\. Use trust terraform/,
    );
  });

  it('are named where a template is too large to be given inline', async () => {
    const { steps } = (await printed('cloudformation', withRoles(120), { account: ['prod'] }))
      .printed;
    assert.match(steps.join('\n'), /larger than 51,200 bytes, so the command needs --s3-bucket/);
    const { steps: ofSet } = (await printed('stackset', withRoles(120), { account: ['prod'] }))
      .printed;
    assert.match(ofSet.join('\n'), /--template-url /);
  });
});

describe('the metadata of a connector', () => {
  const connector = `
connectors:
  - id: legacy
    label: Legacy
    saml: { metadata: { file: idp.xml }, attributes: { username: u, email: e, groups: g } }
`;
  const yaml = `${HEAD.replace(/connectors:[\s\S]*/, connector)}
accounts: [{ id: "111122223333", name: old, trust: corporate-saml, provider: Legacy }]
access: [{ groups: [g], accounts: [old], roles: [ReadOnly] }]
`;

  const fresh = async () => {
    const { certificatePem } = await createKeyAndCertificate(Date.now());
    const certificate = new X509Certificate(certificatePem).raw.toString('base64');
    return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/>
</IDPSSODescriptor></EntityDescriptor>`;
  };

  it('is the document of the provider, and its entity id a condition', async () => {
    const xml = await fresh();
    const [text] = Object.values(
      await filesOf('cloudformation', yaml, { files: { 'idp.xml': xml } }),
    );
    const { SamlProvider, RoleReadOnly } = (JSON.parse(text!) as Json).Resources;
    assert.deepEqual(SamlProvider.Properties, { Name: 'Legacy', SamlMetadataDocument: xml });
    const [{ Condition }] = RoleReadOnly.Properties.AssumeRolePolicyDocument.Statement;
    assert.equal(Condition.StringEquals['saml:iss'], 'https://idp.example');
  });

  for (const [title, change, reason] of [
    ['that is not XML', () => 'no metadata', /connector legacy: the metadata of the identity/],
    ['with a DOCTYPE', (xml: string) => `<!DOCTYPE x>${xml}`, /connector legacy: the metadata of/],
    [
      'with a control character',
      (xml: string) => `${xml}<!--\u009b31m-->`,
      /contains control characters/,
    ],
  ] as const) {
    it(`stops ${title} with a sentence`, async () => {
      const files = { 'idp.xml': change(await fresh()) };
      await assert.rejects(printed('cli', yaml, { files }), reason);
    });
  }
});

describe('a stack set', () => {
  it('gives each account its own external id alone', async () => {
    const partners = ['partner', 'vendor'].map(
      (name, at) =>
        `  - { id: "44445555666${at}", name: ${name}, via: { account: prod, role: Hub, externalId: { env: ID_OF_${at} } } }\n`,
    );
    const accounts = `accounts:
  - { id: "111122223333", name: prod, trust: web-identity }\n${partners.join('')}`;
    const rules = 'access: [{ name: a, groups: [g], accounts: ["*"], roles: [Admin] }]\n';
    const { steps } = (await printed('stackset', HEAD + accounts + rules)).printed;
    const withId = steps.filter(line => line.includes('$EXTERNAL_ID'));
    assert.deepEqual(
      withId.map(line => /Accounts=([\d,]+\d)/.exec(line)?.[1]),
      ['444455556660', '444455556661'],
    );
    for (const line of withId) assert.match(line, /create-stack-instances .*--parameter-overrides/);
  });
});

describe('files', () => {
  it('differ for an account that has name and id of another one as its name', async () => {
    const accounts = `
accounts:
  - { id: "111122223333", name: Prod, trust: web-identity }
  - { id: "222233334444", name: prod-111122223333, trust: web-identity }
`;
    const rules = 'access: [{ name: a, groups: [g], accounts: ["*"], roles: [Admin] }]\n';
    for (const { format, json } of SYNTAXES) {
      const { files } = (await printed(format, HEAD + accounts + rules, { json })).printed;
      assert.equal(new Set(files.map(({ path }) => path)).size, files.length);
    }
  });
});
