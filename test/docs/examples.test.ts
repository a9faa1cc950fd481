/** The examples for workloads: they parse, and fit each other and the bridge. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { ROUTES } from '../../src/app.ts';
import { blocksOf } from './pages.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const AUDIENCE = 'https://aws.example.com';

const read = (path: string): string => readFileSync(new URL(path, EXAMPLES), 'utf8');
// biome-ignore lint/suspicious/noExplicitAny: documents of other products
const yaml = (path: string): any => parse(read(path));
/** The documents of a manifest by their kinds. */
// biome-ignore lint/suspicious/noExplicitAny: documents of other products
const manifest = (path: string): Record<string, any> =>
  Object.fromEntries(
    parseAllDocuments(read(path)).map(document => {
      assert.deepEqual(document.errors, []);
      const content = document.toJS() as { readonly kind: string };
      return [content.kind, content];
    }),
  );

/** What the README of an example gives, by its rule: `prod/Deploy`. */
function givenIn(readme: string): { readonly audience: string; readonly roles: readonly string[] } {
  const [block] = blocksOf(read(readme)).filter(({ info }) => info === 'yaml rolebridge');
  const [entry] = (
    parse(block!.text) as {
      workloads: { audience: string; access: { accounts: string[]; roles: string[] }[] }[];
    }
  ).workloads;
  const roles = entry!.access.flatMap(rule =>
    rule.accounts.flatMap(account => rule.roles.map(role => `${account}/${role}`)),
  );
  return { audience: entry!.audience, roles };
}

/** The role in the address of container credentials; the address must be one of the bridge. */
function roleIn(address: string): string {
  const { origin, pathname } = new URL(address);
  assert.equal(origin, AUDIENCE);
  const [route] = ROUTES.filter(({ path }) => path.includes('container-credentials'));
  const prefix = '/api/v1/container-credentials/';
  assert.ok(route!.path.startsWith(prefix), route!.path);
  assert.ok(pathname.startsWith(prefix), pathname);
  return pathname.slice(prefix.length);
}

describe('examples/github-action', () => {
  const action = yaml('github-action/action.yml');
  const script = read('github-action/credentials.sh');

  it('passes every input to the script as a variable', () => {
    const [step] = action.runs.steps;
    const inputs = Object.keys(action.inputs);
    assert.deepEqual(
      step.env,
      Object.fromEntries(
        inputs.map(name => [`ROLEBRIDGE_${name.toUpperCase()}`, `\${{ inputs.${name} }}`]),
      ),
    );
    for (const name of Object.keys(step.env)) assert.ok(script.includes(name), name);
    assert.doesNotMatch(step.run, /\$\{\{/, 'an input in the text of a script could be a command');
    const [, file] = /\$GITHUB_ACTION_PATH\/([\w.-]+)/.exec(step.run)!;
    assert.ok(existsSync(new URL(`github-action/${file}`, EXAMPLES)));
  });

  it('has the outputs that the script writes', () => {
    const written = [...script.matchAll(/printf '([a-z-]+)=%s\\n'/g)].map(([, name]) => name!);
    assert.deepEqual(written.sort(), Object.keys(action.outputs).sort());
  });

  it('is used by a workflow with its inputs and the permission that it needs', () => {
    const { jobs, permissions } = yaml('github-action/deploy.yml');
    const step = jobs.deploy.steps.find(({ with: inputs }: { with?: object }) => inputs);
    assert.deepEqual(permissions, {});
    assert.equal(jobs.deploy.permissions['id-token'], 'write');
    assert.ok(Object.keys(step.with).every(name => Object.hasOwn(action.inputs, name)));
    const { audience, roles } = givenIn('github-action/README.md');
    assert.deepEqual([step.with.server, [step.with.role]], [audience, roles]);
  });

  const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
  it('has a script without a finding of shellcheck', { skip: !hasShellcheck }, () => {
    const path = new URL('github-action/credentials.sh', EXAMPLES).pathname;
    const { status, stdout } = spawnSync('shellcheck', [path], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
});

describe('examples/gitlab-ci', () => {
  it('has jobs whose tokens are for the bridge, and a role that the README gives', () => {
    const jobs = yaml('gitlab-ci/.gitlab-ci.yml');
    const { audience, roles } = givenIn('gitlab-ci/README.md');
    assert.deepEqual(jobs.deploy.id_tokens, {
      AWS_CONTAINER_AUTHORIZATION_TOKEN: { aud: audience },
    });
    assert.deepEqual([roleIn(jobs.deploy.variables.AWS_CONTAINER_CREDENTIALS_FULL_URI)], roles);
    const withClient = jobs['deploy-with-client'];
    assert.deepEqual(withClient.id_tokens, { ROLEBRIDGE_ID_TOKEN: { aud: audience } });
    assert.equal(withClient.variables.ROLEBRIDGE_SERVER, AUDIENCE);
    assert.ok(withClient.script[0].startsWith(`rolebridge workload exec ${roles[0]} -- `));
  });
});

describe('examples/kubernetes-workload', () => {
  const { Deployment, ServiceAccount } = manifest('kubernetes-workload/deployment.yaml');
  const pod = Deployment.spec.template.spec;
  const [container] = pod.containers;
  const variables = Object.fromEntries(
    container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  ) as Record<string, string>;

  it('mounts a token for the bridge where SDK and client read it', () => {
    const [volume] = pod.volumes;
    const [mount] = container.volumeMounts;
    const { serviceAccountToken } = volume.projected.sources[0];
    assert.equal(mount.name, volume.name);
    const file = `${mount.mountPath}/${serviceAccountToken.path}`;
    assert.equal(variables.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, file);
    const platforms = readFileSync(new URL('../src/cli/workload/platforms.ts', EXAMPLES), 'utf8');
    assert.ok(platforms.includes(`'${file}'`), file);
    assert.equal(serviceAccountToken.audience, AUDIENCE);
    assert.ok(serviceAccountToken.expirationSeconds >= 600);
    assert.equal(pod.automountServiceAccountToken, false);
  });

  it('asks for the role that the README gives to its service account', () => {
    const { audience, roles } = givenIn('kubernetes-workload/README.md');
    assert.equal(audience, AUDIENCE);
    assert.deepEqual([roleIn(variables.AWS_CONTAINER_CREDENTIALS_FULL_URI!)], roles);
    const { name, namespace } = ServiceAccount.metadata;
    assert.equal(pod.serviceAccountName, name);
    assert.equal(Deployment.metadata.namespace, namespace);
    const subject = `system:serviceaccount:${namespace}:${name}`;
    assert.ok(read('kubernetes-workload/README.md').includes(`{ sub: "${subject}" }`), subject);
  });
});
