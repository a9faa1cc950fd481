/** The configuration of the answers: its values, and what its comments say. */
import type { OidcProviderFacts } from '../../core/provider-facts.ts';
import type { AnyProviderFacts } from '../providers/judgement.ts';
import type { Answers, SecretPlace } from './answers.ts';
import type { Comment, Commented } from './commented-yaml.ts';
import type { ClaimNames, OidcRow, ProviderRow, SamlRow } from './provider-row.ts';
import { PROVIDERS } from './providers.ts';

/** Where the bridge keeps its signing keys, relative to the configuration. */
export const KEYS_DIRECTORY = 'certs';
/** The IAM SAML provider of the bridge in each account, as `trust` creates it. */
const IAM_PROVIDER = 'rolebridge';

export interface Draft {
  readonly answers: Answers;
  /** Undefined if the provider was not looked at. */
  readonly facts?: AnyProviderFacts | undefined;
  /** A path as the configuration names it. */
  readonly relative: (path: string) => string;
}

export function configurationOf(draft: Draft): Commented {
  const { answers } = draft;
  const isBehindProxy = answers.baseUrl.startsWith('https:');
  return {
    document: {
      baseUrl: answers.baseUrl,
      listen: answers.listen,
      ...(isBehindProxy && { proxy: { trusted: ['127.0.0.1/32'] } }),
      store: { sqlite: answers.store },
      issuer: { keys: { directory: KEYS_DIRECTORY } },
      connectors: [connectorOf(draft)],
      accounts: accountsOf(draft),
      access: answers.rules.map(({ group, account, role }) => ({
        ...{ groups: [group], accounts: [account], roles: [role] },
      })),
      ...(answers.awsEndpoint !== undefined && { aws: awsAt(answers.awsEndpoint) }),
    },
    head: HEAD,
    comments: [...COMMENTS, ...commentsOf(answers)],
    inline: [
      ['listen'],
      ['proxy', 'trusted'],
      ['issuer', 'keys'],
      ['aws', 'endpoints'],
      ['accounts', 'defaults'],
      ...['scopes', 'claims', 'clientSecret', 'stepUp'].map(key => ['connectors', 0, 'oidc', key]),
      ['connectors', 0, 'saml', 'metadata'],
      ['connectors', 0, 'logout'],
      ...answers.accounts.map((_, at) => ['accounts', at]),
      ...answers.rules.flatMap((_, at) =>
        ['groups', 'accounts', 'roles'].map(key => ['access', at, key]),
      ),
    ],
  };
}

function connectorOf(draft: Draft): object {
  const { provider, connector, protocol } = draft.answers;
  const row: ProviderRow = PROVIDERS[provider];
  const start = { id: connector, label: labelOf(draft.answers) };
  if (protocol === 'saml') {
    const { mfa } = row.saml!;
    return { ...start, ...(mfa && { mfa }), saml: samlOf(draft, row.saml!) };
  }
  const { backchannelLogout = false } = oidcFacts(draft) ?? {};
  return {
    ...{ ...start, oidc: oidcOf(draft, row.oidc!) },
    ...(backchannelLogout && { logout: { backchannel: true } }),
  };
}

function labelOf({ provider, connector }: Answers): string {
  return provider === 'other' ? connector : PROVIDERS[provider].label;
}

function samlOf({ answers, relative }: Draft, row: SamlRow): object {
  const { metadata = '', entityId } = answers;
  return {
    metadata: {
      ...(isAddress(metadata) ? { url: metadata } : { file: relative(metadata) }),
      ...(entityId !== undefined && { entityId }),
    },
    ...(row.subject !== undefined && { subject: row.subject }),
    attributes: claimNames(answers, row.claims),
    ...(row.encryption !== undefined && { encryption: row.encryption }),
  };
}

export function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

function oidcOf(draft: Draft, row: OidcRow): object {
  const { answers, relative } = draft;
  const authentication = row.clientAuthentication ?? clientAuthentication(oidcFacts(draft));
  return {
    issuer: answers.issuer,
    ...(answers.discovery !== undefined && { discovery: answers.discovery }),
    clientId: answers.clientId,
    clientSecret: secretReference(answers.clientSecret!, relative),
    ...(authentication !== undefined && { clientAuthentication: authentication }),
    scopes: scopesOf(draft, row),
    claims: claimNames(answers, row.claims),
    ...(row.groupSeparator !== undefined && { groupSeparator: row.groupSeparator }),
    ...(row.reauthenticate !== undefined && { reauthenticate: row.reauthenticate }),
  };
}

function oidcFacts({ facts }: Draft): OidcProviderFacts | undefined {
  return facts?.protocol === 'oidc' ? facts : undefined;
}

function secretReference(place: SecretPlace, relative: Draft['relative']): SecretPlace {
  return 'env' in place ? place : { file: relative(place.file) };
}

/** Undefined for the default, client_secret_basic. */
function clientAuthentication(facts: OidcProviderFacts | undefined): string | undefined {
  const offered = facts?.clientAuthentication ?? ['client_secret_basic'];
  if (offered.includes('client_secret_basic')) return undefined;
  return offered.includes('client_secret_post') ? 'client_secret_post' : undefined;
}

