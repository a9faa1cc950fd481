/** What doctor says of the host of a bridge with one fault each, and that it changes nothing. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { openAddressSection } from '../../../src/compose/doctor-address.ts';
import { openHostSection } from '../../../src/compose/doctor-host.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { type Finding, levelOf } from '../../../src/core/finding.ts';
import { DAY, MINUTE } from '../../../src/core/time.ts';
import { inspectKeys } from '../../../src/issuer/key-inspection.ts';
import { REQUIRED_NODE } from '../../../src/operate/doctor/host-environment.ts';
import type { HostPorts } from '../../../src/operate/doctor/host-section.ts';
import type { Section } from '../../../src/operate/doctor/section.ts';
import { inspectSqliteStore } from '../../../src/store/sqlite-inspection.ts';
import { startWorld, type World, worldFor } from '../../support/world.ts';

/** No server says its time: a clock that is turned says nothing of a certificate. */
const TIMELESS: Partial<HostPorts> = { timeAt: async () => undefined };

interface Change {
  readonly ports?: Partial<HostPorts>;
  readonly configure?: (configuration: Configuration) => Configuration;
}

async function examined(
  world: World,
  { ports = {}, configure = same => same }: Change = {},
): Promise<readonly Finding[]> {
  const configuration = configure(world.bridge.configuration);
  const env = {};
  return found(
    world,
    configuration,
    openHostSection(configuration, world.clock, { env, ...ports }),
  );
}

async function found(
  world: World,
  configuration: Configuration,
  section: Section,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const examination = {
    ...{ configuration, configFile: join(world.directory, 'rolebridge.yaml'), clock: world.clock },
    scope: { connectors: [], accounts: [], roles: [] },
    progress: () => {},
  };
  for await (const finding of section.examine(examination)) findings.push(finding);
  return findings;
}

function ids(findings: readonly Finding[], ...levels: readonly string[]): string[] {
  return findings.filter(finding => levels.includes(levelOf(finding))).map(({ id }) => id);
}

const faults = (findings: readonly Finding[]): string[] => ids(findings, 'error', 'warning');

const key = (world: World, name: string): string => join(world.directory, 'keys', name);
const database = (world: World): string => join(world.directory, 'rolebridge.db');

/** The demo lets a user break the glass without telling others, of which `check` warns. */
const WITHOUT_WARNING = {
  configure: (yaml: string): string => yaml.replaceAll(/^ +breakGlass: .*\n/gm, ''),
};

/** A world that has ended: its files are still there. */
async function endedWorld(t: TestContext): Promise<World> {
  const world = await startWorld(WITHOUT_WARNING);
  t.after(() => world.close());
  await world.bridge.close();
  return world;
}

