/**
 * The questions of `init` in their order, one row each: the option that answers it, when it
 * applies, what an answer must be, and how it is asked at a terminal.
 */
import type { Options } from '../command.ts';
import type { Answers } from './answers.ts';
import { askRules, askSecret } from './asking.ts';
import { isAddress } from './document.ts';
import {
  accountsIn,
  addressIn,
  baseUrlIn,
  choiceIn,
  claimsIn,
  clientIdIn,
  connectorIn,
  existingPathIn,
  listenIn,
  metadataIn,
  pathIn,
  rulesIn,
  secretIn,
} from './parsing.ts';
import { PROVIDER_IDS, PROVIDERS, type Protocol, protocolsOf } from './providers.ts';

/** Answers so far. */
export type Known = Partial<Answers>;

export interface Question<K extends keyof Answers = keyof Answers> {
  readonly key: K;
  /** The option and its value. */
  readonly option: string;
  /** The question at a terminal. Without one, it is not asked, and has a default. */
  readonly message?: (known: Known) => string;
  /** Default: always. */
  readonly applies?: (known: Known) => boolean;
  /** The texts of the options; empty if there is none. */
  readonly given: (options: Options) => readonly string[];
  /** The default; undefined if there is none. */
  readonly initial?: (known: Known, options: Options) => readonly string[] | undefined;
  /** What other answers or options leave as the only one; then it is not asked. */
  readonly implied?: (known: Known, options: Options) => readonly string[] | undefined;
  readonly example?: (known: Known) => string;
  /** The answers to choose from; a single one is not asked for. */
  readonly choices?: (known: Known) => readonly Choice[];
  readonly mayBeEmpty?: boolean;
  /** Throws `Invalid`. */
  readonly parse: (texts: readonly string[], known: Known) => Answers[K] | undefined;
  /** How it is asked, if not as one line of text. Throws `Cancelled`. */
  readonly ask?: (known: Known) => Promise<readonly string[]>;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Checks that the row is one of its key. */
function row<K extends keyof Answers>(question: Question<K>): Question {
  return question as unknown as Question;
}

const isSaml = ({ protocol }: Known): boolean => protocol !== 'oidc';
const isOidc = ({ protocol }: Known): boolean => protocol !== 'saml';

function one(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [text];
}

export const QUESTIONS: readonly Question[] = [
  row({
    key: 'baseUrl',
    option: '--base-url URL',
    message: () => 'Address of the bridge for browsers',
    given: options => one(options['base-url']),
    example: () => 'https://aws.example.com',
    parse: ([text]) => baseUrlIn(text!),
  }),
  row({
    key: 'provider',
    option: `--provider ${PROVIDER_IDS.join('|')}`,
    message: () => 'Identity provider',
    given: options => one(options.provider),
    choices: () => PROVIDER_IDS.map(value => ({ value, label: PROVIDERS[value].label })),
    parse: ([text]) => choiceIn(PROVIDER_IDS, text!),
  }),
  row({
    key: 'protocol',
    option: '--protocol saml|oidc',
    message: () => 'Protocol',
    given: options => one(options.protocol),
    implied: impliedProtocol,
    initial: ({ provider }) => (provider === undefined ? undefined : protocolsOf(provider)),
    choices: ({ provider = 'other' }) =>
      protocolsOf(provider).map(value => ({ value, label: PROTOCOLS[value] })),
    parse: ([text], { provider }) =>
      choiceIn(provider === undefined ? ['saml', 'oidc'] : protocolsOf(provider), text!),
  }),
  row({
    key: 'metadata',
    option: '--metadata URL|FILE (SAML)',
    message: () => 'SAML metadata of the provider: address or file',
    applies: isSaml,
    given: options => one(options.metadata),
    example: ({ provider = 'other' }) => PROVIDERS[provider].saml!.metadata,
    parse: ([text]) => metadataIn(text!, isAddress(text!)),
  }),
  row({
    key: 'entityId',
    option: '--entity-id ID (SAML)',
    applies: isSaml,
    given: options => one(options['entity-id']),
    initial: () => [],
    parse: ([text]) => text?.trim(),
  }),
  row({
    key: 'issuer',
    option: '--issuer URL (OpenID Connect)',
    message: () => 'Issuer of the provider',
    applies: isOidc,
    given: options => one(options.issuer),
    example: ({ provider = 'other' }) => (PROVIDERS[provider] as IssuerExample).oidc.issuer,
    parse: ([text]) => addressIn(text!),
  }),
  row({
    key: 'discovery',
    option: '--discovery URL (OpenID Connect)',
    applies: isOidc,
    given: options => one(options.discovery),
    initial: () => [],
    parse: ([text]) => (text === undefined ? undefined : addressIn(text)),
  }),
  row({
    key: 'clientId',
    option: '--client-id ID (OpenID Connect)',
    message: () => 'Client id of the bridge at the provider',
    applies: isOidc,
    given: options => one(options['client-id']),
    parse: ([text]) => clientIdIn(text!),
  }),
  row({
    key: 'connector',
    option: '--connector ID',
    given: ({ connector = [] }) => connector,
    initial: ({ provider = 'other' }) => [provider === 'other' ? 'sso' : provider],
    parse: texts => connectorIn(texts),
  }),
  row({
    key: 'clientSecret',
    option: '--client-secret-env NAME or --client-secret-file PATH',
    message: () => 'Where will the client secret be?',
    applies: isOidc,
    given: options => [
      ...one(options['client-secret-env']).map(name => `env:${name}`),
      ...one(options['client-secret-file']).map(path => `file:${path}`),
    ],
    initial: ({ connector = 'sso' }) => [`env:${secretName(connector)}`],
    parse: texts => secretIn(texts),
    ask: ({ connector = 'sso' }) => askSecret(secretName(connector)),
  }),
  row({
    key: 'claims',
    option: '--claim username|email|groups=NAME',
    given: ({ claim = [] }) => claim,
    initial: () => [],
    parse: texts => claimsIn(texts),
  }),
  row({
    key: 'accountsFile',
    option: '--accounts-file FILE',
    message: () => 'Output of aws organizations list-accounts: path of the file (empty: none)',
    applies: ({ accounts }) => accounts === undefined,
    given: options => one(options['accounts-file']),
    initial: () => [],
    mayBeEmpty: true,
    parse: ([text]) => (text === undefined || text === '' ? undefined : existingPathIn(text)),
  }),
  row({
    key: 'accounts',
    option: '--account ID=NAME (or --accounts-file FILE)',
    message: () => 'Accounts as ID=NAME, separated by commas',
    applies: ({ accountsFile }) => accountsFile === undefined,
    given: ({ account = [] }) => account,
    example: () => '111122223333=prod, 444455556666=dev',
    parse: texts => accountsIn(texts),
  }),
  row({
    key: 'trust',
    option: '--trust saml|web-identity',
    given: options => one(options.trust),
    initial: () => ['saml'],
    parse: ([text]) => choiceIn(['saml', 'web-identity'] as const, text!),
  }),
  row({
    key: 'rules',
    option: '--rule GROUP=ACCOUNT/ROLE',
    message: () => 'First rule',
    given: ({ rule = [] }) => rule,
    parse: (texts, { accounts }) => rulesIn(texts, accounts),
    ask: ({ accounts }) => askRules(accounts),
  }),
  row({
    key: 'listen',
    option: '--listen HOST:PORT',
    given: options => one(options.listen),
    initial: ({ baseUrl }) => [`127.0.0.1:${portOf(baseUrl)}`],
    parse: ([text]) => listenIn(text!),
  }),
  row({
    key: 'store',
    option: '--store FILE',
    given: options => one(options.store),
    initial: () => ['data/rolebridge.db'],
    parse: ([text]) => pathIn(text!),
  }),
  row({
    key: 'awsEndpoint',
    option: '--aws-endpoint URL',
    given: options => one(options['aws-endpoint']),
    initial: () => [],
    parse: ([text]) => (text === undefined ? undefined : addressIn(text)),
  }),
];

type IssuerExample = { readonly oidc: { readonly issuer: string } };

const PROTOCOLS: { readonly [P in Protocol]: string } = {
  saml: 'SAML 2.0',
  oidc: 'OpenID Connect',
};

function impliedProtocol(
  { provider }: Known,
  { metadata, issuer }: Options,
): readonly Protocol[] | undefined {
  const offered = provider === undefined ? [] : protocolsOf(provider);
  if (offered.length === 1) return offered;
  if (metadata !== undefined && issuer === undefined) return ['saml'];
  if (issuer !== undefined && metadata === undefined) return ['oidc'];
  return undefined;
}

/** Names of variables do not begin with a digit. */
function secretName(connector: string): string {
  const name = connector.toUpperCase().replaceAll('-', '_');
  return `${/^\d/.test(name) ? 'SSO_' : ''}${name}_CLIENT_SECRET`;
}

/** Without a proxy, the bridge listens where browsers go. */
function portOf(baseUrl: string | undefined): string {
  const { protocol, port } = URL.parse(baseUrl ?? '') ?? {};
  return protocol === 'http:' && port !== undefined && port !== '' ? port : '3000';
}
