/**
 * Starts a Ceph radosgw on loopback, as an STS and S3 that is not AWS's: one monitor, one OSD in
 * memory and one gateway of the Debian packages, on free ports, in one directory that `stop()`
 * removes.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.ts';
import { missingPackage } from '../support/missing-package.ts';

const execute = promisify(execFile);
const READY_WITHIN_MILLISECONDS = 120_000;

const PACKAGES = {
  '/usr/bin/ceph-mon': 'ceph-mon',
  '/usr/bin/ceph-osd': 'ceph-osd',
  '/usr/bin/radosgw': 'radosgw',
  '/usr/bin/ceph': 'ceph-common',
} as const;

/** Why tests with Ceph cannot run here; false if they can. */
export function cephMissing(): string | false {
  for (const [executable, debianPackage] of Object.entries(PACKAGES)) {
    const missing = missingPackage(executable, debianPackage);
    if (missing !== false) return missing;
  }
  return false;
}

export interface Ceph {
  /** STS, a part of IAM, and S3. */
  readonly url: string;
  /** Keys of a user of the tenant that may create roles and OpenID providers. */
  readonly administrator: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

/** `tenant` is what stands for the account in ARNs. */
export async function startCeph(tenant: string): Promise<Ceph> {
  const directory = mkdtempSync(join(tmpdir(), 'ceph-'));
  const running: ChildProcess[] = [];
  const killAll = (): void => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', killAll);
  const stop = async (): Promise<void> => {
    for (const child of running.toReversed()) await end(child);
    process.off('exit', killAll);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const port = await freePort();
    await startCluster({ directory, port, monitorPort: await freePort(), running });
    const administrator = await createAdministrator(directory, tenant);
    return { url: `http://127.0.0.1:${port}`, administrator, stop };
  } catch (cause) {
    const log = logOf(directory);
    await stop();
    throw new Error(`Ceph did not come up\n${log}`, { cause });
  }
}

interface Cluster {
  readonly directory: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly running: ChildProcess[];
}

async function startCluster(cluster: Cluster): Promise<void> {
  const { directory, port, monitorPort, running } = cluster;
  const at = (name: string): string => join(directory, name);
  for (const name of ['mon', 'osd', 'osd/0', 'log', 'run', 'rgw']) mkdirSync(at(name));
  const id = randomUUID();
  writeFileSync(at('ceph.conf'), configuration({ directory, port, monitorPort, id }));
  const start = (program: string, ...options: string[]): void => {
    const log = openSync(at(`log/${program}.out`), 'a');
    const child = spawn(`/usr/bin/${program}`, ['-c', at('ceph.conf'), ...options, '-f'], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    running.push(child);
  };
  await createKeyring(at('keyring'));
  const address = `[v2:127.0.0.1:${monitorPort}]`;
  const named = ['--create', '--fsid', id, '--addv', 'a', address, at('monmap')];
  await execute('/usr/bin/monmaptool', named);
  const made = ['--mkfs', '--monmap', at('monmap'), '--keyring', at('keyring')];
  await execute('/usr/bin/ceph-mon', ['-c', at('ceph.conf'), '-i', 'a', ...made]);
  start('ceph-mon', '-i', 'a');
  await until(() => ceph(directory, 'mon', 'stat'));
  const osd = randomUUID();
  await ceph(directory, 'osd', 'new', osd);
  const osdOptions = ['-c', at('ceph.conf'), '-i', '0', '--mkfs', '--osd-uuid', osd];
  await execute('/usr/bin/ceph-osd', osdOptions);
  start('ceph-osd', '-i', '0');
  await until(async () => {
    if (!(await ceph(directory, 'osd', 'stat')).includes('1 up')) throw new Error('no OSD is up');
  });
  start('radosgw', '-n', 'client.rgw.a');
  await until(() => fetch(`http://127.0.0.1:${port}/`));
}

/** A cluster that fits on one small machine, and loses everything when it ends. */
function configuration(of: Omit<Cluster, 'running'> & { readonly id: string }): string {
  const { directory, port, monitorPort, id } = of;
  return `[global]
fsid = ${id}
mon initial members = a
mon host = [v2:127.0.0.1:${monitorPort}/0]
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${directory}/keyring
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
run dir = ${directory}/run
admin socket = ${directory}/run/$name.asok
log file = ${directory}/log/$name.log
mon cluster log file = ${directory}/log/cluster.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 1
[mon]
mon data = ${directory}/mon/a
[osd]
osd objectstore = memstore
osd data = ${directory}/osd/$id
memstore device bytes = 1073741824
osd class load list = *
[client]
rgw s3 auth use sts = true
rgw sts key = ${'0123456789abcdef'}
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw data = ${directory}/rgw
rgw thread pool size = 16
rgw enable gc threads = false
rgw enable lc threads = false
rgw run sync thread = false
`;
}

async function createKeyring(file: string): Promise<void> {
  const caps: readonly (readonly [string, ...string[]])[] = [
    ['mon.', 'mon', 'allow *'],
    ['client.admin', 'mon', 'allow *', 'osd', 'allow *', 'mgr', 'allow *'],
    ['client.rgw.a', 'mon', 'allow *', 'osd', 'allow *'],
    ['osd.0', 'mon', 'allow profile osd', 'osd', 'allow *'],
  ];
  for (const [index, [name, ...allowed]] of caps.entries()) {
    const options = allowed.flatMap((word, at) => (at % 2 === 0 ? ['--cap', word] : [word]));
    const create = index === 0 ? ['--create-keyring'] : [];
    const line = [...create, file, '--gen-key', '-n', name, ...options];
    await execute('/usr/bin/ceph-authtool', line);
  }
}

async function createAdministrator(
  directory: string,
  tenant: string,
): Promise<Ceph['administrator']> {
  const keys = { accessKeyId: 'CEPHADMINISTRATOR001', secretAccessKey: randomUUID() };
  await execute('/usr/bin/radosgw-admin', [
    ...['-c', join(directory, 'ceph.conf'), '-n', 'client.rgw.a', 'user', 'create'],
    ...[`--tenant=${tenant}`, '--uid=administrator', '--display-name=administrator'],
    ...[`--access-key=${keys.accessKeyId}`, `--secret-key=${keys.secretAccessKey}`],
    '--caps=roles=*;oidc-provider=*',
  ]);
  return keys;
}

async function ceph(directory: string, ...words: readonly string[]): Promise<string> {
  const options = ['-c', join(directory, 'ceph.conf'), '--connect-timeout', '5', ...words];
  const { stdout, stderr } = await execute('/usr/bin/ceph', options, { timeout: 20_000 });
  return stdout + stderr;
}

async function until(isReady: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MILLISECONDS;
  for (;;) {
    try {
      await isReady();
      return;
    } catch (cause) {
      if (Date.now() > deadline) throw cause;
      await pause(250);
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await once(child, 'exit');
  clearTimeout(killer);
}

function logOf(directory: string): string {
  return Object.keys(PACKAGES)
    .map(program => join(directory, 'log', `${program.split('/').at(-1)}.out`))
    .map(file => {
      try {
        return readFileSync(file, 'utf8').slice(-2000);
      } catch {
        return '';
      }
    })
    .join('\n');
}
