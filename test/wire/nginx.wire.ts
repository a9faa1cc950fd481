/**
 * The proxy as docs/deploy.md sets it up, by a real nginx: what AWS tools send gets through.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ListAccountsCommand } from '@aws-sdk/client-sso';
import { openAddressSection } from '../../src/compose/doctor-address.ts';
import { awsTools } from '../support/aws-tools.ts';
import { freePort } from '../support/free-port.ts';
import { missingPackage } from '../support/missing-package.ts';
import { certificateForLoopback } from '../support/tls-proxy.ts';
import { worldFor } from '../support/world.ts';

const NGINX = '/usr/sbin/nginx';
const PAGE = new URL('../../docs/deploy.md', import.meta.url);
const skip = missingPackage(NGINX, 'nginx');
const DAYS_90 = 90 * 24;

interface Nginx {
  readonly url: string;
  readonly certificatePem: string;
  close(): Promise<void>;
}

/**
 * nginx with the server block of the page in front of `upstream`, over TLS with HTTP/2. `change`
 * gets the block as the page has it.
 */
async function startNginx(
  upstream: string,
  change = (block: string): string => block,
): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-nginx-'));
  // Its workers are another user where it is started by root.
  chmodSync(directory, 0o755);
  const port = await freePort();
  const { key, certificatePem } = certificateForLoopback({ hours: DAYS_90 });
  writeFileSync(join(directory, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(join(directory, 'certificate.pem'), certificatePem);
  const [, block] = /```nginx\n([\s\S]*?)```/.exec(readFileSync(PAGE, 'utf8'))!;
  const server = change(block!)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl http2;`)
    .replace(/ssl_certificate .*;/, `ssl_certificate ${directory}/certificate.pem;`)
    .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${directory}/key.pem;`)
    .replaceAll('http://127.0.0.1:3000', upstream);
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
  while (!(await listens(port))) {
    assert.equal(nginx.exitCode, null, 'nginx takes the configuration of the page');
    await pause(20);
  }
  return {
    url: `https://127.0.0.1:${port}`,
    certificatePem,
    close: async () => {
      nginx.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Whether something accepts connections: what is behind nginx does not answer yet. */
function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

it('AWS tools reach the bridge through the documented proxy, with their token', {
  skip,
}, async t => {
  const world = await worldFor(t);
  const { visitor } = await world.signIn('alice', 'saml');
  const direct = awsTools(world);
  t.after(() => direct.close());
  const { accessToken } = (await direct.logIn(visitor)).tokens;
  const plain = (block: string): string =>
    block
      .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
      .replaceAll(/^.*ssl_cert.*\n/gm, '');
  const port = await freePort();
  const nginx = await startNginx(world.urls.bridge, block => `${block}\n${plain(block)}`);
  t.after(() => nginx.close());
  const bridge = `http://127.0.0.1:${port}`;
  const through = awsTools({ ...world, urls: { ...world.urls, bridge } });
  t.after(() => through.close());

  const { accountList } = await through.portal.send(new ListAccountsCommand({ accessToken }));

  assert.equal(accountList?.length, 4);
});

describe('doctor, through nginx over HTTP/1.1 and HTTP/2', { skip }, () => {
  const without =
    (...lines: readonly RegExp[]) =>
    (block: string): string =>
      lines.reduce((text, line) => text.replaceAll(line, ''), block);
  const cases: readonly (readonly [
    title: string,
    change: ((block: string) => string) | undefined,
    ids: readonly string[],
  ])[] = [
    ['finds nothing with the configuration of the page', undefined, ['address.ok']],
    [
      'names dropped underscores',
      without(/underscores_in_headers on;/g),
      ['address.token-header-dropped'],
    ],
    [
      'names small buffers for answers',
      without(/proxy_buffers? [^;]*;/g, /proxy_buffer_size [^;]*;/g),
      ['address.location-refused'],
    ],
    [
      'names small buffers for request lines',
      without(/large_client_header_buffers [^;]*;/g),
      ['address.long-request-refused'],
    ],
    [
      'names a small limit of bodies',
      block => block.replace('client_max_body_size 256k', 'client_max_body_size 64k'),
      ['address.body-refused'],
    ],
    [
      'names forwarded headers that are missing',
      without(/proxy_set_header X-Forwarded-For [^;]*;/g),
      ['address.forwarded-for-missing', 'address.forged-address'],
    ],
    [
      'notes that it runs on the host of a proxy that appends',
      block =>
        block.replace('X-Forwarded-For $remote_addr', 'X-Forwarded-For $proxy_add_x_forwarded_for'),
      ['address.forged-from-here'],
    ],
  ];
  for (const [title, change, ids] of cases) {
    it(title, async t => {
      let nginx!: Nginx;
      const world = await worldFor(t, {
        proxy: async upstream => {
          nginx = await startNginx(upstream, change);
          return nginx;
        },
        configure: yaml => `${yaml}\nproxy: { trusted: [127.0.0.1/32] }\n`,
      });
      const accounts = world.bridge.configuration.accounts.filter(
        ({ trust }) => trust.by === 'saml',
      );
      const configuration = { ...world.bridge.configuration, accounts };
      const found: string[] = [];

      const section = openAddressSection(configuration, world.clock, {
        ca: [nginx.certificatePem],
      });
      const scope = { connectors: [], accounts: [], roles: [] };
      const examination = {
        configuration,
        configFile: 'rolebridge.yaml',
        scope,
        clock: world.clock,
      };
      for await (const { id } of section.examine({ ...examination, progress: () => {} }))
        found.push(id);

      assert.deepEqual(found, ids);
    });
  }
});
