/** An account with its own STS: credentials, and no console on any way to one. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { callApi, loginByCode } from '../support/cli-login.ts';
import { button, credentialsOn } from '../support/handout.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { useWorld } from '../support/world.ts';

const STAGING = '222233334444';
const AUDIENCE = 'store';

interface ListedRole {
  readonly account: { readonly name: string; readonly sts_endpoint: string | null };
}

describe('an account with its own STS', () => {
  const world = useWorld({
    aws: aws => JSON.parse(JSON.stringify(aws).replaceAll('sts.amazonaws.com', AUDIENCE)),
    configure: (yaml, { aws }) => {
      const file = parse(yaml);
      const staging = file.accounts.find(({ name }: { name: string }) => name === 'staging');
      staging.endpoints = { sts: `${aws}/`, audience: AUDIENCE };
      // It is asked at its own address, wherever AWS is.
      file.aws.endpoints.sts = 'http://127.0.0.1:9';
      return stringify(file);
    },
  });
  let bob: Visitor;
  before(async () => {
    ({ visitor: bob } = await world.signIn('bob', 'oidc'));
  });

  const at = (path: string): string => `${world.urls.bridge}${path}`;
  const refusesConsole = (page: Page): void => {
    assert.equal(page.status, 400);
    assert.match(page.text, /This account has no AWS console/);
    assert.match(page.text, /Get credentials for the role instead/);
  };

  it('has a button for credentials, and none for the console', async () => {
    const { $, text } = await bob.get(at('/'));
    assert.equal($(button('Credentials', 'staging', 'Developer')).length, 1);
    assert.equal($(button('Console', 'staging', 'Developer')).length, 0);
    assert.equal($(button('Console', 'prod', 'Developer')).length, 1);
    assert.ok(text.includes(`STS at ${new URL(world.urls.aws).host}`));
  });

  it('gives credentials, and names the service that they are for', async () => {
    const shown = await bob.submit(
      await bob.get(at('/')),
      button('Credentials', 'staging', 'Developer'),
    );
    assert.equal(shown.status, 200);
    assert.match(credentialsOn(shown).accessKeyId, /^ASIA/);
    assert.match(shown.text, /not for AWS.*AWS_ENDPOINT_URL/);
    assert.ok(shown.text.includes(world.urls.aws));
  });

  it('rejects a console link', async () => {
    refusesConsole(await bob.get(at('/console?account=staging&role=Developer')));
  });

  it('rejects an address of the AWS console that names it', async () => {
    const to = `https://${STAGING}-abcd1234.eu-west-1.console.aws.amazon.com/lambda/home`;
    refusesConsole(await bob.get(at(`/go?${new URLSearchParams({ to })}`)));
  });

  it('is not offered for an address of the console that names no account', async () => {
    const to = 'https://eu-west-1.console.aws.amazon.com/lambda/home?region=eu-west-1';
    const page = await bob.get(at(`/go?${new URLSearchParams({ to })}`));
    assert.doesNotMatch(page.text, /staging/);
  });

  it('does not reveal its STS to a user without the role', async () => {
    const page = await bob.get(at('/console?account=staging&role=Admin'));
    assert.equal(page.status, 403);
    assert.doesNotMatch(page.text, /STS|no AWS console/);
  });

  it('states its STS in the API', async () => {
    const { accessToken } = await loginByCode(world, bob);
    const call = (path: string, body?: object) =>
      callApi(world, accessToken, { path, ...(body && { method: 'POST', body }) });
    const { roles } = (await call('/roles')).json as { roles: readonly ListedRole[] };
    const endpoints = Object.fromEntries(
      roles.map(({ account }) => [account.name, account.sts_endpoint]),
    );
    assert.deepEqual(endpoints, { prod: null, staging: `${world.urls.aws}/` });
    const asked = { account: 'staging', role: 'Developer' };
    const link = await call('/console-link', asked);
    assert.deepEqual([link.status, link.json.code], [400, 'console_missing']);
    assert.equal((await call('/credentials', asked)).status, 200);
  });
});
