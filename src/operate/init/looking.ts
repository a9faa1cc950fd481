/** Looks at the provider of the answers, and says what it says of itself. */
import { resolve } from 'node:path';
import type { ConnectorDescription } from '../../config/configuration.ts';
import { checkConfigurationText } from '../../config/load.ts';
import { type Finding, levelOf } from '../../core/finding.ts';
import { listed } from '../../core/listed.ts';
import type {
  OidcProviderFacts,
  ProviderInspector,
  SamlProviderFacts,
} from '../../core/provider-facts.ts';
import type { Instant } from '../../core/time.ts';
import { formatDay } from '../../core/time.ts';
import { type AnyProviderFacts, judged } from '../providers/judgement.ts';
import { withoutSlash } from '../providers/oidc-checks.ts';
import type { Answers } from './answers.ts';
import { commentedYaml } from './commented-yaml.ts';
import { configurationOf, isAddress } from './document.ts';
import type { Known } from './questions.ts';

export interface Looked {
  readonly facts: AnyProviderFacts;
  /** The answers, with the issuer as the provider spells it. */
  readonly known: Known;
  readonly findings: readonly Finding[];
}

/** Throws `ProviderFault`. */
export async function lookAt(
  known: Known,
  inspector: ProviderInspector,
  now: Instant,
): Promise<Looked> {
  if (known.protocol === 'saml') {
    const { metadata = '', entityId } = known;
    const location = isAddress(metadata) ? { url: metadata } : { file: resolve(metadata) };
    const facts = await inspector.saml({ ...location, entityId });
    return { facts, known, findings: await findingsOf(known, facts, now) };
  }
  const { issuer: asked = '', discovery } = known;
  const first = await inspector.oidc({ issuer: asked, discovery });
  // The library fetches the same document for both spellings; only one of them is the issuer.
  const isOtherSlash = first.issuer !== asked && withoutSlash(first.issuer) === withoutSlash(asked);
  const facts = isOtherSlash ? await inspector.oidc({ issuer: first.issuer, discovery }) : first;
  const spelled = isOtherSlash ? { ...known, issuer: first.issuer } : known;
  return { facts, known: spelled, findings: await findingsOf(spelled, facts, now) };
}

/** What is not answered yet; the connector does not depend on it. */
const PROVISIONAL = {
  ...{ provider: 'other', protocol: 'saml', claims: {} },
  ...{ baseUrl: 'https://aws.example.com', connector: 'sso' },
  ...{ clientId: 'any', clientSecret: { env: 'CLIENT_SECRET' } },
  accounts: [{ id: '111122223333', name: 'any' }],
  ...{ trust: 'web-identity', rules: [], store: ':memory:' },
  listen: { host: '127.0.0.1', port: 3000 },
} as const satisfies Answers;

async function findingsOf(
  known: Known,
  facts: AnyProviderFacts,
  now: Instant,
): Promise<readonly Finding[]> {
  const connector = await connectorOf(known, facts);
  return connector === undefined ? [] : judged(facts, connector, now);
}

/** The connector with every default, as a server would have it. */
async function connectorOf(
  known: Known,
  facts: AnyProviderFacts,
): Promise<ConnectorDescription | undefined> {
  const { accounts, rules, trust } = PROVISIONAL;
  const own = { accountsFile: undefined, accounts, rules, trust };
  const answers = { ...PROVISIONAL, ...known, ...own } as Answers;
  const text = commentedYaml(configurationOf({ answers, facts, relative: path => resolve(path) }));
  const checked = await checkConfigurationText(text, 'rolebridge.yaml', { secrets: 'none' });
  return checked.configuration?.connectors[0];
}

/** What the provider says of itself: lines to read. */
export function described({ facts, findings }: Looked): string[] {
  const told = findings.map(
    ({ message, fix = '', ...finding }) => `${LEVELS[levelOf(finding)]}: ${message} ${fix}`,
  );
  const lines = facts.protocol === 'saml' ? samlLines(facts) : oidcLines(facts);
  return [...lines, ...told.map(line => line.trim())];
}

const LEVELS = { ok: 'ok', note: 'note', warning: 'WARNING', error: 'ERROR' } as const;

function samlLines({ entityId, keys, nameIdFormats, ...facts }: SamlProviderFacts): string[] {
  const { attributes, wantsSignedRequests, validUntil } = facts;
  return [
    `entity id: ${entityId}`,
    ...keys.map(
      ({ name, type, bits, endsAt }) =>
        `signing certificate: ${type.toUpperCase()} ${bits ?? ''} until ${endsAt === undefined ? '?' : formatDay(endsAt)}, SHA-256 ${name.slice(0, 16)}...`,
    ),
    ...line('NameID formats', nameIdFormats.map(lastPart)),
    ...line('attributes', attributes),
    ...(wantsSignedRequests ? ['requests must be signed; the bridge does it'] : []),
    ...(validUntil === undefined ? [] : [`valid until ${formatDay(validUntil)}`]),
  ];
}

function oidcLines(facts: OidcProviderFacts): string[] {
  const { issuer, idTokenAlgorithms, scopes, claims, clientAuthentication } = facts;
  return [
    `issuer: ${issuer}`,
    ...line('signatures', idTokenAlgorithms),
    ...line('scopes', scopes),
    ...line('claims', claims),
    ...line('client authentication', clientAuthentication),
    ...line('PKCE', facts.codeChallengeMethods),
    ...line('step-up values', facts.acrValues),
    ...(facts.backchannelLogout ? ['back-channel logout: supported'] : []),
  ];
}

function line(name: string, values: readonly string[] | undefined): string[] {
  return values === undefined || values.length === 0 ? [] : [`${name}: ${listed(values)}`];
}

function lastPart(urn: string): string {
  return urn.split(':').at(-1)!;
}
