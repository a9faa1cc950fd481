/**
 * The proxy as docs/deploy.md sets it up, by a real nginx: what AWS tools send gets through.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ListAccountsCommand } from '@aws-sdk/client-sso';
import { awsTools } from '../support/aws-tools.ts';
import { freePort } from '../support/free-port.ts';
import { missingPackage } from '../support/missing-package.ts';
import { worldFor } from '../support/world.ts';

const NGINX = '/usr/sbin/nginx';
const PAGE = new URL('../../docs/deploy.md', import.meta.url);

/** nginx with the server block of the page, without its certificate, in front of `upstream`. */
async function startNginx(t: TestContext, upstream: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-nginx-'));
  const port = await freePort();
  const [, block] = /```nginx\n([\s\S]*?)```/.exec(readFileSync(PAGE, 'utf8'))!;
  const server = block!
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replaceAll(/^.*ssl_certificate.*\n/gm, '')
    .replace('http://127.0.0.1:3000', upstream);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${directory}/${name};`)
    .join(' ');
  const file = join(directory, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; pid ${directory}/pid; error_log ${directory}/log; events {}\nhttp { access_log off; ${temporary}\n${server}}\n`,
  );
  const nginx = spawn(NGINX, ['-e', `${directory}/log`, '-c', file], { stdio: 'ignore' });
  const ended = once(nginx, 'exit');
  t.after(async () => {
    nginx.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const isUp = () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) {
    assert.equal(nginx.exitCode, null, 'nginx takes the configuration of the page');
    await pause(20);
  }
  return url;
}

it('AWS tools reach the bridge through the documented proxy, with their token', {
  skip: missingPackage(NGINX, 'nginx'),
}, async t => {
  const world = await worldFor(t);
  const { visitor } = await world.signIn('alice', 'saml');
  const direct = awsTools(world);
  t.after(() => direct.close());
  const { accessToken } = (await direct.logIn(visitor)).tokens;
  const through = awsTools({
    ...world,
    urls: { ...world.urls, bridge: await startNginx(t, world.urls.bridge) },
  });
  t.after(() => through.close());

  const { accountList } = await through.portal.send(new ListAccountsCommand({ accessToken }));

  assert.equal(accountList?.length, 4);
});