describe('the section on this host', () => {
  it('finds nothing at a bridge that runs', async t => {
    const findings = await examined(await worldFor(t, WITHOUT_WARNING));

    assert.deepEqual(ids(findings, 'error', 'warning', 'note'), []);
    assert.deepEqual(
      findings.map(({ subject }) => subject.replace(/^.*\//, '').replace(/\d.*$/, '')),
      ['Node.js ', 'rolebridge.yaml', 'rolebridge.db', 'keys', 'clock'],
    );
  });

  it('changes no file, also of a bridge that does not run', async t => {
    const world = await endedWorld(t);
    const files = () =>
      readdirSync(world.directory, { recursive: true, encoding: 'utf8' })
        .sort()
        .map(name => [name, statSync(join(world.directory, name)).mtimeMs]);
    const before = files();

    assert.deepEqual(faults(await examined(world)), []);
    assert.deepEqual(files(), before);
  });

  // ---------------------------------------------------------------- keys

  const keyFaults: Readonly<Record<string, [(world: World) => void, readonly string[]]>> = {
    'other users can read a key': [
      world => chmodSync(key(world, 'saml.pem'), 0o644),
      ['host.key-open'],
    ],
    'other users can read the sealing secret': [
      world => chmodSync(key(world, 'sealing.key'), 0o640),
      ['host.key-open'],
    ],
    'other users can write to the directory': [
      world => chmodSync(join(world.directory, 'keys'), 0o777),
      ['host.key-directory-unusable'],
    ],
    'a file is in the place of the directory': [
      world => {
        renameSync(join(world.directory, 'keys'), join(world.directory, 'moved'));
        writeFileSync(join(world.directory, 'keys'), '');
      },
      ['host.key-directory-unusable'],
    ],
    'a key is damaged': [
      world => writeFileSync(key(world, 'web-identity.pem'), 'not a key', { mode: 0o600 }),
      ['host.key-damaged'],
    ],
    'the sealing secret is damaged': [
      world => writeFileSync(key(world, 'sealing.key'), 'short', { mode: 0o600 }),
      ['host.key-damaged'],
    ],
    'one key is missing': [world => rmSync(key(world, 'saml.pem')), ['host.keys-lost']],
    'the sealing secret is missing': [
      world => rmSync(key(world, 'sealing.key')),
      ['host.keys-lost'],
    ],
    'the directory is lost': [
      world => rmSync(join(world.directory, 'keys'), { recursive: true }),
      ['host.keys-lost'],
    ],
    'the directory is empty': [
      world => {
        for (const name of readdirSync(join(world.directory, 'keys'))) rmSync(key(world, name));
      },
      ['host.keys-lost'],
    ],
    'a rotation has no active key': [
      world => renameSync(key(world, 'saml.pem'), key(world, 'saml.next.pem')),
      ['host.key-missing'],
    ],
    'a draft of a key was left': [
      world => writeFileSync(key(world, 'saml.pem.1234.draft'), '', { mode: 0o600 }),
      ['host.key-draft'],
    ],
    'another key is in the place of one that the store knows': [
      world => copyFileSync(key(world, 'service-provider.pem'), key(world, 'saml.pem')),
      ['host.keys-replaced'],
    ],
    'a previous key was left for 40 days': [
      world => {
        copyFileSync(key(world, 'service-provider.pem'), key(world, 'saml.previous.pem'));
        const then = (world.clock.now() - 40 * DAY * 1000) / 1000;
        utimesSync(key(world, 'saml.previous.pem'), then, then);
      },
      ['host.rotation-left'],
    ],
  };
  for (const [title, [spoil, expected]] of Object.entries(keyFaults)) {
    it(`says in one finding that ${title}`, async t => {
      const world = await worldFor(t, WITHOUT_WARNING);
      spoil(world);

      const findings = await examined(world);

      assert.deepEqual(faults(findings), expected);
      assert.doesNotMatch(JSON.stringify(findings), /PRIVATE KEY|not a key/);
    });
  }

  it('has one finding for a lost directory, together with the section on the base URL', async t => {
    const world = await worldFor(t, WITHOUT_WARNING);
    rmSync(join(world.directory, 'keys'), { recursive: true });
    const { configuration } = world.bridge;

    const address = openAddressSection(configuration, world.clock);
    const findings = [...(await examined(world)), ...(await found(world, configuration, address))];

    assert.deepEqual(faults(findings), ['host.keys-lost']);
    assert.ok(!existsSync(join(world.directory, 'keys')), 'doctor creates no keys');
  });

  it('notes that the first start makes the keys of a store that was never used', async t => {
    const world = await endedWorld(t);
    rmSync(join(world.directory, 'keys'), { recursive: true });
    rmSync(database(world));

    const findings = await examined(world);

    assert.deepEqual(faults(findings), []);
    assert.deepEqual(ids(findings, 'note'), ['host.store-new', 'host.keys-new']);
  });

  it('names missing keys that the bridge must not create', async t => {
    const world = await endedWorld(t);
    rmSync(join(world.directory, 'keys'), { recursive: true });
    rmSync(database(world));

    const findings = await examined(world, {
      configure: configuration => {
        const keys = { ...configuration.issuer.keys, create: false };
        return { ...configuration, issuer: { ...configuration.issuer, keys } };
      },
    });

    assert.deepEqual(faults(findings), ['host.key-missing']);
  });

  it('notes a missing key for encryption that no bridge has had, and that it is lost otherwise', async t => {
    const world = await endedWorld(t);
    rmSync(key(world, 'service-provider-encryption.pem'));
    assert.deepEqual(faults(await examined(world)), ['host.keys-lost']);

    // The key directory and the store of an earlier version.
    const store = new DatabaseSync(database(world));
    store.exec("DELETE FROM known_keys WHERE key_use = 'service-provider-encryption'");
    store.close();
    const findings = await examined(world);
    assert.deepEqual(faults(findings), []);
    assert.deepEqual(ids(findings, 'note'), ['host.no-encryption-key']);
  });

  it('notes a rotation that is open', async t => {
    const world = await worldFor(t, WITHOUT_WARNING);
    copyFileSync(key(world, 'service-provider.pem'), key(world, 'saml.next.pem'));

    const findings = await examined(world);

    assert.deepEqual(ids(findings, 'error', 'warning', 'note'), ['host.rotation-open']);
  });

  const ends: readonly (readonly [days: number, level: string, id: string])[] = [
    [89, 'note', 'host.certificate-ends-in-90-days'],
    [29, 'warning', 'host.certificate-ends-in-30-days'],
    [6, 'error', 'host.certificate-ends-in-7-days'],
    [-1, 'error', 'host.certificate-expired'],
  ];
  for (const [days, level, id] of ends) {
    it(`tells a certificate with ${days} days left by ${level}`, async t => {
      const world = await worldFor(t, WITHOUT_WARNING);
      const { files } = await inspectKeys(join(world.directory, 'keys'));
      const endsAt = files.find(({ name }) => name === 'saml.pem')!.certificateEndsAt!;
      world.clock.turn((endsAt - world.clock.now()) / 1000 - days * DAY);

      const found = await examined(world, { ports: TIMELESS });

      assert.deepEqual(
        ids(found, level).filter(one => one.startsWith('host.certificate')),
        [id, id, id],
      );
    });
  }

  it('notes that it runs as another user than the bridge', async t => {
    const world = await worldFor(t, WITHOUT_WARNING);
    const user = statSync(key(world, 'saml.pem')).uid + 1;

    assert.deepEqual(ids(await examined(world, { ports: { user } }), 'note'), ['host.other-user']);
  });

  // ---------------------------------------------------------------- store

  const storeFaults: Readonly<Record<string, [(world: World) => void, readonly string[]]>> = {
    'the file is read-only': [world => chmodSync(database(world), 0o400), ['host.store-read-only']],
    'its directory is read-only': [
      world => chmodSync(world.directory, 0o500),
      ['host.store-read-only'],
    ],
    'other users can read the file': [
      world => chmodSync(database(world), 0o644),
      ['host.store-open'],
    ],
    'a newer version has used it': [
      world => {
        const connection = new DatabaseSync(database(world));
        connection.exec("INSERT INTO rolebridge_migrations VALUES (999, 'x')");
        connection.close();
      },
      ['host.store-newer'],
    ],
    'it has another schema': [
      world => {
        const connection = new DatabaseSync(database(world));
        connection.exec("UPDATE rolebridge_migrations SET checksum = 'x' WHERE number = 1");
        connection.close();
      },
      ['host.store-foreign'],
    ],
  };
  for (const [title, [spoil, expected]] of Object.entries(storeFaults)) {
    it(`says of the store that ${title}`, async t => {
      const world = await worldFor(t, WITHOUT_WARNING);
      spoil(world);

      const findings = await examined(world);

      chmodSync(world.directory, 0o700);
      assert.deepEqual(faults(findings), expected);
    });
  }

  it('names a file of another program, one that is no database, and a path of no file', async t => {
    const world = await endedWorld(t);
    const other = new DatabaseSync(join(world.directory, 'other.db'));
    other.exec('CREATE TABLE notes (text)');
    other.close();
    writeFileSync(join(world.directory, 'text.db'), 'x'.repeat(5000));
    for (const name of ['other.db', 'text.db']) chmodSync(join(world.directory, name), 0o600);

    mkdirSync(join(world.directory, 'directory.db'));
    for (const [name, expected] of [
      ['other.db', 'host.store-foreign'],
      ['text.db', 'host.store-foreign'],
      ['directory.db', 'host.store-no-file'],
      ['text.db/rolebridge.db', 'host.store-no-file'],
    ] as const) {
      const file = join(world.directory, name);
      const findings = await examined(world, {
        configure: configuration => ({ ...configuration, store: { kind: 'sqlite', file } }),
      });
      assert.deepEqual(faults(findings), [expected], name);
    }
  });

  it('notes that the next start changes the schema', async t => {
    const world = await endedWorld(t);
    const connection = new DatabaseSync(database(world));
    connection.exec('DELETE FROM rolebridge_migrations WHERE number >= 10');
    connection.close();

    const findings = await examined(world);

    assert.deepEqual(ids(findings, 'error', 'warning', 'note'), ['host.store-migrates']);
  });

  it('reads what a killed bridge left in its log', async t => {
    const world = await worldFor(t, WITHOUT_WARNING);
    const copy = join(world.directory, 'copy.db');
    for (const ending of ['', '-wal']) copyFileSync(database(world) + ending, copy + ending);

    const facts = await inspectSqliteStore(copy);

    assert.deepEqual([facts.exists, facts.pendingSteps, facts.fault], [true, 0, undefined]);
    assert.ok(facts.knownKeys.length >= 4);
  });

  const disks: Readonly<Record<string, { freeBytes?: number; network?: string }>> = {
    'host.disk-full': { freeBytes: 1e6 },
    'host.disk-low': { freeBytes: 1e8 },
    'host.store-on-network': { network: 'nfs' },
  };
  for (const [id, change] of Object.entries(disks)) {
    it(`says ${id} of such a disk`, async t => {
      const world = await worldFor(t, WITHOUT_WARNING);
      const facts = await inspectSqliteStore(database(world));
      const store = async () => ({ ...facts, disk: { ...facts.disk!, ...change } });

      assert.deepEqual(faults(await examined(world, { ports: { store } })), [id]);
    });
  }

  it('warns of a store in memory', async t => {
    const findings = await examined(await worldFor(t, WITHOUT_WARNING), {
      configure: configuration => ({
        ...configuration,
        store: { kind: 'sqlite', file: ':memory:' },
      }),
    });

    assert.deepEqual(faults(findings), ['host.store-in-memory']);
  });

  // ---------------------------------------------------------------- archives

  const archiveFaults: Readonly<
    Record<string, [(directory: string) => void, days: number, readonly string[]]>
  > = {
    'that does not exist yet': [() => {}, 0, []],
    'that others can write': [
      directory => {
        mkdirSync(directory);
        chmodSync(directory, 0o777);
      },
      0,
      ['host.archive-unusable'],
    ],
    'in whose place is a file': [
      directory => writeFileSync(directory, ''),
      0,
      ['host.archive-unusable'],
    ],
    'while the oldest event is as old as the retention': [() => {}, 31, []],
    'while the oldest event is much older': [() => {}, 34, ['host.archive-late']],
  };
  for (const [what, [prepare, days, expected]] of Object.entries(archiveFaults)) {
    it(`judges a directory of archives ${what}`, async t => {
      const world = await worldFor(t, WITHOUT_WARNING);
      const directory = join(world.directory, 'archive');
      prepare(directory);
      const retention = { directory, retentionSeconds: 30 * DAY };
      const facts = await inspectSqliteStore(database(world));
      const store = async () => ({
        ...facts,
        usedSince: world.clock.now() - days * DAY * 1000,
      });
      const findings = await examined(world, {
        configure: configuration => ({ ...configuration, audit: { retention } }),
        ports: { store },
      });

      assert.deepEqual(faults(findings), expected);
    });
  }

  // ---------------------------------------------------------------- clock

  const clocks: readonly (readonly [seconds: number, ids: readonly string[]])[] = [
    [30, []],
    [2 * MINUTE, ['host.clock-drift']],
    [-2 * MINUTE, ['host.clock-drift']],
    [5 * MINUTE, ['host.clock-skew']],
  ];
  for (const [seconds, expected] of clocks) {
    it(`compares a clock that differs by ${seconds} s with other servers`, async t => {
      const world = await worldFor(t, WITHOUT_WARNING);
      world.clock.turn(seconds);

      assert.deepEqual(faults(await examined(world)), expected);
    });
  }

  it('blames no clock for one server whose clock differs', async t => {
    const world = await worldFor(t, WITHOUT_WARNING);
    const { host } = new URL(world.urls.aws);
    const timeAt: HostPorts['timeAt'] = async url => {
      const now = world.clock.now();
      return { sentAt: now, receivedAt: now, at: url.host === host ? now - 600_000 : now };
    };

    assert.deepEqual(faults(await examined(world, { ports: { timeAt } })), []);
  });

  it('notes that no server says the time', async t => {
    const findings = await examined(await worldFor(t, WITHOUT_WARNING), { ports: TIMELESS });

    assert.deepEqual(ids(findings, 'error', 'warning', 'note'), ['host.clock-unknown']);
  });

  // ---------------------------------------------------------------- environment

  const environments: readonly (readonly [id: string, ports: Partial<HostPorts>])[] = [
    ['host.node-version', { node: { version: '22.18.0', path: '/usr/bin/node' } }],
    ['host.proxy-variable', { env: { https_proxy: 'socks5://user:password@proxy' }, ...TIMELESS }],
    ['host.extra-ca-unreadable', { env: { NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' } }],
    ['host.extra-ca-unreadable', { env: { NODE_EXTRA_CA_CERTS: '/etc/hostname' } }],
  ];
  for (const [id, ports] of environments) {
    it(`says ${id} of such an environment`, async t => {
      const findings = await examined(await worldFor(t, WITHOUT_WARNING), { ports });

      assert.deepEqual(faults(findings), [id]);
      assert.ok(!JSON.stringify(findings).includes('password'));
    });
  }

  it('requires the version of Node.js that the command requires', () => {
    const command = new URL('../../../src/rolebridge-server.js', import.meta.url);

    assert.ok(readFileSync(command, 'utf8').includes(`'${REQUIRED_NODE}'`));
  });

  it('warns of a port that baseUrl does not name', async t => {
    const findings = await examined(await worldFor(t, WITHOUT_WARNING), {
      configure: configuration => ({
        ...configuration,
        listen: { ...configuration.listen, port: configuration.listen.port ^ 1 },
      }),
    });

    assert.deepEqual(faults(findings), ['host.listen-differs']);
  });

  it('warns of a port that requires a privilege', async t => {
    const findings = await examined(await worldFor(t, WITHOUT_WARNING), {
      ports: { user: 1000 },
      configure: configuration => ({
        ...configuration,
        baseUrl: 'http://127.0.0.1',
        listen: { host: '127.0.0.1', port: 80 },
      }),
    });

    assert.deepEqual(faults(findings), ['host.listen-privileged']);
  });

  it('tells the warnings of check, with their place', async t => {
    const world = await worldFor(t, WITHOUT_WARNING);
    chmodSync(join(world.directory, 'rolebridge.yaml'), 0o660);

    const findings = await examined(world);

    assert.deepEqual(faults(findings), ['host.configuration-warning']);
    assert.match(findings.find(({ id }) => id === faults(findings)[0])!.message, /group/);
  });
});
