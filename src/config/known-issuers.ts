/**
 * Platforms whose tokens are known: who else can get tokens of the same issuer, which claims say
 * whose token it is, and which of them can change hands. One row for each platform.
 *
 * Sources: the references of GitHub, GitLab, Buildkite, CircleCI, HCP Terraform and Bitbucket on
 * their OIDC tokens; the Kubernetes documentation on service account tokens.
 */

import type { ClaimTexts, OwnerIn, Platform } from './platform.ts';
import { type Problem, quoted } from './problems.ts';

const whole: OwnerIn = text => text;
const firstPart: OwnerIn = text => text.split('/')[0];

/** The owner in a `sub` of pairs `key:value`; each key with what its value says. */
const inPairs =
  (keys: Readonly<Record<string, OwnerIn>>): OwnerIn =>
  subject => {
    const parts = subject.split(':');
    const at = parts.findIndex((part, index) => index % 2 === 0 && Object.hasOwn(keys, part));
    const value = parts[at + 1];
    return at < 0 || value === undefined ? undefined : keys[parts[at]!]!(value);
  };

// ---------------------------------------------------------------- GitHub

const GITHUB_OWNER: Readonly<Record<string, OwnerIn>> = {
  repository_owner_id: whole,
  repository_id: whole,
  repository_owner: whole,
  repository: firstPart,
  workflow_ref: firstPart,
};

const GITHUB = {
  owner: {
    kind: 'organization or user',
    claims: { ...GITHUB_OWNER, sub: inPairs({ ...GITHUB_OWNER, repo: firstPart }) },
    fix: 'Add repository_owner_id: the number of the organization (gh api users/ORG --jq .id).',
    others: {
      job_workflow_ref: 'job_workflow_ref does not: any repository can call a public workflow',
      enterprise: 'enterprise does not: every organization of the enterprise has it',
      enterprise_id: 'enterprise_id does not: every organization of the enterprise has it',
    },
  },
  ids: {
    repository: ['repository_id', 'repository_owner_id'],
    repository_owner: ['repository_owner_id', 'repository_id'],
    enterprise: ['enterprise_id', 'repository_owner_id', 'repository_id'],
    workflow_ref: ['repository_id', 'repository_owner_id'],
    actor: ['actor_id'],
  },
  code: {
    claims: [
      ...['environment', 'ref', 'ref_protected', 'event_name', 'sha'],
      ...['workflow_ref', 'job_workflow_ref'],
    ],
    subject: /:(environment|ref|pull_request|job_workflow_ref|workflow_ref)(:|$)/,
    otherwise: 'accepts every branch and every pull request, whose code is not reviewed yet',
    fix: 'Add environment: NAME (with protection rules in GitHub), or ref: refs/heads/main.',
  },
  pullRequests: { event: 'pull_request', subject: /:pull_request$/ },
  tags: [
    ...['repository', 'repository_id', 'repository_owner', 'repository_owner_id'],
    ...['repository_visibility', 'actor_id', 'run_id', 'run_number', 'run_attempt', 'sha'],
    ...['event_name', 'ref_type', 'runner_environment'],
  ],
} as const;

/** Not on GitHub Enterprise Server. */
function oldGitHubSubject({ values, patterns }: ClaimTexts): Problem | undefined {
  const texts = [...values, ...patterns];
  const old = texts.find(text => /(^|:)repo:[^@:]*(:|$)/.test(text));
  const hasBoth = texts.some(text => /(^|:)repo:[^@:]+@[^:]+@/.test(text));
  if (old === undefined || hasBoth) return undefined;
  return {
    message: `${quoted(old)} does not fit repositories that were created, renamed or transferred after 2026-07-15: their sub begins with repo:OWNER@ID/REPO@ID.`,
    fix: 'Use repository_id with environment or ref instead, which are the same for all repositories.',
    warning: true,
  };
}

const GITHUB_ROWS: readonly Platform[] = [
  {
    ...GITHUB,
    name: 'GitHub Actions',
    is: issuer => issuer === 'https://token.actions.githubusercontent.com',
    subject: oldGitHubSubject,
    owner: {
      ...GITHUB.owner,
      claims: { ...GITHUB.owner.claims, enterprise_id: whole, enterprise: whole },
      others: { job_workflow_ref: GITHUB.owner.others.job_workflow_ref },
    },
    defaultAudience: /^https:\/\/github\.com\/[^/]+\/?$/,
  },
  {
    ...GITHUB,
    name: 'GitHub Actions',
    subject: oldGitHubSubject,
    is: issuer =>
      /^https:\/\/token\.actions\.(githubusercontent\.com\/[^/]+|[^./]+\.ghe\.com)$/.test(issuer),
    defaultAudience: /^https:\/\/(github\.com|[^./]+\.ghe\.com)\/[^/]+\/?$/,
  },
  {
    ...GITHUB,
    name: 'GitHub Enterprise Server',
    is: issuer => /^https:\/\/[^/]+\/_services\/token$/.test(issuer),
  },
];

