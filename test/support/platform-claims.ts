/**
 * Claims of tokens as platforms publish them in their references, with an issuer and an audience of
 * a test. Sources: GitHub "OpenID Connect reference", GitLab "ID token payload", Kubernetes
 * "Service account token volume projection", Buildkite and CircleCI "OpenID Connect", HCP Terraform
 * "Workload identity tokens", Bitbucket "Integrate Pipelines with resource servers", JWT-SVID.
 */
import { randomUUID } from 'node:crypto';
import type { Claims } from './token-forge.ts';

export interface Issued {
  readonly iss: string;
  readonly aud: string | readonly string[];
  /** Epoch seconds. */
  readonly at: number;
}

export type PlatformName = keyof typeof PLATFORM_CLAIMS;

export const PLATFORM_CLAIMS = {
  github: ({ iss, aud, at }: Issued): Claims => ({
    ...{ jti: randomUUID(), iss, aud, iat: at, nbf: at - 600, exp: at + 300 },
    sub: 'repo:acme@1234/api@5678:environment:production',
    ref: 'refs/heads/main',
    sha: '9f5a1c4fd2a2f4a4d9bd7e2f1a6c0b8e7d6c5b4a',
    repository: 'acme/api',
    repository_owner: 'acme',
    repository_owner_id: '1234',
    repository_id: '5678',
    repository_visibility: 'private',
    run_id: '6187654321',
    run_number: '10',
    run_attempt: '2',
    actor: 'alice',
    actor_id: '12',
    workflow: 'deploy',
    workflow_ref: 'acme/api/.github/workflows/deploy.yml@refs/heads/main',
    workflow_sha: '9f5a1c4fd2a2f4a4d9bd7e2f1a6c0b8e7d6c5b4a',
    head_ref: '',
    base_ref: '',
    event_name: 'workflow_dispatch',
    ref_type: 'branch',
    ref_protected: 'true',
    job_workflow_ref: 'acme/shared/.github/workflows/release.yml@refs/heads/main',
    job_workflow_sha: '1f5a1c4fd2a2f4a4d9bd7e2f1a6c0b8e7d6c5b4a',
    runner_environment: 'github-hosted',
    environment: 'production',
    environment_node_id: 'EN_0001',
  }),
  gitlab: ({ iss, aud, at }: Issued): Claims => ({
    ...{ jti: randomUUID(), iss, aud, iat: at, nbf: at - 5, exp: at + 3600 },
    sub: 'project_path:acme/api:ref_type:branch:ref:main',
    namespace_id: '72',
    namespace_path: 'acme',
    project_id: '20',
    project_path: 'acme/api',
    user_id: '1',
    user_login: 'sample-user',
    user_email: 'sample-user@acme.example',
    user_identities: [{ provider: 'github' }],
    pipeline_id: '574',
    pipeline_source: 'push',
    job_id: '302',
    ref: 'main',
    ref_type: 'branch',
    ref_path: 'refs/heads/main',
    ref_protected: 'true',
    groups_direct: ['acme/developers'],
    environment: 'production',
    environment_protected: 'true',
    deployment_tier: 'production',
    runner_id: 1,
    runner_environment: 'self-hosted',
    sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
    project_visibility: 'private',
    ci_config_ref_uri: 'gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/main',
    ci_config_sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  }),
  kubernetes: ({ iss, aud, at }: Issued): Claims => ({
    ...{ iss, aud: [aud].flat(), iat: at, nbf: at, exp: at + 3600, jti: randomUUID() },
    sub: 'system:serviceaccount:payments:api',
    'kubernetes.io': {
      namespace: 'payments',
      node: { name: 'node-1', uid: '646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1' },
      pod: { name: 'api-0', uid: '5e0bd49b-f040-43b0-99b7-22765a53f7f3' },
      serviceaccount: { name: 'api', uid: '14ee3fa4-a7e2-420f-9f9a-dbc4507c3798' },
    },
  }),
  buildkite: ({ iss, aud, at }: Issued): Claims => ({
    ...{ iss, aud, iat: at, nbf: at, exp: at + 300 },
    sub: 'organization:acme:pipeline:api:ref:refs/heads/main:commit:9f3182061f1e2cca4702c368cbc039b7dc9d4485:step:deploy',
    organization_slug: 'acme',
    pipeline_slug: 'api',
    build_number: 1,
    build_branch: 'main',
    build_tag: null,
    build_commit: '9f3182061f1e2cca4702c368cbc039b7dc9d4485',
    step_key: 'deploy',
    job_id: '0184990a-477b-4fa8-9968-496074483cee',
    agent_id: '0184990a-4782-42b5-afc1-16715b10b8ff',
    build_source: 'ui',
    runner_environment: 'buildkite-hosted',
  }),
  circleci: ({ iss, aud, at }: Issued): Claims => ({
    ...{ iss, aud, iat: at, exp: at + 3600 },
    sub: 'org/7a0d3b0c-0001/project/4a2d3b0c-0002/user/9a1d3b0c-0003',
    'oidc.circleci.com/project-id': '4a2d3b0c-0002',
    'oidc.circleci.com/context-ids': ['c1d3b0c0-0004'],
    'oidc.circleci.com/vcs-origin': 'github.com/acme/api',
    'oidc.circleci.com/vcs-ref': 'refs/heads/main',
    'oidc.circleci.com/ssh-rerun': false,
  }),
  terraform: ({ iss, aud, at }: Issued): Claims => ({
    ...{ jti: randomUUID(), iss, aud, iat: at, nbf: at, exp: at + 7200 },
    sub: 'organization:acme:project:Default Project:workspace:api:run_phase:apply',
    terraform_organization_id: 'org-0000000000000001',
    terraform_organization_name: 'acme',
    terraform_project_id: 'prj-0000000000000002',
    terraform_project_name: 'Default Project',
    terraform_workspace_id: 'ws-0000000000000003',
    terraform_workspace_name: 'api',
    terraform_full_workspace: 'organization:acme:project:Default Project:workspace:api',
    terraform_run_id: 'run-0000000000000004',
    terraform_run_phase: 'apply',
  }),
  bitbucket: ({ iss, aud, at }: Issued): Claims => ({
    ...{ iss, aud, iat: at, exp: at + 3600 },
    sub: '{aca7d2f6-0001}:{e4b5c3a1-0002}:{d2a1b3c4-0003}',
    repositoryUuid: '{aca7d2f6-0001}',
    deploymentEnvironmentUuid: '{e4b5c3a1-0002}',
    stepUuid: '{d2a1b3c4-0003}',
    pipelineUuid: '{b3c4d5e6-0004}',
    branchName: 'main',
  }),
  /** A JWT-SVID has no `iss`. */
  spiffe: ({ aud, at }: Issued): Claims => ({
    ...{ aud: [aud].flat(), iat: at, exp: at + 300 },
    sub: 'spiffe://prod.acme.example/ns/payments/sa/api',
  }),
} satisfies Record<string, (issued: Issued) => Claims>;
