/** Identity providers: whether the bridge can read and use what they publish. */
import type { ConnectorDescription } from '../../config/configuration.ts';
import { type Finding, levelOf } from '../../core/finding.ts';
import { counted } from '../../core/listed.ts';
import {
  ProviderFault,
  type ProviderInspector,
  type PublishedEndpoint,
} from '../../core/provider-facts.ts';
import type { Instant } from '../../core/time.ts';
import { endpointsUsed, isSafe } from '../providers/endpoints.ts';
import { type AnyProviderFacts, faultFinding, judged, subjectOf } from '../providers/judgement.ts';
import { bounded } from './bounded.ts';
import type { Examination, Section } from './section.ts';

/** A provider can take seconds to fail. */
const AT_ONCE = 8;

export interface OpenedInspector {
  readonly inspector: ProviderInspector;
  close(): Promise<void>;
}

/** `open` can throw; the section then throws. */
export function connectorsSection(open: () => OpenedInspector): Section {
  return {
    name: 'connectors',
    title: 'Identity providers',
    async *examine(examination) {
      const { inspector, close } = open();
      try {
        yield* findingsOf(examination, inspector);
      } finally {
        await close();
      }
    },
  };
}

async function* findingsOf(
  { configuration, scope, clock, progress }: Examination,
  inspector: ProviderInspector,
): AsyncGenerator<Finding> {
  const connectors = configuration.connectors.filter(
    ({ id }) => scope.connectors.length === 0 || scope.connectors.includes(id),
  );
  const work = (connector: ConnectorDescription): Promise<readonly Finding[]> => {
    progress(`${subjectOf(connector)} (${connectors.length})`);
    return examined(connector, inspector, clock.now());
  };
  for await (const findings of bounded(connectors, work, AT_ONCE)) yield* findings;
}

async function examined(
  connector: ConnectorDescription,
  inspector: ProviderInspector,
  now: Instant,
): Promise<readonly Finding[]> {
  try {
    const facts = await factsOf(connector, inspector);
    const found = judged(facts, connector, now);
    const unanswered = await unansweredEndpoints(facts, { connector, inspector });
    const all = [...found, ...unanswered];
    if (all.some(finding => levelOf(finding) === 'error')) return all;
    // Notes and warnings do not hide that the provider can be used.
    const message = descriptionOf(facts);
    return [{ id: 'connectors.ok', subject: subjectOf(connector), message }, ...all];
  } catch (thrown) {
    if (thrown instanceof ProviderFault) return [faultFinding(thrown, connector)];
    throw thrown;
  }
}

function factsOf(
  connector: ConnectorDescription,
  inspector: ProviderInspector,
): Promise<AnyProviderFacts> {
  return connector.protocol === 'saml'
    ? inspector.saml(connector.metadata)
    : inspector.oidc(connector);
}

function descriptionOf({ keys, ...facts }: AnyProviderFacts): string {
  const used = keys.filter(({ unused }) => unused === undefined).length;
  const name = facts.protocol === 'saml' ? facts.entityId : facts.issuer;
  return `${name} answers, with ${counted(used, 'usable signing key')}.`;
}

/** Endpoints that reading the documents has not reached. Browsers alone use those of sign-ons. */
const OF_BROWSERS: readonly string[] = ['SingleSignOnService', 'authorization_endpoint'];
const OF_THE_BRIDGE: readonly string[] = ['token_endpoint', 'userinfo_endpoint'];

async function unansweredEndpoints(
  facts: AnyProviderFacts,
  { connector, inspector }: Parties,
): Promise<readonly Finding[]> {
  const reached = new Set(originsRead(facts, connector));
  const found: Finding[] = [];
  for (const { name, url } of endpointsInUse(facts, connector)) {
    const isOfBridge = OF_THE_BRIDGE.includes(name);
    const { origin } = URL.parse(url) ?? {};
    if (origin === undefined || reached.has(origin) || !isSafe(url, connector)) continue;
    reached.add(origin);
    const fault = await faultOf(inspector, url);
    if (fault === undefined) continue;
    found.push({
      id: isOfBridge ? 'connectors.endpoint-unreachable' : 'connectors.sign-on-unreachable',
      subject: subjectOf(connector),
      message: `The ${name} does not answer: ${fault.message}.`,
      fix: isOfBridge
        ? fault.fix
        : 'Users open this address in their browsers; it need not be reachable from this host.',
    });
  }
  return found;
}

/** Those of the bridge first: they matter more where both are on one host. */
function endpointsInUse(
  facts: AnyProviderFacts,
  connector: ConnectorDescription,
): readonly PublishedEndpoint[] {
  const endpoints = endpointsUsed(facts, connector);
  return [...OF_THE_BRIDGE, ...OF_BROWSERS].flatMap(used =>
    endpoints.filter(({ name }) => name === used),
  );
}

interface Parties {
  readonly connector: ConnectorDescription;
  readonly inspector: ProviderInspector;
}

function originsRead(facts: AnyProviderFacts, connector: ConnectorDescription): string[] {
  const read =
    connector.protocol === 'oidc'
      ? [
          connector.discovery ?? connector.issuer,
          facts.endpoints.find(({ name }) => name === 'jwks_uri')?.url,
        ]
      : ['url' in connector.metadata ? connector.metadata.url : undefined];
  return read.flatMap(url => URL.parse(url ?? '')?.origin ?? []);
}

async function faultOf(
  inspector: ProviderInspector,
  url: string,
): Promise<ProviderFault | undefined> {
  try {
    await inspector.reach(url);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ProviderFault) return thrown;
    throw thrown;
  }
}
