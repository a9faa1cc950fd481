import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkConfiguration } from '../../src/config/load.ts';
import { DemoFault, startDemo } from '../../src/dev/demo.ts';
import { createDemoCluster } from '../../src/dev/demo-cluster.ts';
import { demoConfig, demoSecrets } from '../../src/dev/demo-config.ts';
import { DEMO_ACCOUNTS, demoWorld } from '../../src/dev/demo-world.ts';
import { parseWorld } from '../../src/dev/local-aws/world.ts';
import { useDirectory } from '../support/directory.ts';
import { formOf, newVisitor } from './visitor.ts';

const MAIN = fileURLToPath(new URL('../../src/dev/main.ts', import.meta.url));
const URLS = {
  bridgeUrl: 'http://127.0.0.1:3000',
  oidcUrl: 'http://127.0.0.1:3001',
  samlUrl: 'http://127.0.0.1:3002',
  awsUrl: 'http://127.0.0.1:3003',
  inboxUrl: 'http://127.0.0.1:3003/inbox',
  photosUrl: 'http://127.0.0.1:3004',
};

describe('the demo', () => {
  const directory = useDirectory();

  it('has a configuration without a problem or a warning, whose accounts and roles its AWS knows', async () => {
    const files = {
      'rolebridge.yaml': demoConfig({
        ...URLS,
        clusterKeys: directory.file('cluster.jwks.json'),
        directory: directory.path,
      }),
      'cluster.jwks.json': createDemoCluster(URLS.bridgeUrl).keySet,
      ...demoSecrets('a-secret', `whsec_${Buffer.alloc(32).toString('base64')}`),
    };
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(directory.file(name)), { recursive: true });
      await writeFile(directory.file(name), text, { mode: 0o600 });
    }

    const { configuration, problems, warnings } = await checkConfiguration(
      directory.file('rolebridge.yaml'),
      { secrets: 'all', env: {} },
    );
    assert.deepEqual([...problems, ...warnings], []);

    const { roles } = parseWorld(demoWorld(URLS));
    const { access, workloadRules } = configuration!;
    const granted = [...access, ...workloadRules].flatMap(rule =>
      (rule.accounts ?? []).flatMap(id => {
        const { partition } = configuration!.accounts.find(account => account.id === id)!;
        return rule.roles.map(role => `arn:${partition}:iam::${id}:role/${role}`);
      }),
    );
    assert.equal(granted.length, 10);
    assert.deepEqual(
      granted.filter(arn => !roles.has(arn)),
      [],
    );
    assert.ok(
      roles.has(`arn:aws:iam::${DEMO_ACCOUNTS.staging.id}:role/ReadOnly`),
      'the role that a group names',
    );
  });

  it('rejects a port in use, whichever of its five it is, and says how to choose others', async () => {
    const port = await fiveFreePorts();
    for (const offset of [0, 1, 3, 4]) {
      const squatter = await listenOn(port + offset);
      const taken = new RegExp(
        `^Port ${port + offset} on 127\\.0\\.0\\.1 is taken.*DEMO_PORT=\\d+ npm run demo`,
      );
      await assert.rejects(startDemo({ port, directory: directory.file('taken') }), {
        name: 'DemoFault',
        message: taken,
      });
      await closed(squatter);
    }
  });

  it('exits with a code and one sentence if it cannot start', async () => {
    const squatter = await listenOn(0);
    const { port } = squatter.address() as AddressInfo;
    const outcomes = await Promise.all([
      run({ DEMO_PORT: String(port - 1) }),
      run({ DEMO_PORT: '3e3' }),
      run({ DEMO_PORT: '65532' }),
    ]);

    await closed(squatter);

    for (const { code, stderr } of outcomes) {
      assert.equal(code, 1);
      assert.match(stderr, /DEMO_PORT/);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
  });

  it('reports why the bridge does not start, and leaves nothing running', async () => {
    const port = await fiveFreePorts();
    const broken = directory.file('broken');
    await mkdir(broken);
    await writeFile(join(broken, 'keys'), 'not a directory');
    await assert.rejects(startDemo({ port, directory: broken }), (thrown: unknown) => {
      assert.ok(thrown instanceof DemoFault);
      assert.match(
        thrown.message,
        /^The bridge ended with code [1-9]\d*\. The end of .*bridge\.log:\n\n.*keys/s,
      );
      return true;
    });
    for (const offset of [0, 1, 2, 3, 4]) await closed(await listenOn(port + offset));
  });

  it('stops at once if it is stopped while it starts', async () => {
    const port = await fiveFreePorts();
    const stop = new AbortController();

    const onProgress = (line: string): void => {
      if (line.includes('waiting')) stop.abort(new Error('enough'));
    };
    await assert.rejects(
      startDemo({ port, directory: directory.file('stopped'), onProgress, signal: stop.signal }),
      /enough/,
    );
    for (const offset of [0, 1, 2, 3, 4]) await closed(await listenOn(port + offset));
  });

  it('lists what to try, and ends everything that it started', async () => {
    const port = await fiveFreePorts();
    const child = spawn(process.execPath, [MAIN, '--show-log'], {
      env: { ...process.env, DEMO_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.includes('Ctrl-C') && !child.killed) child.kill('SIGTERM');
    }
    const code = child.exitCode ?? (await new Promise(resolve => child.once('exit', resolve)));

    await rm(fileURLToPath(new URL(`../../.demo/${port}`, import.meta.url)), {
      recursive: true,
      force: true,
    });
    assert.equal(code, 0);

    for (const word of [
      `http://127.0.0.1:${port}/`,
      `:${port + 3}/`,
      `:${port + 3}/inbox`,
      `:${port + 4}/`,
      'elevations/new?account=prod&role=Operator',
      'alice',
      '240 groups',
      'pod/token',
      'bridge.log',
      'info  listening',
    ])
      assert.ok(said.includes(word), word);
    for (const offset of [0, 1, 2, 3, 4]) await closed(await listenOn(port + offset));
  });

  it('serves its application with the AWS SDK in it', async () => {
    const port = await fiveFreePorts();
    const demo = await startDemo({ port, directory: directory.file('photos') });
    try {
      const contentOf = async (path: string): Promise<string> => {
        const response = await fetch(demo.photosUrl + path);
        assert.equal(response.status, 200, path);
        return response.text();
      };
      assert.match(await contentOf('/'), /<script type="module" src="app.js">/);
      assert.match(await contentOf('/app.js'), /ListObjectsV2/);
      assert.equal(JSON.parse(await contentOf('/config.json')).bridge, demo.bridgeUrl);
      assert.equal((await fetch(`${demo.photosUrl}/bridge.js`)).status, 404);
    } finally {
      await demo.stop();
    }
  });

  it('signs users in by either identity provider, and a pod by its token', async () => {
    const port = await fiveFreePorts();
    const running = directory.file('running');
    const demo = await startDemo({ port, directory: running, encryptsAssertions: true });
    try {
      for (const connector of ['corp-oidc', 'corp-saml']) {
        const visitor = newVisitor();
        const begun = await visitor.get(`${demo.bridgeUrl}/sign-in/${connector}`);
        const asked = await visitor.follow(begun.headers.get('location')!);
        const form = formOf(asked);
        const answered = await visitor.post(form.action, {
          ...form.fields,
          username: 'bob',
          password: 'bob',
          second_factor: 'on',
        });
        if (connector === 'corp-saml') {
          const response = formOf(answered).fields.SAMLResponse!;
          assert.match(Buffer.from(response, 'base64').toString(), /<saml:EncryptedAssertion /);
        }
        const landed =
          answered.status === 200
            ? await visitor.post(formOf(answered).action, formOf(answered).fields)
            : await toBridge(answered);
        assert.match(
          landed.headers.get('location') ?? '',
          /^\//,
          `${connector}: ${landed.status} ${landed.text.slice(0, 2000)}`,
        );
        const portal = await visitor.get(`${demo.bridgeUrl}/`);
        assert.match(portal.text, /Developer/);
        assert.doesNotMatch(portal.text, /BridgeHub/);

        async function toBridge(answer: typeof answered) {
          const resumed = await visitor.follow(
            new URL(answer.headers.get('location')!, answer.url).href,
          );
          return visitor.get(resumed.headers.get('location')!);
        }
      }
      const token = await readFile(demo.podToken, 'utf8');
      const given = await fetch(`${demo.bridgeUrl}/api/v1/workload/credentials`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ account: 'staging', role: 'Uploader' }),
      });
      const { assumed_role_arn: arn } = (await given.json()) as { assumed_role_arn?: string };
      assert.match(arn ?? '', /assumed-role\/Uploader\/demo-cluster-[a-z2-7]{16}@workload$/);
    } finally {
      await demo.stop();
    }
    for (const offset of [0, 1, 2, 3, 4]) await closed(await listenOn(port + offset));
  });
});

/** The first of five neighbouring free ports. */
async function fiveFreePorts(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const servers = await Promise.all(
      [0, 1, 2, 3, 4].map(offset => listenOn(first + offset).catch(() => undefined)),
    );
    await Promise.all(servers.map(server => server && closed(server)));
    if (servers.every(Boolean)) return first;
  }
  throw new Error('no five free ports in a row');
}

function listenOn(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise(resolve => server.close(() => resolve()));
}

function run(env: Record<string, string>): Promise<{ code: number | null; stderr: string }> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', chunk => {
      stderr += String(chunk);
    });
    child.once('close', code => resolve({ code, stderr }));
  });
}
