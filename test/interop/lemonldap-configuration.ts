/** What LemonLDAP::NG, its FastCGI server and nginx are told, and whom the provider knows. */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FAR_AHEAD, rsaKey } from '../support/saml-forge.ts';
import { SERVICE_USER } from './servers.ts';

export const PORTAL = '/usr/share/lemonldap-ng/portal/htdocs';
/** The configuration that the package installs, which has a value for every required key. */
const INITIAL = '/var/lib/lemonldap-ng/conf/lmConf-1.json';
const SETTINGS_FILE = '/etc/lemonldap-ng/lemonldap-ng.ini';

export const LEMONLDAP_USERS = [
  { username: 'alice', groups: ['aws-admins', 'developers'] },
  { username: 'bob', groups: ['developers'] },
  { username: 'carol', groups: [] },
  { username: 'dana', groups: ['developers'] },
] as const;

/** An OpenID Connect client (relying party). */
export interface LemonLdapClient {
  readonly clientId: string;
  readonly secret: string;
  readonly redirectUri: string;
  readonly postLogoutRedirectUri: string;
  readonly signingAlgorithm?: 'HS512' | 'RS256' | 'RS512';
  /** Whether the client gets a refresh token, and under which scope. */
  readonly refreshTokens?: 'always' | 'offline_access';
  /** How groups look: `auto`, its default, makes a text of a single one. */
  readonly groupsClaim?: 'always' | 'auto' | 'never';
}

/** A SAML service provider. */
export interface LemonLdapServiceProvider {
  readonly metadata: string;
  /** Its name in the configuration. */
  readonly key: string;
  readonly checkRequestSignature?: boolean;
  readonly nameId?: 'email' | 'persistent' | 'transient';
}

export interface LemonLdapTrust {
  readonly clients?: readonly LemonLdapClient[];
  readonly serviceProviders?: readonly LemonLdapServiceProvider[];
}

export interface LemonLdapPlace {
  readonly directory: string;
  readonly origin: string;
  readonly port: number;
}

export interface LemonLdapKeys {
  readonly saml: ReturnType<typeof rsaKey>;
  readonly oidc: ReturnType<typeof rsaKey>;
}

export function lemonLdapKeys(): LemonLdapKeys {
  return { saml: rsaKey(2048, FAR_AHEAD), oidc: rsaKey(2048, FAR_AHEAD) };
}

/** A table of users, whose password is the name. */
export function writeUsers(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE users (uid TEXT, password TEXT, mail TEXT, teams TEXT)');
  const insert = database.prepare('INSERT INTO users VALUES (?, ?, ?, ?)');
  for (const { username, groups } of LEMONLDAP_USERS)
    insert.run(username, username, `${username}@example.test`, `,${groups.join(',')},`);
  database.close();
}

/** What an administrator changes while it runs. */
export function changeUser(file: string, username: string, groups: readonly string[] | 'remove') {
  const database = new DatabaseSync(file);
  if (groups === 'remove') database.prepare('DELETE FROM users WHERE uid = ?').run(username);
  else
    database
      .prepare('UPDATE users SET teams = ? WHERE uid = ?')
      .run(`,${groups.join(',')},`, username);
  database.close();
}

/** The settings of the package, with our own directories. */
export function settingsFile({ directory }: LemonLdapPlace): string {
  return readFileSync(SETTINGS_FILE, 'utf8')
    .replaceAll('/var/lib/lemonldap-ng/conf', join(directory, 'conf'))
    .replaceAll('/var/lib/lemonldap-ng/cache', join(directory, 'cache'));
}

/** JSON of the configuration with this number. */
export function configurationJson(
  number: number,
  place: LemonLdapPlace,
  keys: LemonLdapKeys,
  { clients = [], serviceProviders = [] }: LemonLdapTrust,
): string {
  return JSON.stringify({
    ...JSON.parse(readFileSync(INITIAL, 'utf8')),
    ...portalSettings(place),
    ...userSettings(place),
    ...samlSettings(place, keys),
    ...oidcSettings(place, keys),
    ...trustedClients(clients),
    ...trustedServiceProviders(serviceProviders),
    cfgNum: number,
  });
}

function portalSettings({ directory, origin }: LemonLdapPlace): object {
  const stored = (name: string) => ({
    Directory: join(directory, name),
    LockDirectory: join(directory, name, 'lock'),
  });
  return {
    portal: `${origin}/`,
    domain: '127.0.0.1',
    // A browser accepts the default SameSite=None on https only.
    ...{ securedCookie: 0, sameSite: 'Lax' },
    ...{ applicationList: {}, locationRules: { '127.0.0.1': { default: 'accept' } } },
    ...{ reloadUrls: {}, notification: 0, loginHistoryEnabled: 0 },
    ...{ captcha_mail_enabled: 0, captcha_register_enabled: 0 },
    ...{ portalDisplayRegister: 0, portalDisplayResetPassword: 0 },
    // Seconds after a sign-in in which a user is not asked again.
    portalForceAuthnInterval: 1,
    globalStorageOptions: {
      ...stored('sessions'),
      generateModule: 'Lemonldap::NG::Common::Apache::Session::Generate::SHA256',
    },
    persistentStorageOptions: stored('psessions'),
    localSessionStorageOptions: {
      ...{ namespace: 'lemonldap-ng-sessions', default_expires_in: 600, cache_depth: 3 },
      ...{ cache_root: join(directory, 'cache'), directory_umask: '007' },
    },
  };
}

