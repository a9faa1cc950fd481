/** What SimpleSAMLphp, php-fpm and nginx are told, and whom the IdP knows. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FAR_AHEAD, rsaKey } from '../support/saml-forge.ts';

export const PROGRAM = '/usr/share/simplesamlphp';

export interface SamlPerson {
  readonly uid: string;
  readonly password: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly department?: string;
}

export const PEOPLE: readonly SamlPerson[] = [
  {
    uid: 'alice',
    password: 'alice',
    name: 'Alice Example',
    groups: ['aws-admins', 'developers'],
    department: 'Platform',
  },
  {
    uid: 'bob',
    password: 'bob',
    name: 'Bob Example',
    groups: ['developers'],
    department: 'Payments',
  },
  { uid: 'carol', password: 'carol', name: 'Carol Example', groups: [] },
  { uid: 'erin', password: 'erin', name: 'Erin Example', groups: ['developers'] },
];

const NAME_ID_FORMATS = {
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  transient: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  email: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
} as const;

/** `uid`, `mail`, `displayName` and `groups`, or the names that AD FS gives them. */
export const ADFS_ATTRIBUTES = {
  uid: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn',
  mail: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
  displayName: 'http://schemas.microsoft.com/identity/claims/displayname',
  groups: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups',
} as const;

export interface SimpleSamlPhpOptions {
  /**
   * The name in its URLs; the socket is always on 127.0.0.1. `localhost` makes it another site than
   * the bridge.
   */
  readonly host?: '127.0.0.1' | 'localhost';
  readonly signAssertion?: boolean;
  readonly signResponse?: boolean;
  /** For an SP whose metadata holds a key to encrypt to; without one it answers with an error. */
  readonly encryptAssertion?: boolean;
  readonly attributes?: 'plain' | 'adfs';
  readonly nameIdFormat?: keyof typeof NAME_ID_FORMATS;
  /** The IdP lives this far in the future, or in the past when negative. */
  readonly clockOffsetSeconds?: number;
  readonly demandSignedRequests?: boolean;
  /** The only binding in which it takes requests; both by default. */
  readonly requestBinding?: 'HTTP-POST' | 'HTTP-Redirect';
  readonly people?: readonly SamlPerson[];
  /** Expired unless told, because only its key counts. */
  readonly certificate?: 'valid';
}

/**
 * What an SP's metadata asks for would win over the IdP's own settings, which are what a test has
 * chosen.
 */
export function withoutOverrides(spMetadataXml: string): string {
  return spMetadataXml
    .replace(/\s(?:WantAssertionsSigned|AuthnRequestsSigned)="[^"]*"/g, '')
    .replace(/<(\w+:)?NameIDFormat>[^<]*<\/\1NameIDFormat>/g, '');
}

