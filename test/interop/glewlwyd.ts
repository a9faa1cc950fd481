/**
 * Starts Debian's Glewlwyd as OpenID Connect provider on loopback, with a SQLite database, and sets
 * it up by its API as an administrator would. A real provider, written outside of this project.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { freePort } from '../support/free-port.ts';
import { type GlewlwydAdmin, type GlewlwydClient, glewlwydAdmin, setUp } from './glewlwyd-admin.ts';
import { openServers, SERVICE_USER } from './servers.ts';

const PROGRAM = '/usr/bin/glewlwyd';
const SCHEMA = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3';
const PAGES = '/usr/share/glewlwyd/webapp';
const PAGES_CONFIGURATION = '/usr/share/glewlwyd/templates/config.json';

/**
 * Why tests with it cannot run here; false if they can. Throws under `CI=true`, where nothing is
 * skipped for a missing package.
 */
export function glewlwydMissing(): string | false {
  if ([PROGRAM, SCHEMA, PAGES].every(existsSync)) return false;
  const why = 'the Debian package glewlwyd is not installed';
  if (process.env.CI === 'true') throw new Error(why);
  return why;
}

export interface Glewlwyd {
  readonly origin: string;
  /** Of OpenID Connect. */
  readonly issuer: string;
  readonly admin: GlewlwydAdmin;
  /** Adds a client, to which every user has consented. */
  trust(client: GlewlwydClient): Promise<void>;
  stop(): Promise<void>;
}

export async function startGlewlwyd(): Promise<Glewlwyd> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const servers = openServers('Glewlwyd');
  const { directory } = servers;
  try {
    furnish(directory, port);
    servers.start({
      command: SERVICE_USER === undefined ? PROGRAM : 'setpriv',
      arguments: [
        ...(SERVICE_USER === undefined
          ? []
          : [`--reuid=${SERVICE_USER}`, `--regid=${SERVICE_USER}`, '--clear-groups', PROGRAM]),
        `--config-file=${join(directory, 'glewlwyd.conf')}`,
      ],
    });
    await servers.untilReady(`${origin}/config/`);
    await setUp(origin);
    const admin = await glewlwydAdmin(origin);
    return {
      origin,
      issuer: `${origin}/api/oidc`,
      admin,
      trust: client => admin.addClient(client),
      stop: servers.stop,
    };
  } catch (fault) {
    await servers.stop();
    throw fault;
  }
}

function furnish(directory: string, port: number): void {
  const database = new DatabaseSync(join(directory, 'glewlwyd.db'));
  database.exec(readFileSync(SCHEMA, 'utf8'));
  database.close();
  // It serves no symbolic links, of which the package has some.
  const pages = join(directory, 'pages');
  cpSync(PAGES, pages, { recursive: true, dereference: true });
  cpSync(PAGES_CONFIGURATION, join(pages, 'config.json'), { recursive: true, force: true });
  writeFileSync(join(directory, 'glewlwyd.conf'), configuration(directory, port));
  if (SERVICE_USER !== undefined) execFileSync('chown', ['-R', `${SERVICE_USER}:`, directory]);
}

function configuration(directory: string, port: number): string {
  const types = { html: 'text/html', css: 'text/css', js: 'application/javascript' };
  const modules = { user: 'user', client: 'client', user_auth_scheme: 'scheme', plugin: 'plugin' };
  return `
port = ${port}
bind_address = "127.0.0.1"
external_url = "http://127.0.0.1:${port}"
login_url = "login.html"
api_prefix = "api"
static_files_path = "${directory}/pages/"
static_files_mime_types = (
${Object.entries({ ...types, json: 'application/json', png: 'image/png' })
  .map(([name, type]) => `  { extension = ".${name}", mime_type = "${type}", compress = 0 }`)
  .join(',\n')}
)
log_mode = "console"
log_level = "WARNING"
cookie_domain = "127.0.0.1"
cookie_secure = 0
session_key = "GLEWLWYD2_SESSION_ID"
session_expiration = 2419200
admin_session_authentication = "cookie"
profile_session_authentication = "cookie"
login_api_enabled = true
admin_scope = "g_admin"
profile_scope = "g_profile"
${Object.entries(modules)
  .map(([kind, name]) => `${kind}_module_path = "/usr/lib/glewlwyd/${name}"`)
  .join('\n')}
hash_algorithm = "SHA512"
database = { type = "sqlite3", path = "${directory}/glewlwyd.db" }
`;
}
