/**
 * How long one thread of requests is held up at most by what anyone may send: junk at the assertion
 * consumer service, genuine answers that were altered, sign-ins that are begun. The bridge is a
 * process of its own and measures its event loop itself.
 */
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Visitor } from '../support/visitor.ts';
import { CONNECTOR, startWorld, type World } from '../support/world.ts';
import { type ServerProcess, startServer } from './load.ts';
import { type Comparison, median } from './stopwatch.ts';

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const ROUNDS = 7;
const JUNK_POSTS = 120;
const BEGINS = 3000;
const CONNECTIONS = 8;
const MORE_GROUPS = 1200;

interface Sent {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly cookie?: string;
}

interface Kind {
  readonly name: string;
  readonly floorName: string;
  /** What is sent in a round, made before it is measured. */
  readonly load: () => Promise<readonly Sent[]>;
}

export async function measureStalls(): Promise<Comparison[]> {
  const world = await startWorld({ clock: 'running' });
  const servers: ServerProcess[] = [];
  try {
    // The bridge moves out of this process, and keeps its address.
    world.servers.bridge.closeAllConnections();
    await new Promise(resolve => world.servers.bridge.close(resolve));
    const monitored = ['--import', script('stall-monitor.ts')];
    const main = [
      script('../../src/main.ts'),
      'serve',
      '--config',
      join(world.directory, 'rolebridge.yaml'),
    ];
    const bridge = await startServer([...monitored, ...main], /"listening"/);
    servers.push(bridge);
    const bare = await startServer([...monitored, script('bare-form.ts')], /\n/);
    servers.push(bare);
    const results: Comparison[] = [];
    for (const kind of kinds(world))
      results.push(await measure(kind, { bridge, bridgeUrl: world.urls.bridge, bare }));
    return results;
  } finally {
    for (const server of servers) await server.end();
    await world.close();
  }
}

function kinds(world: World): readonly Kind[] {
  const acs = `/saml/${CONNECTOR.saml}/acs`;
  return [
    {
      name: `longest stall: ${JUNK_POSTS} junk posts of 100 kB at the assertion consumer service`,
      floorName: 'the longest stall of an express route that reads the same forms',
      load: async () =>
        Array.from({ length: JUNK_POSTS }, (_, index) => ({
          method: 'POST',
          path: acs,
          cookie: `rolebridge-attempt=${String(index).padStart(43, 'A')}`,
          body: new URLSearchParams({
            SAMLResponse: 'QUJD'.repeat(25_000),
            RelayState: 'x'.repeat(43),
            reposted: '1',
          }).toString(),
        })),
    },
    {
      name: 'longest stall: a genuine answer, altered and sent again',
      floorName: 'the longest stall of an express route that reads the same form',
      load: async () => [await alteredAnswer(world, acs)],
    },
    {
      name: `longest stall: ${BEGINS} sign-ins by SAML begun, by 100 addresses`,
      floorName: 'the longest stall of an express route that redirects as often',
      load: async () =>
        Array.from({ length: BEGINS }, () => ({
          method: 'GET',
          path: `/sign-in/${CONNECTOR.saml}`,
        })),
    },
  ];
}

async function measure(
  { name, floorName, load }: Kind,
  { bridge, bridgeUrl, bare }: { bridge: ServerProcess; bridgeUrl: string; bare: ServerProcess },
): Promise<Comparison> {
  const rounds: { ours: number; floor: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const sent = await load();
    const stall = async (server: ServerProcess, origin: string): Promise<number> => {
      await server.longestStall();
      await sendAll(origin, sent, round);
      return server.longestStall();
    };
    const [ours, floor] = [await stall(bridge, bridgeUrl), await stall(bare, bare.said.trim())];
    // The first one is for the compilers.
    if (round > 0) rounds.push({ ours, floor });
  }
  const worst = Math.max(...rounds.map(({ ours }) => ours));
  return {
    name,
    floorName,
    milliseconds: median(rounds.map(({ ours }) => ours)),
    floorMilliseconds: median(rounds.map(({ floor }) => floor)),
    ratio: median(rounds.map(({ ours, floor }) => ours / floor)),
    note: `${worst.toFixed(1)} ms in the worst of ${ROUNDS} rounds`,
  };
}

/** The genuine answer to an attempt of its own, with groups that its signer never said. */
async function alteredAnswer(world: World, acs: string): Promise<Sent> {
  const visitor = new Visitor();
  const login = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.saml}`);
  const page = await visitor.submit(login, 'form', { username: 'dave', password: 'dave' });
  const field = (name: string): string => page.$(`input[name=${name}]`).attr('value')!;
  const xml = Buffer.from(field('SAMLResponse'), 'base64').toString();
  const value = /<saml:AttributeValue[^>]*>[^<]*<\/saml:AttributeValue>/.exec(xml)![0];
  const altered = Buffer.from(
    xml.replace(
      value,
      value.repeat(Math.min(MORE_GROUPS, Math.floor((70_000 - xml.length) / value.length))),
    ),
  );
  return {
    method: 'POST',
    path: acs,
    cookie: `rolebridge-attempt=${visitor.cookie(world.urls.bridge, 'rolebridge-attempt')}`,
    body: new URLSearchParams({
      SAMLResponse: altered.toString('base64'),
      RelayState: field('RelayState'),
    }).toString(),
  };
}

/**
 * Spread over as many addresses of loopback as there are connections, others in each round: what
 * one address may do is limited.
 */
async function sendAll(origin: string, all: readonly Sent[], round: number): Promise<void> {
  const left = all.map((sent, index) => ({ sent, index }));
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        await send(origin, next.sent, {
          agent,
          localAddress: `127.3.${round}.${1 + (next.index % 100)}`,
        });
      }
      agent.destroy();
    }),
  );
}

function send(
  origin: string,
  { method, path, body, cookie }: Sent,
  options: { agent: Agent; localAddress: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(cookie !== undefined && { cookie }),
      ...(body !== undefined && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': body.length,
      }),
    };
    const sent = request(new URL(path, origin), { ...options, method, headers }, response => {
      if (response.statusCode! >= 500) reject(new Error(`HTTP ${response.statusCode}`));
      response.resume().once('end', resolve);
    });
    sent.once('error', reject).end(body);
  });
}
