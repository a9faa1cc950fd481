import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GOOD, said, written } from './written.ts';

const ISSUERS = {
  github: 'https://token.actions.githubusercontent.com',
  ghent: 'https://token.actions.githubusercontent.com/acme',
  ghe: 'https://token.actions.acme.ghe.com',
  server: 'https://ghes.example.com/_services/token',
  gitlab: 'https://gitlab.com',
  gl: 'https://gitlab.example.com',
  bk: 'https://agent.buildkite.com',
  cci: 'https://oidc.circleci.com/org/3b7d2f3e-1c2a-4a5b-9d10-2bbf3c4d5e6f',
  hcp: 'https://app.terraform.io',
  bb: 'https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc',
  eks: 'https://oidc.eks.eu-west-1.amazonaws.com/id/ABC',
  k8s: 'https://cluster.example.com',
  google: 'https://accounts.google.com',
  other: 'https://idp.example.com',
} as const;

type Row = readonly [platform: keyof typeof ISSUERS, claims: string, says: readonly string[]];

interface Said {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** What is said of an entry with one rule, without line and rule. */
async function saidOf(platform: keyof typeof ISSUERS, claims: string): Promise<Said> {
  let result: Said = { problems: [], warnings: [] };
  await written(async ({ check }) => {
    const rule = `{ claims: ${claims}, accounts: [prod], roles: [Deploy] }`;
    const { problems, warnings } = await check(
      `${GOOD}workloads:\n  - { id: x, issuer: "${ISSUERS[platform]}", audience: https://aws.example.com, access: [${rule}] }\n`,
    );
    const short = (lines: readonly string[]): string[] =>
      lines.map(line => line.replace(/^\S+ workloads\[0\]\.access\[0\]\./, ''));
    result = { problems: short(said(problems)), warnings: short(said(warnings)) };
  });
  return result;
}

const REFUSED: readonly Row[] = [
  [
    'github',
    '{ environment: production }',
    [
      'claims: does not name the organization or user: any organization or user of GitHub Actions can get a token that fits. Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'github',
    '{ repository: { pattern: "*/api" }, ref: refs/heads/main }',
    [
      'claims.repository: leaves the organization or user open: another one can have tokens that fit "*/api". Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'github',
    '{ repository_owner: { pattern: "acme-*" }, ref: refs/heads/main }',
    [
      'claims.repository_owner: leaves the organization or user open: another one can have tokens that fit "acme-*". Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'github',
    '{ sub: { pattern: "repo:acme*" } }',
    [
      'claims.sub: leaves the organization or user open: another one can have tokens that fit "repo:acme*". Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'github',
    '{ sub: { pattern: "repo:acme*/api:ref:refs/heads/main" } }',
    [
      'claims.sub: leaves the organization or user open: another one can have tokens that fit "repo:acme*/api:ref:refs/heads/main". Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'github',
    '{ sub: { pattern: "repo:*/api:ref:refs/heads/main" } }',
    [
      'claims.sub: leaves the organization or user open: another one can have tokens that fit "repo:*/api:ref:refs/heads/main". Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'github',
    '{ sub: "environment:production" }',
    [
      'claims.sub: leaves the organization or user open: another one can have tokens that fit "environment:production". Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'github',
    '{ event_name: pull_request }',
    [
      'claims: does not name the organization or user: any organization or user of GitHub Actions can get a token that fits. Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'github',
    '{ job_workflow_ref: "acme/flows/.github/workflows/d.yml@refs/heads/main" }',
    [
      'claims: does not name the organization or user: any organization or user of GitHub Actions can get a token that fits. Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id). job_workflow_ref does not: any repository can call a public workflow.',
    ],
  ],
  [
    'github',
    '{ repository: { pattern: "acme*" }, environment: p }',
    [
      'claims.repository: leaves the organization or user open: another one can have tokens that fit "acme*". Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'ghent',
    '{ environment: production }',
    [
      'claims: does not name the organization or user: any organization or user of GitHub Actions can get a token that fits. Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'ghent',
    '{ enterprise: acme, environment: p }',
    [
      'claims: does not name the organization or user: any organization or user of GitHub Actions can get a token that fits. Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id). enterprise does not: every organization of the enterprise has it.',
    ],
  ],
  [
    'server',
    '{ environment: production }',
    [
      'claims: does not name the organization or user: any organization or user of GitHub Enterprise Server can get a token that fits. Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    ],
  ],
  [
    'gitlab',
    '{ ref_protected: true }',
    [
      'claims: does not name the group or user: any group or user of gitlab.com can get a token that fits. Add namespace_id: the number of the group.',
    ],
  ],
  [
    'gitlab',
    '{ project_path: { pattern: "acme*" }, ref: main }',
    [
      'claims.project_path: leaves the group or user open: another one can have tokens that fit "acme*". Add namespace_id: the number of the group.',
    ],
  ],
  [
    'gitlab',
    '{ sub: { pattern: "project_path:*:ref_type:branch:ref:main" } }',
    [
      'claims.sub: leaves the group or user open: another one can have tokens that fit "project_path:*:ref_type:branch:ref:main". Add namespace_id: the number of the group.',
    ],
  ],
  [
    'gitlab',
    '{ project_id: { pattern: "7*" }, ref_protected: true }',
    [
      'claims.project_id: leaves the group or user open: another one can have tokens that fit "7*". Add namespace_id: the number of the group.',
    ],
  ],
  [
    'gl',
    '{ ref_path: refs/heads/main }',
    [
      'claims: does not name the group or user: any group or user of GitLab can get a token that fits. Add namespace_id: the number of the group.',
    ],
  ],
  [
    'bk',
    '{ pipeline_slug: deploy, build_branch: main }',
    [
      'claims: does not name the organization: any organization of Buildkite can get a token that fits. Add organization_slug, or organization_id and request tokens with --claim organization_id.',
    ],
  ],
  [
    'cci',
    '{ oidc.circleci.com/vcs-ref: refs/heads/main }',
    [
      'claims: does not name the project: any project of CircleCI can get a token that fits. Add oidc.circleci.com/project-id, or oidc.circleci.com/org-id if you mean every project.',
    ],
  ],
  [
    'cci',
    '{ sub: { pattern: "org/3b7d2f3e-1c2a-4a5b-9d10-2bbf3c4d5e6f/project/*/user/*" } }',
    [
      'claims.sub: leaves the project open: another one can have tokens that fit "org/3b7d2f3e-1c2a-4a5b-9d10-2bbf3c4d5e6f/project/*/user/*". Add oidc.circleci.com/project-id, or oidc.circleci.com/org-id if you mean every project.',
    ],
  ],
  [
    'hcp',
    '{ terraform_workspace_name: net, terraform_run_phase: apply }',
    [
      'claims: does not name the organization: any organization of HCP Terraform can get a token that fits. Add terraform_organization_id: org-..., or terraform_workspace_id: ws-....',
    ],
  ],
  [
    'hcp',
    '{ sub: { pattern: "organization:*:project:net:workspace:prod:run_phase:apply" } }',
    [
      'claims.sub: leaves the organization open: another one can have tokens that fit "organization:*:project:net:workspace:prod:run_phase:apply". Add terraform_organization_id: org-..., or terraform_workspace_id: ws-....',
    ],
  ],
  [
    'bb',
    '{ branchName: main }',
    [
      'claims: does not name the repository: any repository of Bitbucket Pipelines can get a token that fits. Add repositoryUuid, or workspaceUuid if you mean every repository.',
    ],
  ],
  [
    'eks',
    '{ sub: "shop:uploader" }',
    [
      'claims.sub: "shop:uploader" is not the subject of a service account. Write "system:serviceaccount:NAMESPACE:NAME".',
    ],
  ],
  [
    'k8s',
    '{ sub: { pattern: "system:serviceaccount:*:uploader" } }',
    [
      'claims.sub: leaves the namespace open: another one can have tokens that fit "system:serviceaccount:*:uploader". Add sub: "system:serviceaccount:NAMESPACE:NAME".',
    ],
  ],
  [
    'k8s',
    '{ sub: { pattern: "system:serviceaccount:shop-*:uploader" } }',
    [
      'claims.sub: leaves the namespace open: another one can have tokens that fit "system:serviceaccount:shop-*:uploader". Add sub: "system:serviceaccount:NAMESPACE:NAME".',
    ],
  ],
  [
    'k8s',
    '{ kubernetes.io.serviceaccount.name: uploader }',
    [
      'claims: does not name the namespace: any namespace of Kubernetes can get a token that fits. Add sub: "system:serviceaccount:NAMESPACE:NAME".',
    ],
  ],
  [
    'google',
    '{ aud: x, email_verified: true }',
    [
      'claims: does not name the account: any account of Google can get a token that fits. Add sub: the number of the service account.',
      'claims.aud: is compared with audience for every rule. Remove it here.',
    ],
  ],
];

const WARNED: readonly Row[] = [
  [
    'github',
    '{ repository_owner_id: 1234 }',
    [
      'claims: accepts every branch and every pull request, whose code is not reviewed yet. Add environment: NAME (with protection rules in GitHub), or ref: refs/heads/main.',
    ],
  ],
  [
    'github',
    '{ repository: acme/api, ref: refs/heads/main }',
    [
      'claims.repository: is a name, which another owner can get at GitHub Actions after a rename or a deletion. Add repository_id or repository_owner_id, which never change.',
    ],
  ],
  [
    'github',
    '{ repository_owner: acme, environment: p }',
    [
      'claims.repository_owner: is a name, which another owner can get at GitHub Actions after a rename or a deletion. Add repository_owner_id or repository_id, which never change.',
    ],
  ],
  [
    'github',
    '{ sub: "repo:acme/api:environment:production" }',
    [
      'claims.sub: "repo:acme/api:environment:production" does not fit repositories that were created, renamed or transferred after 2026-07-15: their sub begins with repo:OWNER@ID/REPO@ID. Use repository_id with environment or ref instead, which are the same for all repositories.',
    ],
  ],
  [
    'github',
    '{ sub: { pattern: "repo:acme/*:ref:refs/heads/main" } }',
    [
      'claims.sub: "repo:acme/*:ref:refs/heads/main" does not fit repositories that were created, renamed or transferred after 2026-07-15: their sub begins with repo:OWNER@ID/REPO@ID. Use repository_id with environment or ref instead, which are the same for all repositories.',
    ],
  ],
  [
    'github',
    '{ sub: "repo:acme@12/api@34:pull_request" }',
    [
      'claims.sub: accepts pull requests, whose code runs before anyone has reviewed it. Give them a role of their own that only reads, or add environment: NAME with protection rules.',
    ],
  ],
  [
    'github',
    '{ repository_owner_id: 1, event_name: pull_request }',
    [
      'claims.event_name: accepts pull requests, whose code runs before anyone has reviewed it. Give them a role of their own that only reads, or add environment: NAME with protection rules.',
    ],
  ],
  [
    'github',
    '{ repository_owner_id: [1, 2], repository: "acme/*", environment: p }',
    [
      'claims.repository: "acme/*" contains *, which is not a wildcard here. Write { pattern: "acme/*" }. If the value contains *, ignore this warning.',
    ],
  ],
  [
    'github',
    '{ actor: alice, repository_owner_id: 1, environment: p }',
    [
      'claims.actor: is a name, which another owner can get at GitHub Actions after a rename or a deletion. Add actor_id, which never changes.',
    ],
  ],
  [
    'github',
    '{ workflow_ref: { pattern: "acme/*/.github/workflows/deploy.yml@refs/heads/main" } }',
    [
      'claims.workflow_ref: is a name, which another owner can get at GitHub Actions after a rename or a deletion. Add repository_id or repository_owner_id, which never change.',
    ],
  ],
  [
    'ghe',
    '{ sub: "repo:acme/api:environment:production" }',
    [
      'claims.sub: "repo:acme/api:environment:production" does not fit repositories that were created, renamed or transferred after 2026-07-15: their sub begins with repo:OWNER@ID/REPO@ID. Use repository_id with environment or ref instead, which are the same for all repositories.',
    ],
  ],
  [
    'gitlab',
    '{ namespace_path: acme, ref_protected: true }',
    [
      'claims.namespace_path: is a name, which another owner can get at gitlab.com after a rename or a deletion. Add namespace_id or project_id, which never change.',
    ],
  ],
  [
    'gitlab',
    '{ project_path: { pattern: "acme/*" }, ref: main, ref_type: branch }',
    [
      'claims.project_path: is a name, which another owner can get at gitlab.com after a rename or a deletion. Add project_id or namespace_id, which never change.',
    ],
  ],
  [
    'gitlab',
    '{ sub: "project_path:acme/api:ref_type:branch:ref:main" }',
    [
      'claims.sub: contains a name, which another owner can get at gitlab.com after a rename or a deletion. Add project_id or namespace_id, which never change.',
    ],
  ],
  [
    'gitlab',
    '{ namespace_id: "72" }',
    [
      'claims: accepts every branch, whose code is not reviewed yet. Add ref_protected: true, or environment: NAME with environment_protected: true.',
    ],
  ],
  [
    'gitlab',
    '{ namespace_id: "72", ref: main }',
    [
      'claims.ref: is the name of a branch or of a tag, and a tag can have the name of the branch. Add ref_type: branch.',
    ],
  ],
  [
    'gl',
    '{ project_path: acme/api, ref_protected: true }',
    [
      'claims.project_path: is a name, which another owner can get at GitLab after a rename or a deletion. Add project_id or namespace_id, which never change.',
    ],
  ],
  [
    'bk',
    '{ sub: "organization:acme:pipeline:api:ref:refs/heads/main:commit:abc:step:x" }',
    [
      'claims.sub: changes with the commit and the step, so an exact value matches only once. Use organization_slug and build_branch, or a pattern.',
    ],
  ],
  [
    'bk',
    '{ organization_id: "x" }',
    ['claims: accepts every branch, whose code is not reviewed yet. Add build_branch: main.'],
  ],
  [
    'hcp',
    '{ terraform_workspace_id: ws-1 }',
    [
      'claims: accepts plans, which also run for changes that are not approved. Add terraform_run_phase: apply, and give plans a rule of their own with roles that only read.',
    ],
  ],
  [
    'hcp',
    '{ terraform_organization_name: acme, terraform_run_phase: apply }',
    [
      'claims.terraform_organization_name: is a name, which another owner can get at HCP Terraform after a rename or a deletion. Add terraform_organization_id or terraform_workspace_id, which never change.',
    ],
  ],
  [
    'hcp',
    '{ sub: "organization:acme:project:net:workspace:prod:run_phase:apply" }',
    [
      'claims.sub: contains a name, which another owner can get at HCP Terraform after a rename or a deletion. Add terraform_workspace_id or terraform_organization_id, which never change.',
    ],
  ],
  [
    'hcp',
    '{ sub: "organization:acme:project:net:workspace:prod:run_phase:plan" }',
    [
      'claims.sub: contains a name, which another owner can get at HCP Terraform after a rename or a deletion. Add terraform_workspace_id or terraform_organization_id, which never change.',
    ],
  ],
  [
    'bb',
    '{ sub: "{1}:{2}" , branchName: main}',
    [
      'claims.sub: changes with the run, so an exact value matches only once. Use repositoryUuid and deploymentEnvironmentUuid, or a pattern.',
    ],
  ],
  [
    'bb',
    '{ repositoryUuid: "{1}" }',
    [
      'claims: accepts every branch, whose code is not reviewed yet. Add deploymentEnvironmentUuid.',
    ],
  ],
  [
    'google',
    '{ email: a@b.iam.gserviceaccount.com }',
    [
      'claims.email: is a name, which another owner can get at Google after a rename or a deletion. Add sub or azp, which never change.',
    ],
  ],
];

const ACCEPTED: readonly Row[] = [
  ['github', '{ repository_owner_id: 1234, environment: production }', []],
  ['github', '{ repository: acme/api, repository_id: "5", ref: refs/heads/main }', []],
  [
    'github',
    '{ repository: { pattern: "acme/*" }, repository_owner_id: 1, ref: refs/heads/main }',
    [],
  ],
  ['github', '{ sub: "repo:acme@12/api@34:environment:production" }', []],
  ['github', '{ sub: ["repo:acme/api:environment:p", "repo:acme@12/api@34:environment:p"] }', []],
  ['github', '{ sub: "repository_owner_id:12:environment:production" }', []],
  ['github', '{ repository_owner_id: 1, event_name: pull_request, environment: preview }', []],
  [
    'github',
    '{ job_workflow_ref: "acme/flows/.github/workflows/d.yml@refs/heads/main", repository_owner_id: 1 }',
    [],
  ],
  ['ghent', '{ repository_owner_id: 1, environment: production }', []],
  ['server', '{ sub: "repo:acme/api:environment:production" }', []],
  ['gitlab', '{ namespace_id: "72", ref_protected: "true" }', []],
  ['gl', '{ project_id: "72", ref_protected: true, environment: production }', []],
  ['bk', '{ organization_slug: acme, pipeline_slug: deploy, build_branch: main }', []],
  [
    'bk',
    '{ sub: { pattern: "organization:acme:pipeline:api:ref:refs/heads/main:commit:*:step:*" } }',
    [],
  ],
  ['cci', '{ oidc.circleci.com/project-id: abc }', []],
  [
    'cci',
    '{ sub: { pattern: "org/3b7d2f3e-1c2a-4a5b-9d10-2bbf3c4d5e6f/project/6a1b/user/*" } }',
    [],
  ],
  ['hcp', '{ terraform_workspace_id: ws-1, terraform_run_phase: apply }', []],
  ['bb', '{ repositoryUuid: "{1}", deploymentEnvironmentUuid: "{2}" }', []],
  ['bb', '{ deploymentEnvironmentUuid: "{2}" }', []],
  ['eks', '{ sub: "system:serviceaccount:shop:uploader" }', []],
  ['k8s', '{ sub: { pattern: "system:serviceaccount:shop:*" } }', []],
  ['k8s', '{ kubernetes.io.namespace: shop }', []],
  [
    'k8s',
    '{ sub: "system:serviceaccount:shop:uploader", kubernetes.io.serviceaccount.uid: "5" }',
    [],
  ],
];

/** Of any issuer. */
const MALFORMED: readonly (readonly [claims: string, says: readonly string[]])[] = [
  [
    '{}',
    [
      'claims: is empty, so every token of the issuer would get the roles. Write the conditions that a token must meet.',
    ],
  ],
  [
    '{ jti: x, exp: 5 }',
    [
      'claims.jti: is different in every token. Remove it here.',
      'claims.exp: is a time, which the bridge checks for every token. Remove it here.',
    ],
  ],
  [
    '{ n: 0123 }',
    [
      'claims.n: is a number that YAML reads as 123. Put it in quotes: claims are compared as text.',
    ],
  ],
  [
    '{ n: [12345678901234567890, 1.0, 7] }',
    [
      'claims.n[0]: is a number that YAML reads as 12345678901234567000. Put it in quotes: claims are compared as text.',
      'claims.n[1]: is a number that YAML reads as 1. Put it in quotes: claims are compared as text.',
    ],
  ],
  [
    '{ n: { pattern: abc } }',
    [
      'claims.n: "abc" cannot be used as a pattern: it has no *, so it is an exact value. Write text with * for one or more characters other than / and :, such as acme/*, or a value without pattern.',
    ],
  ],
  [
    '{ n: { pattern: "a**" } }',
    [
      'claims.n: "a**" cannot be used as a pattern: ** means nothing more than *, which stops at / and :. Write text with * for one or more characters other than / and :, such as acme/*, or a value without pattern.',
    ],
  ],
  [
    '{ n: { pattern: "*/*" } }',
    [
      'claims.n: "*/*" cannot be used as a pattern: it has no text besides *, so it matches nearly everything. Write text with * for one or more characters other than / and :, such as acme/*, or a value without pattern.',
    ],
  ],
  [
    '{ n: { patterns: "a*" } }',
    [
      'claims.n: contains "patterns", which is not a key here. Write a value, a list of values, or { pattern: "release-*" }; of a list, each is accepted.',
    ],
  ],
  [
    '{ n: [] }',
    [
      'claims.n: is an empty list, which no token fits. Write a value, a list of values, or { pattern: "release-*" }; of a list, each is accepted.',
    ],
  ],
  ['{ n: [a, a] }', ['claims.n: contains a value twice. Keep one of them.']],
  [
    '{ n: [[a]] }',
    [
      'claims.n: contains a list in a list. Write a value, a list of values, or { pattern: "release-*" }; of a list, each is accepted.',
    ],
  ],
  [
    '{ n: null }',
    [
      'claims.n: has no value. Write a value, a list of values, or { pattern: "release-*" }; of a list, each is accepted.',
    ],
  ],
  ['{ "": x }', ['claims[""]: is empty. Write a value.']],
];

describe('claims that a rule requires', () => {
  for (const [platform, claims, says] of REFUSED)
    it(`are refused where tokens of others fit: ${platform} ${claims}`, async () => {
      assert.deepEqual((await saidOf(platform, claims)).problems, says);
    });

  for (const [platform, claims, says] of WARNED)
    it(`are warned of: ${platform} ${claims}`, async () => {
      assert.deepEqual(await saidOf(platform, claims), { problems: [], warnings: says });
    });

  for (const [platform, claims] of ACCEPTED)
    it(`are accepted: ${platform} ${claims}`, async () => {
      assert.deepEqual(await saidOf(platform, claims), { problems: [], warnings: [] });
    });

  for (const [claims, says] of MALFORMED)
    it(`are refused where they cannot be compared: ${claims}`, async () => {
      assert.deepEqual((await saidOf('other', claims)).problems, says);
    });
});
