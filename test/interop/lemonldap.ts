/**
 * Starts Debian's LemonLDAP::NG as SAML 2.0 and OpenID Connect provider on loopback: its FastCGI
 * server behind nginx, users in a SQLite file. A real provider, written outside of this project.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import {
  changeUser,
  configurationJson,
  type LemonLdapTrust,
  lemonLdapKeys,
  nginxConfiguration,
  PORTAL,
  settingsFile,
  writeUsers,
} from './lemonldap-configuration.ts';
import { openServers, SERVICE_USER } from './servers.ts';

const FASTCGI_SERVER = '/usr/sbin/llng-fastcgi-server';
const NGINX = '/usr/sbin/nginx';
/** Perl libraries that the packages only suggest: SAML, and users in SQLite. */
const LIBRARIES = ['Lasso', 'DBD::SQLite'];

/**
 * Why tests with it cannot run here; false if they can. Throws under `CI=true`, where nothing is
 * skipped for a missing package.
 */
export function lemonLdapMissing(): string | false {
  const there = [FASTCGI_SERVER, NGINX, `${PORTAL}/index.psgi`].every(existsSync);
  if (there && LIBRARIES.every(hasLibrary)) return false;
  const why =
    'the Debian packages lemonldap-ng, lemonldap-ng-fastcgi-server, liblasso-perl,' +
    ' libdbd-sqlite3-perl and nginx are not installed';
  if (process.env.CI === 'true') throw new Error(why);
  return why;
}

export interface LemonLdap {
  /** Also the OpenID Connect issuer. */
  readonly origin: string;
  /** Also the SAML entityID. */
  readonly metadataUrl: string;
  /** Replaces everyone that it trusts; its sessions stay. */
  trust(trusted: LemonLdapTrust): Promise<void>;
  changeGroups(username: string, groups: readonly string[]): void;
  remove(username: string): void;
  stop(): Promise<void>;
}

export async function startLemonLdap(): Promise<LemonLdap> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const servers = openServers('LemonLDAP::NG');
  const { directory } = servers;
  const place = { directory, origin, port };
  const keys = lemonLdapKeys();
  const at = (...names: string[]): string => join(directory, ...names);
  let number = 0;
  const configure = (trusted: LemonLdapTrust): void => {
    number += 1;
    const file = at('conf', `lmConf-${number}.json`);
    writeFileSync(file, configurationJson(number, place, keys, trusted));
    rmSync(at('cache'), { recursive: true, force: true });
    mkdirSync(at('cache'));
    own(directory);
  };
  const serve = (): (() => Promise<void>) => {
    rmSync(at('fcgi.sock'), { force: true });
    return servers.start({
      command: FASTCGI_SERVER,
      arguments: [
        ...(SERVICE_USER === undefined ? [] : ['-u', SERVICE_USER, '-g', SERVICE_USER]),
        ...['--foreground', '-n', '2', '-s', at('fcgi.sock'), '-p', at('fcgi.pid')],
      ],
      environment: {
        HOME: directory,
        LLNG_DEFAULTCONFFILE: at('lemonldap-ng.ini'),
        LLNG_DEFAULTLOGGER: 'Lemonldap::NG::Common::Logger::Std',
      },
    });
  };
  const ready = (): Promise<void> =>
    servers.untilReady(`${origin}/.well-known/openid-configuration`);
  try {
    for (const name of ['conf', 'nginx', 'sessions/lock', 'psessions/lock'])
      mkdirSync(at(name), { recursive: true });
    writeUsers(at('users.db'));
    writeFileSync(at('lemonldap-ng.ini'), settingsFile(place));
    writeFileSync(at('nginx.conf'), nginxConfiguration(place));
    configure({});
    servers.start({
      command: NGINX,
      arguments: ['-p', directory, '-e', 'stderr', '-c', at('nginx.conf')],
    });
    let end = serve();
    await ready();
    return {
      origin,
      metadataUrl: `${origin}/saml/metadata`,
      trust: async trusted => {
        await end();
        configure(trusted);
        end = serve();
        await ready();
      },
      changeGroups: (username, groups) => changeUser(at('users.db'), username, groups),
      remove: username => changeUser(at('users.db'), username, 'remove'),
      stop: servers.stop,
    };
  } catch (fault) {
    await servers.stop();
    throw fault;
  }
}

function own(directory: string): void {
  if (SERVICE_USER !== undefined) execFileSync('chown', ['-R', `${SERVICE_USER}:`, directory]);
}

function hasLibrary(name: string): boolean {
  try {
    execFileSync('perl', [`-M${name}`, '-e', '1'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