// ---------------------------------------------------------------- GitLab

const GITLAB = {
  owner: {
    kind: 'group or user',
    claims: {
      namespace_id: whole,
      project_id: whole,
      namespace_path: firstPart,
      project_path: firstPart,
      sub: inPairs({ project_path: firstPart, namespace_path: firstPart, project_id: whole }),
    },
    fix: 'Add namespace_id: the number of the group.',
  },
  ids: {
    sub: ['project_id', 'namespace_id'],
    project_path: ['project_id', 'namespace_id'],
    namespace_path: ['namespace_id', 'project_id'],
    job_project_path: ['job_project_id', 'job_namespace_id', 'project_id', 'namespace_id'],
    user_login: ['user_id'],
    user_email: ['user_id'],
  },
  code: {
    claims: [
      ...['ref', 'ref_path', 'ref_protected', 'environment', 'environment_protected'],
      ...['ci_config_ref_uri', 'sha'],
    ],
    subject: /:(ref|environment):/,
    otherwise: 'accepts every branch, whose code is not reviewed yet',
    fix: 'Add ref_protected: true, or environment: NAME with environment_protected: true.',
  },
  partial: {
    claim: 'ref',
    with: ['ref_type', 'ref_protected', 'ref_path', 'environment'],
    message: 'is the name of a branch or of a tag, and a tag can have the name of the branch.',
    fix: 'Add ref_type: branch.',
  },
  tags: [
    ...['namespace_id', 'namespace_path', 'project_id', 'project_path', 'user_id', 'pipeline_id'],
    ...['job_id', 'ref_type', 'ref_protected', 'sha', 'pipeline_source'],
  ],
} as const;

/** By these claims, GitLab is known at any host. */
const GITLAB_ONLY = [
  ...['namespace_id', 'namespace_path', 'project_path', 'ref_path', 'environment_protected'],
  ...['ci_config_ref_uri', 'pipeline_source', 'user_login'],
];

const GITLAB_ROWS: readonly Platform[] = [
  {
    ...GITLAB,
    name: 'gitlab.com',
    is: issuer => issuer === 'https://gitlab.com',
  },
  {
    ...GITLAB,
    name: 'GitLab',
    is: (_issuer, claims) => GITLAB_ONLY.some(claim => claims.has(claim)),
  },
];

// ---------------------------------------------------------------- other pipelines

/** For a `sub` of which an exact value is useless. */
const changesWith =
  (what: string, instead: string): Platform['subject'] =>
  ({ values }) =>
    values.length === 0
      ? undefined
      : {
          message: `changes with ${what}, so an exact value matches only once.`,
          fix: `Use ${instead}, or a pattern.`,
          warning: true,
        };