function userSettings({ directory }: LemonLdapPlace): object {
  const names = LEMONLDAP_USERS.flatMap(({ groups }) => [...groups]);
  return {
    ...{ authentication: 'DBI', userDB: 'DBI', passwordDB: 'Null', registerDB: 'Null' },
    dbiAuthChain: `dbi:SQLite:dbname=${join(directory, 'users.db')}`,
    ...{ dbiAuthUser: '', dbiAuthPassword: '', dbiAuthTable: 'users', dbiUserTable: 'users' },
    ...{ dbiAuthLoginCol: 'uid', dbiAuthPasswordCol: 'password', dbiAuthPasswordHash: '' },
    ...{ userPivot: 'uid', exportedVars: {} },
    dbiExportedVars: { uid: 'uid', mail: 'mail', teams: 'teams' },
    groups: Object.fromEntries(names.map(name => [name, `$teams =~ /,${name},/`])),
  };
}

function samlSettings({ origin }: LemonLdapPlace, { saml }: LemonLdapKeys): object {
  return {
    ...{ issuerDBSAMLActivation: 1, issuerDBSAMLRule: 1, issuerDBSAMLPath: '^/saml/' },
    samlEntityID: `${origin}/saml/metadata`,
    samlServicePrivateKeySig: pkcs1(saml),
    samlServicePublicKeySig: saml.certificatePem,
    ...{ samlServiceSignatureMethod: 'RSA_SHA256', samlServiceUseCertificateInResponse: 1 },
    ...{ samlNameIDFormatMapEmail: 'mail' },
  };
}

function oidcSettings({ origin }: LemonLdapPlace, { oidc }: LemonLdapKeys): object {
  return {
    issuerDBOpenIDConnectActivation: 1,
    issuerDBOpenIDConnectRule: 1,
    issuerDBOpenIDConnectPath: '^/oauth2/',
    oidcServiceMetaDataIssuer: origin,
    oidcServicePrivateKeySig: pkcs1(oidc),
    oidcServicePublicKeySig: createPublicKey(oidc.certificatePem).export({
      type: 'spki',
      format: 'pem',
    }),
    ...{ oidcServiceKeyIdSig: 'interop', oidcServiceAllowAuthorizationCodeFlow: 1 },
  };
}

function trustedClients(clients: readonly LemonLdapClient[]): object {
  const byKey = <T>(of: (client: LemonLdapClient) => T) =>
    Object.fromEntries(clients.map(client => [client.clientId.replaceAll(/\W/g, '-'), of(client)]));
  return {
    oidcRPMetaDataOptions: byKey(client => ({
      oidcRPMetaDataOptionsClientID: client.clientId,
      oidcRPMetaDataOptionsClientSecret: client.secret,
      oidcRPMetaDataOptionsRedirectUris: client.redirectUri,
      oidcRPMetaDataOptionsPostLogoutRedirectUris: client.postLogoutRedirectUri,
      oidcRPMetaDataOptionsIDTokenSignAlg: client.signingAlgorithm ?? 'RS256',
      oidcRPMetaDataOptionsRefreshToken: client.refreshTokens === 'always' ? 1 : 0,
      oidcRPMetaDataOptionsAllowOffline: client.refreshTokens === 'offline_access' ? 1 : 0,
      oidcRPMetaDataOptionsRequirePKCE: 1,
      oidcRPMetaDataOptionsBypassConsent: 1,
      oidcRPMetaDataOptionsUserIDAttr: 'uid',
    })),
    oidcRPMetaDataExportedVars: byKey(({ groupsClaim = 'auto' }) => ({
      ...{ preferred_username: 'uid', email: 'mail' },
      groups: `groups;string;${groupsClaim}`,
    })),
    oidcRPMetaDataOptionsExtraClaims: byKey(() => ({ groups: 'groups' })),
  };
}

function trustedServiceProviders(providers: readonly LemonLdapServiceProvider[]): object {
  const byKey = <T>(of: (provider: LemonLdapServiceProvider) => T) =>
    Object.fromEntries(providers.map(provider => [provider.key, of(provider)]));
  return {
    samlSPMetaDataXML: byKey(({ metadata }) => ({ samlSPMetaDataXML: metadata })),
    samlSPMetaDataOptions: byKey(({ nameId = 'persistent', checkRequestSignature = true }) => ({
      samlSPMetaDataOptionsNameIDFormat: nameId,
      samlSPMetaDataOptionsCheckSSOMessageSignature: checkRequestSignature ? 1 : 0,
      samlSPMetaDataOptionsEnableIDPInitiatedURL: 1,
    })),
    samlSPMetaDataExportedAttributes: byKey(() => ({
      ...{ uid: '1;uid;;', mail: '1;mail;;', groups: '0;groups;;' },
    })),
  };
}

function pkcs1({ privateKey }: { readonly privateKey: LemonLdapKeys['saml']['privateKey'] }) {
  return privateKey.export({ type: 'pkcs1', format: 'pem' });
}

export function nginxConfiguration({ directory, port }: LemonLdapPlace): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    kind => `${kind}_temp_path ${directory}/nginx/${kind};`,
  );
  return `
${SERVICE_USER === undefined ? '' : `user ${SERVICE_USER};`}
daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr;
events { worker_connections 64; }
http {
  access_log off; include /etc/nginx/mime.types; ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${port};
    location /static/ { root ${PORTAL}; }
    location / {
      include /etc/nginx/fastcgi_params;
      fastcgi_param HTTP_HOST $http_host;
      fastcgi_param LLTYPE psgi;
      fastcgi_param SCRIPT_FILENAME ${PORTAL}/index.psgi;
      fastcgi_param SCRIPT_NAME "";
      fastcgi_param PATH_INFO $uri;
      fastcgi_pass unix:${directory}/fcgi.sock;
      fastcgi_buffers 16 32k; fastcgi_buffer_size 64k;
    }
  }
}
`;
}
