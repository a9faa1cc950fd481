/**
 * `aws sso` of the real AWS CLI, unmodified, against the demo world, with real Chromium for the
 * person.
 *
 * Run by aws-sso.wire.ts in a network namespace of its own: the CLI waits for its callback on every
 * address of the machine.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { awsConfig, renderSections } from '../../src/core/aws-config.ts';
import { enterPassword, signIn, useBrowser } from '../support/browser.ts';
import { viewerOf } from '../support/cli-login.ts';
import { useDirectory } from '../support/directory.ts';
import { useWorld } from '../support/world.ts';

const AWS = process.env.AWS_CLI!;
const run = promisify(execFile);
const ROLES = [
  { account: { id: '111122223333', name: 'prod', region: 'eu-west-1' }, role: 'Admin' },
  { account: { id: '222233334444', name: 'staging', region: 'eu-west-1' }, role: 'Developer' },
];

describe('aws sso', () => {
  const world = useWorld({
    clock: 'running',
    configure: yaml => `${yaml}\ncli: { deviceGrant: { interval: 1s } }\n`,
  });
  const browser = useBrowser();
  const home = useDirectory();
  before(() => {
    mkdirSync(home.file('.aws'));
    const config = awsConfig('sso-session', {
      baseUrl: world.urls.bridge,
      ssoRegion: 'us-east-1',
      roles: ROLES,
    });
    writeFileSync(home.file('.aws/config'), renderSections(config));
  });

  const env = (): NodeJS.ProcessEnv => ({
    PATH: process.env.PATH,
    HOME: home.path,
    AWS_PAGER: '',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    AWS_ENDPOINT_URL_STS: world.urls.aws,
    PYTHONUNBUFFERED: '1',
  });
  const aws = async (...args: string[]) =>
    (await run(AWS, args, { env: env(), timeout: 60_000 })).stdout;
  const refused = async (...args: string[]) =>
    run(AWS, args, { env: env(), timeout: 60_000 }).then(
      () => assert.fail('it was not refused'),
      (fault: { code: number; stderr: string }) => fault,
    );

  /** A login: `person` is given what the terminal says, as soon as the pattern is there. */
  const logIn = async (
    args: readonly string[],
    pattern: RegExp,
    person: (found: RegExpExecArray) => Promise<void>,
  ): Promise<string> => {
    const child = spawn(AWS, ['sso', 'login', '--profile', 'prod-Admin', ...args], {
      env: env(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    let acting: Promise<void> | undefined;
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const found = pattern.exec(said);
      if (found !== null) acting ??= person(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const code = await new Promise<number | null>(resolve => child.once('close', resolve));
    await acting;
    assert.equal(code, 0, said);
    return said;
  };
  const confirm = async (page: Page, heading: string | RegExp): Promise<void> => {
    await page.getByRole('button', { name: 'Yes, sign this terminal in' }).click();
    await page.getByRole('heading', { name: heading }).waitFor();
  };

  it('logs in with PKCE in a browser on the same machine', async () => {
    await browser.visit(async page => {
      // The CLI answers one request and is gone; Chromium would like an icon, too.
      await page.route(/:\d+\/favicon\.ico$/, route => route.fulfill({ status: 204 }));
      const said = await logIn(
        ['--no-browser'],
        /(http:\/\/\S+\/authorize\?\S+)/,
        async ([, address]) => {
          await page.goto(address!);
          await signIn(page, 'alice', 'saml');
          assert.match(
            (await page.locator('main').textContent())!,
            /botocore-client-127\.0\.0\.1-\d+/,
          );
          await page.getByRole('button', { name: 'Yes, sign this terminal in' }).click();
          await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback/);
        },
      );
      assert.match(said, /Successfully logged into Start URL/);
    });
  });

  it('steps up in the middle of its work: refusal, address, button, the same command', async () => {
    await aws('sso', 'logout', '--profile', 'prod-Admin');
    const command = ['sts', 'get-caller-identity', '--profile', 'prod-Admin', '--query', 'Arn'];
    await browser.visit(async page => {
      await page.route(/:\d+\/favicon\.ico$/, route => route.fulfill({ status: 204 }));
      await logIn(['--no-browser'], /(http:\/\/\S+\/authorize\?\S+)/, async ([, address]) => {
        await page.goto(address!);
        await page.locator('a[href^="/sign-in/corp-oidc"]').click();
        await page.locator('input[type=checkbox]').uncheck();
        await enterPassword(page, 'alice');
        await page.getByRole('button', { name: 'Yes, sign this terminal in' }).click();
        await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback/);
      });
      const { stderr } = await refused(...command);
      const [address] = /http:\S+\/step-up\S+/.exec(stderr) ?? assert.fail(stderr);
      await page.goto(address);
      await page.getByRole('button', { name: 'Continue' }).click();
      await enterPassword(page, 'alice');
      await page.getByRole('heading', { name: 'Your terminal is verified' }).waitFor();
    });
    assert.match(await aws(...command), /assumed-role\/Admin\/alice-/);
  });

  it('gets the caller identity of the role of the profile', async () => {
    assert.match(
      await aws(
        'sts',
        'get-caller-identity',
        '--profile',
        'prod-Admin',
        '--query',
        'Arn',
        '--output',
        'text',
      ),
      /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-/,
    );
    assert.match(
      await aws(
        'sts',
        'get-caller-identity',
        '--profile',
        'staging-Developer',
        '--query',
        'Arn',
        '--output',
        'text',
      ),
      /^arn:aws:sts::222233334444:assumed-role\/Developer\/alice-/,
    );
  });

  const accessToken = (): string => {
    const cache = home.file('.aws/sso/cache');
    const tokens = readdirSync(cache).map(
      name => JSON.parse(readFileSync(join(cache, name), 'utf8')) as { accessToken?: string },
    );
    return tokens.find(token => token.accessToken !== undefined)!.accessToken!;
  };

  it('lists accounts and roles', async () => {
    const accounts = JSON.parse(
      await aws(
        'sso',
        'list-accounts',
        '--profile',
        'prod-Admin',
        '--access-token',
        accessToken(),
        '--page-size',
        '2',
      ),
    ) as { accountList: { accountName: string }[] };
    assert.deepEqual(
      accounts.accountList.map(({ accountName }) => accountName),
      ['gov', 'partner', 'prod', 'staging'],
    );

    const roles = JSON.parse(
      await aws(
        'sso',
        'list-account-roles',
        '--profile',
        'prod-Admin',
        '--access-token',
        accessToken(),
        '--account-id',
        '111122223333',
      ),
    ) as { roleList: { roleName: string }[] };
    assert.deepEqual(
      roles.roleList.map(({ roleName }) => roleName),
      ['Admin', 'Developer', 'Operator', 'ReadOnly'],
    );
  });

  it('shows why a role is denied, and where to ask', async () => {
    const { stderr } = await refused(
      'sso',
      'get-role-credentials',
      '--profile',
      'prod-Admin',
      '--access-token',
      accessToken(),
      '--account-id',
      '111122223333',
      '--role-name',
      'Owner',
    );

    assert.match(stderr, /ForbiddenException/);
    assert.match(
      stderr,
      /You do not have this role\. by-group-name: Gives the role to the group aws-prod-Owner, and you are not in it\. .*Ask the platform team in #aws-access\./,
    );
  });

  it('renews an expired access token silently', async () => {
    const cache = home.file('.aws/sso/cache');
    const before = accessToken();
    // As if the hour were nearly over, for the CLI: it renews then.
    for (const name of readdirSync(cache)) {
      const token = JSON.parse(readFileSync(join(cache, name), 'utf8')) as {
        accessToken?: string;
        expiresAt: string;
      };
      if (token.accessToken === undefined) continue;
      writeFileSync(
        join(cache, name),
        JSON.stringify({
          ...token,
          expiresAt: new Date(Date.now() + 60_000).toISOString().replace(/\.\d+Z$/, 'Z'),
        }),
      );
    }
    rmSync(home.file('.aws/cli'), { recursive: true, force: true });

    assert.match(
      await aws(
        'sts',
        'get-caller-identity',
        '--profile',
        'prod-Admin',
        '--query',
        'Arn',
        '--output',
        'text',
      ),
      /Admin/,
    );
    assert.notEqual(accessToken(), before);
  });

  it('ends the session of the bridge at logout', async () => {
    const token = accessToken();
    await aws('sso', 'logout', '--profile', 'prod-Admin');
    const response = await fetch(`${world.urls.bridge}/assignment/accounts`, {
      headers: { 'x-amz-sso_bearer_token': token },
    });
    assert.equal(response.status, 401);
    const { stderr } = await refused('sts', 'get-caller-identity', '--profile', 'prod-Admin');
    assert.match(stderr, /Error loading SSO Token/);
  });

  it('logs in with a device code that is confirmed in another browser', async () => {
    await browser.visit(async page => {
      const said = await logIn(
        ['--no-browser', '--use-device-code'],
        /\b([B-Z]{4}-[B-Z]{4})\b/,
        async ([code]) => {
          await page.goto(`${world.urls.bridge}/device`);
          await signIn(page, 'bob', 'oidc');
          await page.getByLabel('Code').fill(code);
          await page.getByRole('button', { name: 'Continue' }).click();
          await confirm(page, 'Your terminal is signed in');
        },
      );
      assert.match(said, /Successfully logged into Start URL/);
    });
    assert.match(
      await aws(
        'sts',
        'get-caller-identity',
        '--profile',
        'staging-Developer',
        '--query',
        'Arn',
        '--output',
        'text',
      ),
      /\/bob-/,
    );

    const { stderr } = await refused('sts', 'get-caller-identity', '--profile', 'prod-Admin');
    assert.match(stderr, /You do not have this role/);
  });

  it('says how to replace an unknown registration, and that works', async () => {
    const cache = home.file('.aws/sso/cache');
    for (const name of readdirSync(cache)) {
      const kept = JSON.parse(readFileSync(join(cache, name), 'utf8')) as { clientId?: string };
      // As under the key that the bridge had before.
      if (kept.clientId !== undefined)
        writeFileSync(
          join(cache, name),
          JSON.stringify({
            ...kept,
            clientId: kept.clientId.replace(/\.[^.]*$/, `.${'A'.repeat(43)}`),
          }),
        );
    }
    const args = ['sso', 'login', '--profile', 'prod-Admin', '--no-browser', '--use-device-code'];

    const { stderr } = await refused(...args);
    assert.match(
      stderr,
      /InvalidClientException.*Unknown client\. .*remove the files in ~\/\.aws\/sso\/cache, then log in again/s,
    );

    rmSync(cache, { recursive: true });
    await browser.visit(async page => {
      await logIn(
        ['--no-browser', '--use-device-code'],
        /\b([B-Z]{4}-[B-Z]{4})\b/,
        async ([code]) => {
          await page.goto(`${world.urls.bridge}/device`);
          await signIn(page, 'bob', 'oidc');
          await page.getByLabel('Code').fill(code);
          await page.getByRole('button', { name: 'Continue' }).click();
          await confirm(page, 'Your terminal is signed in');
        },
      );
    });
  });

  it('is signed out when the user signs out everywhere', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    await world.bridge.mySessions.endAll(await viewerOf(world, visitor));
    rmSync(home.file('.aws/cli'), { recursive: true, force: true });

    const { stderr } = await refused(
      'sts',
      'get-caller-identity',
      '--profile',
      'staging-Developer',
    );

    assert.match(stderr, /expired or is otherwise invalid/);
  });
});