const PIPELINES: readonly Platform[] = [
  {
    name: 'Buildkite',
    is: issuer => issuer === 'https://agent.buildkite.com',
    owner: {
      kind: 'organization',
      claims: {
        organization_id: whole,
        pipeline_id: whole,
        organization_slug: whole,
        sub: inPairs({ organization: whole }),
      },
      fix: 'Add organization_slug, or organization_id and request tokens with --claim organization_id.',
    },
    ids: {},
    code: {
      claims: ['build_branch', 'build_tag', 'build_commit'],
      subject: /:ref:(?!\*)/,
      otherwise: 'accepts every branch, whose code is not reviewed yet',
      fix: 'Add build_branch: main.',
    },
    subject: changesWith('the commit and the step', 'organization_slug and build_branch'),
    defaultAudience: /^https:\/\/buildkite\.com\/[^/]+$/,
    tags: ['organization_slug', 'pipeline_slug', 'build_number', 'build_commit', 'job_id'],
  },
  {
    // The issuer contains the id of the organization.
    name: 'CircleCI',
    is: issuer => /^https:\/\/oidc\.circleci\.com\/org\/[^/]+$/.test(issuer),
    owner: {
      kind: 'project',
      claims: {
        'oidc.circleci.com/project-id': whole,
        'oidc.circleci.com/context-ids': whole,
        'oidc.circleci.com/org-id': whole,
        sub: text => text.split('/')[3],
      },
      fix: 'Add oidc.circleci.com/project-id, or oidc.circleci.com/org-id if you mean every project.',
    },
    ids: {},
    defaultAudience: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    tags: ['oidc.circleci.com/project-id'],
  },
  {
    name: 'HCP Terraform',
    is: issuer => /^https:\/\/app\.(eu\.)?terraform\.io$/.test(issuer),
    owner: {
      kind: 'organization',
      claims: {
        terraform_organization_id: whole,
        terraform_project_id: whole,
        terraform_workspace_id: whole,
        terraform_organization_name: whole,
        sub: inPairs({ organization: whole }),
      },
      fix: 'Add terraform_organization_id: org-..., or terraform_workspace_id: ws-....',
    },
    ids: {
      sub: ['terraform_workspace_id', 'terraform_organization_id', 'terraform_project_id'],
      terraform_organization_name: [
        ...['terraform_organization_id', 'terraform_workspace_id', 'terraform_project_id'],
      ],
      terraform_workspace_name: ['terraform_workspace_id', 'terraform_organization_id'],
      terraform_project_name: ['terraform_project_id', 'terraform_organization_id'],
    },
    code: {
      claims: ['terraform_run_phase'],
      subject: /:run_phase:[^*]+$/,
      otherwise: 'accepts plans, which also run for changes that are not approved',
      fix: 'Add terraform_run_phase: apply, and give plans a rule of their own with roles that only read.',
    },
    defaultAudience: /^(aws|gcp|azure|vault)\.workload\.identity$/,
    tags: [
      ...['terraform_organization_id', 'terraform_project_id', 'terraform_workspace_id'],
      ...['terraform_run_id', 'terraform_run_phase'],
    ],
  },
  {
    name: 'Bitbucket Pipelines',
    is: issuer => issuer.startsWith('https://api.bitbucket.org/2.0/workspaces/'),
    owner: {
      kind: 'repository',
      claims: {
        repositoryUuid: whole,
        deploymentEnvironmentUuid: whole,
        workspaceUuid: whole,
        sub: text => text.split(':')[0],
      },
      fix: 'Add repositoryUuid, or workspaceUuid if you mean every repository.',
    },
    ids: {},
    code: {
      claims: ['deploymentEnvironmentUuid', 'branchName'],
      subject: /^$/,
      otherwise: 'accepts every branch, whose code is not reviewed yet',
      fix: 'Add deploymentEnvironmentUuid.',
    },
    subject: changesWith('the run', 'repositoryUuid and deploymentEnvironmentUuid'),
    defaultAudience: /^ari:cloud:bitbucket::workspace\//,
    tags: [],
  },
  {
    name: 'Google',
    is: issuer => /^(https:\/\/)?accounts\.google\.com$/.test(issuer),
    owner: {
      kind: 'account',
      claims: { sub: whole, email: whole, azp: whole },
      fix: 'Add sub: the number of the service account.',
    },
    ids: { email: ['sub', 'azp'] },
    tags: ['sub', 'azp'],
  },
];

// ---------------------------------------------------------------- Kubernetes

/** The beginning of `sub` of every service account; stands among the claims of a rule. */
export const SERVICE_ACCOUNT = 'system:serviceaccount:';

/** EKS, GKE, AKS, and a cluster that names itself. */
const CLUSTER_ISSUERS = [
  /^https:\/\/oidc\.eks(-[a-z-]+)?\.[^/]+\/id\//,
  /^https:\/\/container\.googleapis\.com\/v1\/projects\//,
  /^https:\/\/[^/]+\.oic\.prod-aks\.azure\.(com|cn|us)\//,
  /^https:\/\/kubernetes\.default(\.svc(\.[^/]+)?)?(:\d+)?\/?$/,
];

const KUBERNETES: Platform = {
  name: 'Kubernetes',
  is: (issuer, claims) =>
    claims.has(SERVICE_ACCOUNT) ||
    [...claims].some(claim => claim.startsWith('kubernetes.io')) ||
    CLUSTER_ISSUERS.some(form => form.test(issuer)),
  owner: {
    kind: 'namespace',
    claims: {
      sub: text => text.split(':')[2],
      'kubernetes.io.namespace': whole,
    },
    fix: 'Add sub: "system:serviceaccount:NAMESPACE:NAME".',
  },
  ids: {},
  subject: ({ values, patterns }) => {
    const wrong = [...values, ...patterns].find(
      text => !/^system:serviceaccount:[^:]+:[^:]+$/.test(text),
    );
    if (wrong === undefined) return undefined;
    return {
      message: `${quoted(wrong)} is not the subject of a service account.`,
      fix: 'Write "system:serviceaccount:NAMESPACE:NAME".',
    };
  },
  repeatsTokens: true,
  defaultAudience: /^(https:\/\/)?kubernetes\.default(\.svc(\.[^/]+)?)?\/?$|^api$/,
  tags: ['sub'],
};

const PLATFORMS: readonly Platform[] = [...GITHUB_ROWS, ...GITLAB_ROWS, ...PIPELINES, KUBERNETES];

/** The platform of an entry; undefined for an issuer that is not known. */
export function platformOf(issuer: string, claims: ReadonlySet<string>): Platform | undefined {
  return PLATFORMS.find(platform => platform.is(issuer, claims));
}