/** Writes everything into the directory; nothing outside of it is touched. */
export async function writeConfiguration(
  directory: string,
  origin: string,
  port: number,
  options: SimpleSamlPhpOptions,
): Promise<void> {
  const asRoot = process.getuid?.() === 0;
  for (const name of [
    'sp',
    'config',
    'metadata',
    'cert',
    'sessions',
    'tmp',
    'log',
    'data',
    'nginx',
  ])
    await mkdir(join(directory, name));
  const key = rsaKey(2048, options.certificate === 'valid' ? FAR_AHEAD : undefined);
  const files: Readonly<Record<string, string>> = {
    'cert/idp.key': key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    'cert/idp.crt': key.certificatePem,
    'config/config.php': configPhp(directory, origin),
    'config/authsources.php': `<?php\n$config = ${php({ people: peopleSource(options.people ?? PEOPLE) })};\n`,
    'metadata/saml20-idp-hosted.php': `<?php\n$metadata['__DYNAMIC:1__'] = ${php(hostedIdp(options))};\n`,
    'fpm.conf': fpmConf(directory, asRoot),
    'nginx.conf': nginxConf(directory, port, asRoot),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  if (!asRoot) return;
  await chmod(directory, 0o755);
  execFileSync('chown', ['-R', 'www-data:', directory]);
}

function configPhp(directory: string, origin: string): string {
  const settings = {
    baseurlpath: `${origin}/simplesaml/`,
    certdir: `${directory}/cert/`,
    loggingdir: `${directory}/log/`,
    datadir: `${directory}/data/`,
    metadatadir: `${directory}/metadata/`,
    tempdir: `${directory}/tmp`,
    secretsalt: crypto.randomUUID(),
    'auth.adminpassword': crypto.randomUUID(),
    technicalcontact_email: 'nobody@example.test',
    timezone: 'UTC',
    'logging.handler': 'file',
    'enable.saml20-idp': true,
    'module.enable': { exampleauth: true, core: true, saml: true },
    'session.cookie.secure': false,
    'session.phpsession.savepath': `${directory}/sessions`,
    'store.type': 'phpsession',
    'language.default': 'en',
    'language.available': ['en'],
  };
  // An SP's metadata file is known from the next request on.
  return [
    '<?php',
    `$config = ${php(settings)};`,
    `$files = glob(${php(`${directory}/sp/*.xml`)});`,
    `$config['metadata.sources'] = array_merge([['type' => 'flatfile']], array_map(fn ($f) => ['type' => 'xml', 'file' => $f], $files));`,
    '',
  ].join('\n');
}

type Php = string | number | boolean | null | readonly Php[] | { readonly [key: string]: Php };

/**
 * A JSON-like value as a PHP literal. PHP turns the key '0' into the number, so objects serve for
 * numbered entries too.
 */
function php(value: Php): string {
  if (typeof value === 'string') return `'${value.replace(/['\\]/g, '\\$&')}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Array.isArray(value)
    ? value.map(php)
    : Object.entries(value).map(([key, entry]) => `${php(key)} => ${php(entry)}`);
  return `[${entries.join(', ')}]`;
}

function peopleSource(people: readonly SamlPerson[]): Php {
  const attributesOf = ({ uid, name, groups, department }: SamlPerson): Php => ({
    uid: [uid],
    mail: [`${uid}@example.test`],
    displayName: [name],
    ...(groups.length > 0 ? { groups } : {}),
    ...(department === undefined ? {} : { department: [department] }),
  });
  return {
    0: 'exampleauth:UserPass',
    ...Object.fromEntries(
      people.map(person => [`${person.uid}:${person.password}`, attributesOf(person)]),
    ),
  };
}

function hostedIdp(options: SimpleSamlPhpOptions): Php {
  const format = NAME_ID_FORMATS[options.nameIdFormat ?? 'persistent'];
  return {
    host: '__DEFAULT__',
    auth: 'people',
    privatekey: 'idp.key',
    certificate: 'idp.crt',
    'signature.algorithm': 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'saml20.sign.assertion': options.signAssertion ?? true,
    'saml20.sign.response': options.signResponse ?? true,
    'assertion.encryption': options.encryptAssertion ?? false,
    'validate.authnrequest': options.demandSignedRequests ?? false,
    NameIDFormat: format,
    ...(options.requestBinding !== undefined && {
      SingleSignOnServiceBinding: [
        `urn:oasis:names:tc:SAML:2.0:bindings:${options.requestBinding}`,
      ],
    }),
    authproc: {
      1: { class: 'saml:PersistentNameID', attribute: 'uid' },
      2: { class: 'saml:TransientNameID' },
      3: { class: 'saml:AttributeNameID', attribute: 'mail', Format: NAME_ID_FORMATS.email },
      ...(options.attributes === 'adfs'
        ? { 90: { class: 'core:AttributeMap', ...ADFS_ATTRIBUTES } }
        : {}),
    },
  };
}

function fpmConf(directory: string, asRoot: boolean): string {
  return [
    '[global]',
    'daemonize = no',
    `error_log = ${directory}/log/all.log`,
    '[idp]',
    ...(asRoot
      ? [
          'user = www-data',
          'group = www-data',
          'listen.owner = www-data',
          'listen.group = www-data',
        ]
      : []),
    `listen = ${directory}/fpm.sock`,
    'pm = static',
    'pm.max_children = 2',
    'php_admin_flag[display_errors] = off',
    `php_admin_value[error_log] = ${directory}/log/php.log`,
    `php_admin_value[session.save_path] = ${directory}/sessions`,
    `env[SIMPLESAMLPHP_CONFIG_DIR] = ${directory}/config`,
    '',
  ].join('\n');
}

function nginxConf(directory: string, port: number, asRoot: boolean): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    kind => `${kind}_temp_path ${directory}/nginx/${kind};`,
  );
  return `
${asRoot ? 'user www-data;' : ''}
daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/log/all.log;
events { worker_connections 64; }
http {
  access_log off; include /etc/nginx/mime.types; ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${port};
    location = /favicon.ico { return 204; }
    location ^~ /simplesaml/ {
      alias ${PROGRAM}/www/;
      location ~ ^/simplesaml(?<script>/.+?\\.php)(?<rest>/.*)?$ {
        include /etc/nginx/fastcgi_params;
        fastcgi_param HTTP_HOST $http_host;
        fastcgi_param SCRIPT_FILENAME ${PROGRAM}/www$script;
        fastcgi_param SCRIPT_NAME /simplesaml$script;
        fastcgi_param PATH_INFO $rest if_not_empty;
        fastcgi_pass unix:${directory}/fpm.sock;
      }
    }
  }
}
`;
}