const SCOPES = ['openid', 'profile', 'email'];

/** Of an unknown provider, only scopes that it lists. */
function scopesOf(draft: Draft, { moreScopes = [] }: OidcRow): readonly string[] {
  const offered = oidcFacts(draft)?.scopes;
  if (offered === undefined)
    return draft.answers.provider === 'other' ? SCOPES : [...SCOPES, ...moreScopes];
  return [...SCOPES, ...moreScopes].filter(scope => scope === 'openid' || offered.includes(scope));
}

export function claimNames({ claims }: Answers, defaults: ClaimNames): ClaimNames {
  return { ...defaults, ...claims };
}

function accountsOf({ answers, relative }: Draft): object {
  const { accounts, accountsFile, trust } = answers;
  const shared = { trust, ...(trust === 'saml' && { provider: IAM_PROVIDER }) };
  if (accountsFile !== undefined) return { file: relative(accountsFile), defaults: shared };
  return accounts.map(({ id, name }) => ({ id, name, ...shared }));
}

/** Everything of AWS that a local one answers. */
function awsAt(endpoint: string): object {
  const base = endpoint.replace(/\/$/, '');
  return { endpoints: { sts: base, signin: base, console: `${base}/console` } };
}

const HEAD = `Configuration of rolebridge, written by rolebridge-server init.
After a change: rolebridge-server check, then reload the server (SIGHUP).
Every key with its default is in docs/configuration.md; this file must contain no secret.`;

const COMMENTS: readonly Comment[] = [
  {
    at: ['baseUrl'],
    text: 'The address of the bridge for browsers and terminals. It is part of what you enter at the identity provider and at AWS: change it there, too.',
  },
  {
    at: ['listen'],
    text: 'Where the server listens. TLS ends at a proxy in front (docs/deploy.md); open another address only behind one.',
  },
  {
    at: ['proxy'],
    text: 'The address of that proxy, and nothing wider: a trusted proxy says which address a user has.',
  },
  {
    at: ['store'],
    text: 'Sessions and the audit trail. For several instances, use `store.postgres` (docs/deploy.md).',
  },
  {
    at: ['issuer'],
    text: 'The signing keys. AWS trusts them: back this directory up, and keep it private (mode 0700).',
  },
  {
    at: ['connectors'],
    text: 'The identity provider (docs/identity-providers.md). The id is part of addresses and of the identity of every user: never change it.',
  },
  {
    at: ['connectors', 0, 'oidc', 'issuer'],
    text: 'Exactly as the provider names it, with or without a slash at the end.',
  },
  {
    at: ['connectors', 0, 'oidc', 'clientSecret'],
    text: 'Where the secret is; the secret itself is never in this file. A file needs mode 0600.',
  },
  {
    at: ['connectors', 0, 'oidc', 'claims'],
    text: 'The claims with the user name, the mail address and the groups.',
  },
  {
    at: ['connectors', 0, 'oidc', 'reauthenticate'],
    text: 'This provider documents no max_age; prompt=login asks for a newer sign-in.',
  },
  {
    at: ['connectors', 0, 'logout'],
    text: 'A sign-out at the provider ends the sessions here; register the address there.',
  },
  {
    at: ['connectors', 0, 'mfa'],
    text: 'What counts as a second factor for rules with require: { mfa: true }.',
  },
  {
    at: ['connectors', 0, 'saml', 'metadata'],
    text: 'With url, the bridge follows new certificates by itself. Replace a file when they change.',
  },
  {
    at: ['connectors', 0, 'saml', 'subject'],
    text: 'The attribute with the id of a user that never changes, instead of the NameID.',
  },
  {
    at: ['connectors', 0, 'saml', 'attributes'],
    text: 'The attributes with the user name, the mail address and the groups.',
  },
  {
    at: ['connectors', 0, 'saml', 'encryption'],
    text: 'This provider encrypts with AES-CBC as soon as it sees a key (docs/identity-providers.md).',
  },
  {
    at: ['access'],
    text: 'Who gets which role; what no rule gives is denied. Group names are compared exactly. Next steps: require: { mfa: true }, session settings, elevation (docs/elevation.md).',
  },
  {
    at: ['aws'],
    text: 'A local AWS instead of the real one. Remove this section for AWS.',
  },
];

function commentsOf({ accountsFile, trust }: Answers): readonly Comment[] {
  const how =
    trust === 'saml'
      ? 'The IAM SAML provider and the roles are created with: rolebridge-server trust.'
      : 'AWS fetches the keys of the bridge at baseUrl, which must be reachable from the internet. The IAM OIDC provider and the roles are created with: rolebridge-server trust.';
  const where =
    accountsFile === undefined
      ? 'The AWS accounts.'
      : 'The AWS accounts, as aws organizations list-accounts prints them; the file is read again at each reload.';
  return [{ at: ['accounts'], text: `${where} ${how}` }];
}
