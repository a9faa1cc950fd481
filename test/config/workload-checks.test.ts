import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GOOD, said, written } from './written.ts';

/** `workloads:` is line 34. */
const FILE = `${GOOD}workloads:
  - id: github
    issuer: https://token.actions.githubusercontent.com
    audience: https://aws.example.com
    access:
      - name: deploy
        claims: { repository_owner_id: "1", environment: production }
        accounts: [prod]
        roles: [Deploy]
        session: { sourceIdentity: "{sessionName}", tags: { Repo: "{claims.repository}" } }
  - id: mesh
    spiffe: { trustDomain: prod.example.com }
    jwks: { url: https://spire.example.com/keys }
    audience: aws
    access:
      - claims: { sub: "spiffe://prod.example.com/shop" }
        accounts: [prod]
        roles: [Upload]
  - id: aws
    awsIam: { audience: aws.example.com }
    access:
      - roleArns: ["arn:aws:iam::111122223333:role/builder"]
        accounts: [partner]
        roles: [Upload]
`;

type Change = readonly [from: string, to: string];
type Row = readonly [
  title: string,
  changes: readonly Change[],
  says: readonly string[],
  files?: Readonly<Record<string, string>>,
];

interface Said {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

async function saidOf(
  changes: readonly Change[],
  files: Readonly<Record<string, string>> = {},
): Promise<Said> {
  let result: Said = { problems: [], warnings: [] };
  await written(async ({ check, put, directory }) => {
    for (const [name, content] of Object.entries(files)) put(name, content);
    const text = changes.reduce((file, [from, to]) => {
      assert.ok(file.includes(from), `the file has no ${from}`);
      return file.replace(from, () => to);
    }, FILE);
    const { problems, warnings } = await check(text);
    const shown = (lines: typeof problems): string[] =>
      said(lines).map(line => line.replaceAll(directory, 'DIRECTORY'));
    result = { problems: shown(problems), warnings: shown(warnings) };
  });
  return result;
}

const PROBLEMS: readonly Row[] = [
  [
    'an id with capitals',
    [['id: github', 'id: GitHub']],
    [
      '33:5 workloads[0].id: "GitHub" is not the id of an entry. Write 1 to 32 lowercase letters, digits and dashes, beginning with a letter or a digit.',
    ],
  ],
  [
    'an id that is too long',
    [['id: github', 'id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']],
    [
      '33:5 workloads[0].id: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is not the id of an entry. Write 1 to 32 lowercase letters, digits and dashes, beginning with a letter or a digit.',
    ],
  ],
  [
    'the id of another entry',
    [['id: mesh', 'id: github']],
    ['42:5 workloads[1].id: "github" is already the id of workloads[0]. Choose another id.'],
  ],
  [
    'no platform',
    [['    issuer: https://token.actions.githubusercontent.com\n', '']],
    [
      '33:5 workloads[0]: has neither issuer, spiffe nor awsIam, so it trusts no platform. Add issuer: the iss of the tokens.',
    ],
  ],
  [
    'two platforms',
    [
      [
        '    issuer: https://token.actions.githubusercontent.com\n',
        '    issuer: https://token.actions.githubusercontent.com\n    spiffe: { trustDomain: x }\n    jwks: { url: https://x.example.com/k }\n',
      ],
    ],
    [
      '35:5 workloads[0].spiffe: cannot be combined with issuer; an entry trusts one platform. Keep issuer or spiffe, and make an entry of its own for the other.',
      '40:9 workloads[0].access[0].claims: has no sub, and a JWT-SVID says nothing else about its workload. Add sub: "spiffe://x/...".',
    ],
  ],
  [
    'no audience',
    [['    audience: https://aws.example.com\n', '']],
    [
      '33:5 workloads[0]: has no audience, so a token that was made for any other service would be accepted. Add audience: the value of baseUrl, and request the tokens for it.',
    ],
  ],
  [
    'an empty list of audiences',
    [['audience: https://aws.example.com', 'audience: []']],
    [
      '35:5 workloads[0].audience: is an empty list. Write the value of baseUrl, or a list of texts.',
    ],
  ],
  [
    'an audience with a space',
    [['audience: https://aws.example.com', 'audience: "aws example"']],
    [
      '35:5 workloads[0].audience: "aws example" contains spaces or characters that are not ASCII. Write the address of the bridge (baseUrl), or another text that only the bridge accepts.',
    ],
  ],
  [
    'an audience that is not text',
    [['audience: https://aws.example.com', 'audience: [5]']],
    [
      '35:5 workloads[0].audience: is neither text nor a list of texts. Write the value of baseUrl, or a list of texts.',
    ],
  ],
  [
    'the audience of tokens for AWS',
    [
      [
        'audience: https://aws.example.com',
        'audience: [https://aws.example.com, sts.amazonaws.com]',
      ],
    ],
    [
      '35:5 workloads[0].audience: "sts.amazonaws.com" is the audience of tokens for AWS: a service that gets such a token could use it here, too. Write the value of baseUrl, and request the tokens for it.',
    ],
  ],
  [
    'the audience of tokens for Microsoft Entra',
    [['audience: https://aws.example.com', 'audience: api://AzureADTokenExchange']],
    [
      '35:5 workloads[0].audience: "api://AzureADTokenExchange" is the audience of tokens for Microsoft Entra: a service that gets such a token could use it here, too. Write the value of baseUrl, and request the tokens for it.',
    ],
  ],
  [
    'an issuer over http',
    [['https://token.actions.githubusercontent.com', 'http://issuer.example.com']],
    [
      '34:5 workloads[0].issuer: is http, which anyone on the way can read and change. Use https; http is for loopback only (localhost, 127.0.0.1).',
    ],
  ],
  [
    'an issuer with a query',
    [['https://token.actions.githubusercontent.com', 'https://issuer.example.com/?tenant=1']],
    [
      '34:5 workloads[0].issuer: contains a query, which no issuer has (OpenID Connect Discovery). Remove the ? and what follows.',
    ],
  ],
  [
    'an issuer with a fragment',
    [['https://token.actions.githubusercontent.com', 'https://issuer.example.com/#x']],
    ['34:5 workloads[0].issuer: contains a fragment. Remove the # and what follows.'],
  ],
  [
    'an issuer that is not a URL',
    [['https://token.actions.githubusercontent.com', 'kubernetes/serviceaccount']],
    [
      '34:5 workloads[0].issuer: is not an http or https URL. Write a whole URL, such as https://idp.example.com/path.',
    ],
  ],
  [
    'the bridge as issuer',
    [['https://token.actions.githubusercontent.com', 'https://aws.example.com/']],
    [
      '34:5 workloads[0].issuer: is the bridge itself, whose tokens are for AWS. Write the issuer of the platform on which the workloads run.',
    ],
  ],
  [
    'an audience for which users have id_tokens',
    [
      ['https://token.actions.githubusercontent.com', 'https://acme.okta.com'],
      ['audience: https://aws.example.com', 'audience: 0oa1'],
    ],
    [
      '35:5 workloads[0].audience: contains the client id of connectors[0], so the id_tokens of users would count as workloads. Write another audience, for which users cannot get tokens.',
    ],
  ],
  [
    'no keys of a trust domain',
    [['    jwks: { url: https://spire.example.com/keys }\n', '']],
    [
      '42:5 workloads[1]: has spiffe but no jwks, and a trust domain does not say where its keys are. Add jwks: { url: ... } with the address of the bundle endpoint, or { file: ... }.',
    ],
  ],
  [
    'keys without a place',
    [['jwks: { url: https://spire.example.com/keys }', 'jwks: {}']],
    ['44:5 workloads[1].jwks: has neither url nor file. Add one of them.'],
  ],
  [
    'keys at two places',
    [
      [
        'jwks: { url: https://spire.example.com/keys }',
        'jwks: { url: https://spire.example.com/keys, file: keys.json }',
      ],
    ],
    [
      '44:50 workloads[1].jwks.file: cannot be combined with url; use only one of them. Keep url or file.',
    ],
    { 'keys.json': '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}' },
  ],
  [
    'keys over http',
    [['https://spire.example.com/keys', 'http://spire.example.com/keys']],
    [
      '44:13 workloads[1].jwks.url: is http, which anyone on the way can read and change. Use https; http is for loopback only (localhost, 127.0.0.1).',
    ],
  ],
  [
    'a trust domain that is a SPIFFE ID',
    [['trustDomain: prod.example.com', 'trustDomain: "spiffe://prod.example.com"']],
    [
      '43:15 workloads[1].spiffe.trustDomain: "spiffe://prod.example.com" is not a SPIFFE trust domain. Write lowercase letters, digits, dots, dashes and underscores, without spiffe://: prod.example.com.',
    ],
  ],
  [
    'a SPIFFE ID of another trust domain',
    [['"spiffe://prod.example.com/shop"', '"spiffe://prod.example.com.evil/shop"']],
    [
      '47:19 workloads[1].access[0].claims.sub: "spiffe://prod.example.com.evil/shop" is not a SPIFFE ID of the trust domain prod.example.com. Write "spiffe://prod.example.com/" and the path of the workload.',
    ],
  ],
  [
    'a trust domain as a subject',
    [['"spiffe://prod.example.com/shop"', '"spiffe://prod.example.com/"']],
    [
      '47:19 workloads[1].access[0].claims.sub: "spiffe://prod.example.com/" is not a SPIFFE ID of the trust domain prod.example.com. Write "spiffe://prod.example.com/" and the path of the workload.',
    ],
  ],
  [
    'an SVID without a subject',
    [['sub: "spiffe://prod.example.com/shop"', 'department: x']],
    [
      '47:9 workloads[1].access[0].claims: has no sub, and a JWT-SVID says nothing else about its workload. Add sub: "spiffe://prod.example.com/...".',
    ],
  ],
  [
    'keys of AWS',
    [
      [
        '    awsIam: { audience: aws.example.com }\n',
        '    awsIam: { audience: aws.example.com }\n    jwks: { url: https://x.example.com/k }\n    audience: aws\n',
      ],
    ],
    [
      '52:5 workloads[2].jwks: has no effect with awsIam: STS verifies these requests. Remove it.',
      '53:5 workloads[2].audience: has no effect with awsIam: STS verifies these requests. Write it as awsIam.audience.',
    ],
  ],
  [
    'no rules',
    [
      [
        'access:\n      - claims: { sub: "spiffe://prod.example.com/shop" }\n        accounts: [prod]\n        roles: [Upload]',
        'access: []',
      ],
    ],
    ['46:5 workloads[1].access: is an empty list. Write at least one rule.'],
  ],
  [
    'a rule without claims',
    [
      [
        '      - claims: { sub: "spiffe://prod.example.com/shop" }\n        accounts',
        '      - accounts',
      ],
    ],
    [
      '47:9 workloads[1].access[0]: has no claims, so it would give its roles to every token of the issuer. Add claims: the conditions that a token must meet.',
    ],
  ],
  [
    'role ARNs in a rule for tokens',
    [
      [
        'claims: { sub: "spiffe://prod.example.com/shop" }',
        'roleArns: ["arn:aws:iam::111122223333:role/x"]',
      ],
    ],
    [
      '47:9 workloads[1].access[0].roleArns: is for entries with awsIam; tokens have claims. Write claims instead.',
    ],
  ],
  [
    'claims in a rule for AWS',
    [
      [
        'roleArns: ["arn:aws:iam::111122223333:role/builder"]',
        'claims: { account: "111122223333" }',
      ],
    ],
    [
      '53:9 workloads[2].access[0].claims: has no effect with awsIam, whose workloads are known by the ARN of their role. Write roleArns instead.',
    ],
  ],
  [
    'a rule for AWS without role ARNs',
    [
      [
        '      - roleArns: ["arn:aws:iam::111122223333:role/builder"]\n        accounts',
        '      - accounts',
      ],
    ],
    [
      '53:9 workloads[2].access[0]: has no roleArns, so it would give its roles to every role in AWS. Add roleArns: the IAM roles whose sessions get the roles.',
    ],
  ],
  [
    'an empty list of role ARNs',
    [['["arn:aws:iam::111122223333:role/builder"]', '[]']],
    [
      '53:9 workloads[2].access[0].roleArns: is an empty list, so the rule gives nothing. Write at least one ARN.',
    ],
  ],
  [
    'a role ARN twice, with another path',
    [
      [
        '["arn:aws:iam::111122223333:role/builder"]',
        '["arn:aws:iam::111122223333:role/builder", "arn:aws:iam::111122223333:role/ci/builder"]',
      ],
    ],
    [
      '53:62 workloads[2].access[0].roleArns[1]: "arn:aws:iam::111122223333:role/builder" is listed twice; the path of a role does not count. Keep one of them.',
    ],
  ],
  [
    'a session instead of a role',
    [
      [
        '"arn:aws:iam::111122223333:role/builder"',
        '"arn:aws:sts::111122223333:assumed-role/builder/i-1"',
      ],
    ],
    [
      '53:20 workloads[2].access[0].roleArns[0]: "arn:aws:sts::111122223333:assumed-role/builder/i-1" is one session of a role. Write the role: arn:aws:iam::111122223333:role/builder.',
    ],
  ],
  [
    'an IAM user',
    [['"arn:aws:iam::111122223333:role/builder"', '"arn:aws:iam::111122223333:user/ci"']],
    [
      '53:20 workloads[2].access[0].roleArns[0]: "arn:aws:iam::111122223333:user/ci" is not a role; IAM users are not workloads. Write the ARN of an IAM role, such as arn:aws:iam::111122223333:role/builder.',
    ],
  ],
  [
    'every role of an account',
    [['"arn:aws:iam::111122223333:role/builder"', '"arn:aws:iam::111122223333:role/*"']],
    [
      '53:20 workloads[2].access[0].roleArns[0]: "arn:aws:iam::111122223333:role/*" contains a wildcard; a rule names each role. Write the ARN of each role.',
    ],
  ],
  [
    'a role of an unknown partition',
    [['"arn:aws:iam::111122223333:role/builder"', '"arn:aws-iso:iam::111122223333:role/builder"']],
    [
      '53:20 workloads[2].access[0].roleArns[0]: "arn:aws-iso:iam::111122223333:role/builder" is not the ARN of an IAM role. Write the ARN of an IAM role, such as arn:aws:iam::111122223333:role/builder.',
    ],
  ],
  [
    'no accounts',
    [['        accounts: [partner]\n', '']],
    ['53:9 workloads[2].access[0].accounts: is missing. Add it, for example accounts: [prod].'],
  ],
  [
    'an empty list of accounts',
    [['accounts: [partner]', 'accounts: []']],
    [
      '54:9 workloads[2].access[0].accounts: is an empty list, so the rule gives nothing. Name accounts, or write ["*"] for every account.',
    ],
  ],
  [
    'an unknown account',
    [['accounts: [partner]', 'accounts: [partners]']],
    [
      '54:20 workloads[2].access[0].accounts[0]: "partners" is not an account of this file; did you mean partner? Write the name or id of an account.',
    ],
  ],
  [
    'no roles',
    [['accounts: [partner]\n        roles: [Upload]', 'accounts: [partner]\n        roles: []']],
    ['55:9 workloads[2].access[0].roles: is an empty list. Write at least one role.'],
  ],
  [
    'a wildcard for roles',
    [['accounts: [partner]\n        roles: [Upload]', 'accounts: [partner]\n        roles: ["*"]']],
    [
      '55:17 workloads[2].access[0].roles[0]: "*" contains a wildcard; a rule names each role. Write each role by its name.',
    ],
  ],
  [
    'an account that only users reach',
    [
      ['name: staging, trust: web-identity', 'name: staging, trust: corporate-web-identity'],
      ['accounts: [partner]', 'accounts: [partner, staging]'],
    ],
    [
      '54:29 workloads[2].access[0].accounts[1]: cannot be reached by workloads: staging has trust: corporate-web-identity, which requires the sign-in of a user. Take staging out of this rule, or give it trust: saml or web-identity.',
    ],
  ],
  [
    'an account behind a hub that only users reach',
    [
      ['name: prod, trust: saml', 'name: prod, trust: corporate-saml'],
      [
        '        accounts: [prod]\n        roles: [Deploy]',
        '        accounts: [gov]\n        roles: [Deploy]',
      ],
      [
        '        accounts: [prod]\n        roles: [Upload]',
        '        accounts: [gov]\n        roles: [Upload]',
      ],
    ],
    [
      '54:20 workloads[2].access[0].accounts[0]: cannot be reached by workloads: partner has trust: corporate-saml, which requires the sign-in of a user for its hub. Take partner out of this rule, or give it trust: saml or web-identity.',
    ],
  ],
  [
    'a session that is too long behind a hub',
    [['accounts: [partner]', 'accounts: [partner]\n        session: { duration: 2h }']],
    [
      '55:20 workloads[2].access[0].session.duration: is longer than 1 h, the most that AWS gives in partner, which is behind a hub (role chaining). Write 1h or less, or give this account a rule of its own.',
    ],
  ],
  [
    'a length of console sessions',
    [['session: { source', 'session: { console: 1h, source']],
    [
      '41:20 workloads[0].access[0].session.console: is not a key of this section. Known here: duration, sourceIdentity, tags, transitiveTags, policyArns, policy.',
    ],
  ],
  [
    'elevation',
    [['accounts: [partner]', 'accounts: [partner]\n        elevation: { longest: 1h }']],
    [
      '55:9 workloads[2].access[0].elevation: is not a key of this section. Known here: name, claims, roleArns, accounts, roles, session, require, once.',
    ],
  ],
  [
    'a second factor',
    [['accounts: [partner]', 'accounts: [partner]\n        require: { mfa: true }']],
    [
      '55:20 workloads[2].access[0].require.mfa: is not a key of this section. Known here: networks.',
    ],
  ],
  [
    'a source identity that could be that of a user',
    [['sourceIdentity: "{sessionName}"', 'sourceIdentity: "{claims.actor}"']],
    [
      '41:20 workloads[0].access[0].session.sourceIdentity: "{claims.actor}" does not always end with @workload, so it could be that of a user. Write "{sessionName}", which is unique and ends with @workload, or put @workload at the end.',
    ],
  ],
  [
    'a source identity that could be that of a user, by its alternative',
    [['sourceIdentity: "{sessionName}"', 'sourceIdentity: "{claims.actor|{sessionName}}"']],
    [
      '41:20 workloads[0].access[0].session.sourceIdentity: "{claims.actor|{sessionName}}" does not always end with @workload, so it could be that of a user. Write "{sessionName}", which is unique and ends with @workload, or put @workload at the end.',
    ],
  ],
  [
    'a placeholder of users',
    [['{claims.repository}', '{username}']],
    [
      '41:61 workloads[0].access[0].session.tags.Repo: "{username}" cannot be filled in: unknown placeholder {username}; known are {workload}, {subject}, {sessionName} and {claims.NAME}. Correct the placeholder; {claims.ref|none} gives none to workloads whose claim ref is missing or not allowed.',
    ],
  ],
  [
    'a rule of the same name for users',
    [
      ['      - name: deploy', '      - name: audit'],
      ['access:\n  - groups', 'access:\n  - name: audit\n    groups'],
    ],
    [
      '38:9 workloads[0].access[0].name: "audit" is already the name of access[0]. Choose another name.',
    ],
  ],
  [
    'a name that means a position',
    [['name: deploy', 'name: "workloads[0].access[0]"']],
    [
      '37:9 workloads[0].access[0].name: "workloads[0].access[0]" is the name of a rule without a name. Write a name that says what the rule is for.',
    ],
  ],
  [
    'once for signed requests',
    [['accounts: [partner]', 'accounts: [partner]\n        once: true']],
    [
      '55:9 workloads[2].access[0].once: has no effect with awsIam: a signed request is always accepted once. Remove it.',
    ],
  ],
  [
    'two entries for the same tokens',
    [
      [
        '  - id: aws\n',
        '  - { id: b, issuer: "https://token.actions.githubusercontent.com", audience: https://aws.example.com, access: [{ claims: { repository_owner_id: "2", environment: p }, accounts: [prod], roles: [Upload] }] }\n  - id: aws\n',
      ],
    ],
    [
      '50:69 workloads[2].audience: "https://aws.example.com", with the same issuer and keys, is also an audience of workloads[0]. Put the rules of both into one entry, or give each its own audience.',
    ],
  ],
  [
    'two entries for the same tokens, of which one has a further audience',
    [
      [
        '  - id: aws\n',
        '  - { id: b, issuer: "https://token.actions.githubusercontent.com", audience: [other, https://aws.example.com], access: [{ claims: { repository_owner_id: "2", environment: p }, accounts: [prod], roles: [Upload] }] }\n  - id: aws\n',
      ],
    ],
    [
      '50:69 workloads[2].audience: "https://aws.example.com", with the same issuer and keys, is also an audience of workloads[0]. Put the rules of both into one entry, or give each its own audience.',
    ],
  ],
  [
    'two entries for the same signed requests',
    [
      [
        '  - id: aws\n',
        '  - { id: b, awsIam: { audience: aws.example.com }, access: [{ roleArns: ["arn:aws:iam::111122223333:role/b"], accounts: [prod], roles: [Upload] }] }\n  - id: aws\n',
      ],
    ],
    [
      '52:15 workloads[3].awsIam.audience: is also that of workloads[2]. Put the rules of both into one entry, or give each its own audience.',
    ],
  ],
  [
    'a file of keys that does not exist',
    [['url: https://spire.example.com/keys', 'file: keys.json']],
    [
      '44:13 workloads[1].jwks.file: the file DIRECTORY/keys.json does not exist. Correct the path, which is relative to this file, or the file.',
    ],
  ],
  [
    'a file of keys that is not JSON',
    [['url: https://spire.example.com/keys', 'file: keys.json']],
    [
      '44:13 workloads[1].jwks.file: points at a file that is not a JSON Web Key Set. Put the public keys of the issuer there, such as the output of: kubectl get --raw /openid/v1/jwks.',
    ],
    { 'keys.json': '-----BEGIN' },
  ],
  [
    'a file of keys that is one key',
    [['url: https://spire.example.com/keys', 'file: keys.json']],
    [
      '44:13 workloads[1].jwks.file: points at a file that is not a JSON Web Key Set. Put the public keys of the issuer there, such as the output of: kubectl get --raw /openid/v1/jwks.',
    ],
    { 'keys.json': '{"kty":"EC"}' },
  ],
  [
    'a file of private keys',
    [['url: https://spire.example.com/keys', 'file: keys.json']],
    [
      '44:13 workloads[1].jwks.file: points at private or symmetric keys, with which anyone who reads them can make tokens. Replace these keys at the issuer, and put the public ones there alone.',
    ],
    { 'keys.json': '{"keys":[{"kty":"EC","d":"s3cret"}]}' },
  ],
  [
    'a file of symmetric keys',
    [['url: https://spire.example.com/keys', 'file: keys.json']],
    [
      '44:13 workloads[1].jwks.file: points at private or symmetric keys, with which anyone who reads them can make tokens. Replace these keys at the issuer, and put the public ones there alone.',
    ],
    { 'keys.json': '{"keys":[{"kty":"oct","k":"s3cret"}]}' },
  ],
  [
    'a file of keys for certificates',
    [['url: https://spire.example.com/keys', 'file: keys.json']],
    [
      '44:13 workloads[1].jwks.file: points at a key set without a key for signatures (RSA, EC or Ed25519). Put the public keys of the issuer there, such as the output of: kubectl get --raw /openid/v1/jwks.',
    ],
    { 'keys.json': '{"keys":[{"kty":"RSA","use":"x509-svid","n":"A","e":"AQAB"}]}' },
  ],
];

const WARNINGS: readonly Row[] = [
  [
    'every account',
    [['accounts: [partner]', 'accounts: ["*"]']],
    [
      '54:9 workloads[2].access[0].accounts: gives these roles in every account, including accounts that are added later. Name the accounts that the workload needs.',
    ],
  ],
  [
    'every account, of which users alone reach one',
    [
      ['name: staging, trust: web-identity', 'name: staging, trust: corporate-web-identity'],
      ['accounts: [partner]', 'accounts: ["*"]'],
    ],
    [
      '54:9 workloads[2].access[0].accounts: gives these roles in every account, including accounts that are added later. Name the accounts that the workload needs.',
      '54:9 workloads[2].access[0].accounts: cannot be reached by workloads: staging has trust: corporate-web-identity, which requires the sign-in of a user. The rule gives nothing there. Name the accounts that it gives roles in.',
    ],
  ],
  [
    'the default audience of the platform',
    [['audience: https://aws.example.com', 'audience: https://github.com/acme']],
    [
      '35:5 workloads[0].audience: "https://github.com/acme" is the default audience of GitHub Actions: tokens that were made for other services could be used here, too. Write the value of baseUrl, and request the tokens for it.',
    ],
  ],
  [
    'the issuer as audience',
    [
      [
        '  - id: aws\n',
        '  - { id: b, issuer: "https://ci.example.com", audience: https://ci.example.com, access: [{ claims: { repository_owner_id: "2", environment: p }, accounts: [prod], roles: [Upload] }] }\n  - id: aws\n',
      ],
    ],
    [
      '50:48 workloads[2].audience: "https://ci.example.com" is the default audience of the issuer: tokens that were made for other services could be used here, too. Write the value of baseUrl, and request the tokens for it.',
    ],
  ],
  [
    'an issuer inside a cluster without keys',
    [
      [
        '  - id: aws\n',
        '  - { id: k, issuer: "https://kubernetes.default.svc", audience: https://aws.example.com, access: [{ claims: { sub: "system:serviceaccount:shop:up" }, accounts: [prod], roles: [Upload] }] }\n  - id: aws\n',
      ],
    ],
    [
      '50:14 workloads[2].issuer: is a name inside a cluster, and its keys are read from there, because the entry has no jwks. Add jwks: { file: PATH } with the output of: kubectl get --raw /openid/v1/jwks',
    ],
  ],
  [
    'a role that users have, too',
    [['role/builder', 'role/team/Admin']],
    [
      '53:20 workloads[2].access[0].roleArns[0]: is also a role of users (access[0] gives it): each of them could sign in as this workload. Give the workload a role of its own that users cannot assume.',
    ],
  ],
  [
    'a role of IAM Identity Center',
    [['role/builder', 'role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_1']],
    [
      '53:20 workloads[2].access[0].roleArns[0]: is also a role of users (IAM Identity Center gives it): each of them could sign in as this workload. Give the workload a role of its own that users cannot assume.',
    ],
  ],
  [
    'a tag of a claim that is not always there',
    [['{claims.repository}', '{claims.environment_url}']],
    [
      '41:61 workloads[0].access[0].session.tags.Repo: denies the roles of this rule to workloads whose {claims.environment_url} is missing or not allowed by AWS. Write "{claims.environment_url|none}", with the text that your policies expect of such workloads.',
    ],
  ],
  [
    'a tag of a claim that does not always fit',
    [['{claims.repository}', '{claims.ref}']],
    [
      '41:61 workloads[0].access[0].session.tags.Repo: denies the roles of this rule to workloads whose {claims.ref} is missing or not allowed by AWS. Write "{claims.ref|none}", with the text that your policies expect of such workloads.',
    ],
  ],
  [
    'once for tokens that a pod has for long',
    [
      [
        '  - id: aws\n',
        '  - { id: k, issuer: "https://kubernetes.default.svc", jwks: { url: https://c.example.com/k }, audience: https://aws.example.com, access: [{ claims: { sub: "system:serviceaccount:shop:up" }, accounts: [prod], roles: [Upload], once: true }] }\n  - id: aws\n',
      ],
    ],
    [
      '50:227 workloads[2].access[0].once: denies most requests: a pod has the same token for most of its life. Remove it, and limit the lifetime of the token (expirationSeconds) instead.',
    ],
  ],
  [
    'networks behind an unknown proxy',
    [
      ['proxy: { trusted: [10.9.8.7/32] }\n', ''],
      ['accounts: [partner]', 'accounts: [partner]\n        require: { networks: [10.0.0.0/8] }'],
    ],
    [
      '54:20 workloads[2].access[0].require.networks: sees the address of the proxy in front instead of the address of the caller, because proxy.trusted is empty. Write the addresses of the proxy into proxy.trusted.',
    ],
  ],
  [
    'a proxy that can claim a required network',
    [
      ['accounts: [partner]', 'accounts: [partner]\n        require: { networks: [10.9.0.0/16] }'],
      ['10.9.8.7/32', '10.9.8.0/24'],
    ],
    [
      '3:20 proxy.trusted[0]: "10.9.8.0/24" overlaps "10.9.0.0/16", which workloads[2].access[0].require.networks[0] requires: a host in both can claim any address. Name the proxies\' own addresses, one by one, such as 10.9.8.0/32.',
    ],
  ],
];

const ACCEPTED: readonly (readonly [title: string, changes: readonly Change[]])[] = [
  [
    'two clusters with one issuer and keys of their own',
    [
      [
        '  - id: aws\n',
        '  - { id: k, issuer: "https://kubernetes.default.svc", jwks: { url: https://a.example.com/k }, audience: https://aws.example.com, access: [{ claims: { sub: "system:serviceaccount:shop:up" }, accounts: [prod], roles: [Upload] }] }\n  - id: aws\n',
      ],
      [
        '  - id: aws\n',
        '  - { id: l, issuer: "https://kubernetes.default.svc", jwks: { url: https://b.example.com/k }, audience: https://aws.example.com, access: [{ claims: { sub: "system:serviceaccount:shop:up" }, accounts: [prod], roles: [Upload] }] }\n  - id: aws\n',
      ],
    ],
  ],
  [
    'two entries of one issuer with audiences of their own',
    [
      [
        '  - id: aws\n',
        '  - { id: b, issuer: "https://token.actions.githubusercontent.com", audience: other, access: [{ claims: { repository_owner_id: "2", environment: p }, accounts: [prod], roles: [Upload] }] }\n  - id: aws\n',
      ],
    ],
  ],
  [
    'a role for users and workloads',
    [
      [
        '        accounts: [prod]\n        roles: [Deploy]',
        '        accounts: [prod]\n        roles: [Admin]',
      ],
    ],
  ],
  [
    'a source identity with a name of its own',
    [['sourceIdentity: "{sessionName}"', 'sourceIdentity: "{claims.repository_id|none}@workload"']],
  ],
  [
    'tags of claims that the rule fixes',
    [['{claims.repository}', '{claims.environment}/{claims.repository_owner_id}/{workload}']],
  ],
  [
    'a tag of the role',
    [
      [
        'accounts: [partner]',
        'accounts: [partner]\n        session: { tags: { Role: "{subject}" } }',
      ],
    ],
  ],
  [
    'an optional tag of any claim',
    [['Repo: "{claims.repository}"', 'Repo: { value: "{claims.ref}", optional: true }']],
  ],
  [
    'an issuer on loopback',
    [
      ['https://token.actions.githubusercontent.com', 'http://127.0.0.1:3005'],
      ['{claims.repository}', '{claims.environment}'],
    ],
  ],
];

describe('the check of workloads', () => {
  for (const [title, changes, says, files] of PROBLEMS)
    it(`refuses ${title}`, async () => {
      assert.deepEqual((await saidOf(changes, files)).problems, says);
    });

  for (const [title, changes, says] of WARNINGS)
    it(`warns of ${title}`, async () => {
      assert.deepEqual(await saidOf(changes), { problems: [], warnings: says });
    });

  for (const [title, changes] of ACCEPTED)
    it(`accepts ${title}`, async () => {
      assert.deepEqual(await saidOf(changes), { problems: [], warnings: [] });
    });
});
