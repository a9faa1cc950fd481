/**
 * The bridge's configuration in the demo: a small but complete one, with every kind of rule, as a
 * newcomer would write it.
 */
import { join } from 'node:path';
import { DEMO_CLUSTER_ISSUER, DEMO_SERVICE_ACCOUNT } from './demo-cluster.ts';
import { DEMO_ACCOUNTS, DEMO_EXTERNAL_ID, DEMO_SAML_PROVIDER } from './demo-world.ts';

export interface DemoConfigOptions {
  readonly bridgeUrl: string;
  readonly oidcUrl: string;
  readonly samlUrl: string;
  readonly awsUrl: string;
  /** Where notifications go; without it there is no target. */
  readonly inboxUrl?: string | undefined;
  /** The origin of an application; without it there is none. */
  readonly photosUrl?: string | undefined;
  /** A file with the keys of the demo cluster; without it there are no workloads. */
  readonly clusterKeys?: string | undefined;
  /** Where keys, secrets and the database go; absolute. */
  readonly directory: string;
}

export const DEMO_OIDC_CONNECTOR = 'corp-oidc';
export const DEMO_SAML_CONNECTOR = 'corp-saml';
/** The application: its client id, and the role in prod that it uses. */
export const PHOTOS_CLIENT = 'photos';
export const PHOTOS_ROLE = 'PhotoUser';
export const DEMO_CLIENT_ID = 'rolebridge';
/** What both providers state for two factors (REFEDS). */
const DEMO_MULTI_FACTOR = 'https://refeds.org/profile/mfa';

/**
 * The files that the configuration refers to, below its directory, and what they must hold.
 * `inboxSecret` is needed with `inboxUrl`.
 */
export function demoSecrets(
  clientSecret: string,
  inboxSecret?: string,
): Readonly<Record<string, string>> {
  return {
    'secrets/oidc-client-secret': clientSecret,
    'secrets/partner-external-id': DEMO_EXTERNAL_ID,
    ...(inboxSecret !== undefined && { 'secrets/inbox': inboxSecret }),
  };
}

/** YAML text. Keep the secret files of `demoSecrets` in `directory`. */
export function demoConfig({
  bridgeUrl,
  oidcUrl,
  samlUrl,
  awsUrl,
  inboxUrl,
  photosUrl,
  clusterKeys,
  directory,
}: DemoConfigOptions): string {
  const { prod, staging, gov, partner } = DEMO_ACCOUNTS;
  const file = (...names: string[]): string => JSON.stringify(join(directory, ...names));
  const { hostname, port } = new URL(bridgeUrl);
  return `# Made by the demo at every start; changes are lost. The reference is docs/configuration.md.
baseUrl: ${bridgeUrl}
listen: { host: ${hostname}, port: ${port} }
store: { sqlite: ${file('rolebridge.db')} }
sessions: { idle: 1h, max: 12h }
help: { text: "Ask the platform team in #aws-access." }
shutdown: { delay: 0s } # no load balancer asks /readyz

connectors:
  - id: ${DEMO_OIDC_CONNECTOR}
    label: Acme Login
    oidc:
      issuer: ${oidcUrl}
      clientId: ${DEMO_CLIENT_ID}
      clientSecret: { file: ${file('secrets', 'oidc-client-secret')} }
      scopes: [openid, profile, email, groups]
      claims: { username: preferred_username, email: email, groups: groups }
      stepUp: { acrValues: ["${DEMO_MULTI_FACTOR}"] }
    refresh: { every: 15m, staleFor: 2h }
    logout: { backchannel: true }
  - id: ${DEMO_SAML_CONNECTOR}
    label: Acme AD FS
    saml:
      metadata: { url: ${samlUrl}/metadata }
      attributes: { username: uid, email: mail, groups: memberOf }
      stepUp: { authnContext: ["${DEMO_MULTI_FACTOR}"] }

issuer:
  saml: { entityId: ${bridgeUrl}/saml/idp }
  webIdentity: { audience: sts.amazonaws.com }
  keys: { directory: ${file('keys')} }

accounts:
  - { id: "${prod.id}", name: prod, trust: saml, provider: ${DEMO_SAML_PROVIDER}, region: ${prod.region}, environment: production, owner: Platform team, description: "The shop, as customers see it" }
  - { id: "${staging.id}", name: staging, trust: web-identity, region: ${staging.region}, environment: staging, color: blue, owner: Platform team }
  - { id: "${gov.id}", name: gov, partition: ${gov.partition}, region: ${gov.region}, trust: saml, provider: ${DEMO_SAML_PROVIDER} }
  - { id: "${partner.id}", name: partner, region: ${partner.region}, via: { account: prod, role: BridgeHub, externalId: { file: ${file('secrets', 'partner-external-id')} } } }
${photosUrl === undefined ? '' : applicationAt(photosUrl)}
access:${photosUrl === undefined ? '' : PHOTO_USERS}
  - name: admins
    groups: [aws-admins]
    connectors: [${DEMO_OIDC_CONNECTOR}, ${DEMO_SAML_CONNECTOR}] # whose groups count: both know the same people
    accounts: [prod, staging, gov]
    roles: [Admin]
    session:
      duration: 4h
      console: 8h
      sourceIdentity: "{sessionName}"
      tags: { Department: "{attributes.department|none}", Email: "{email|none}" }
      transitiveTags: [Department]
    require: { mfa: true, authenticatedWithin: 8h }

  - name: partner-audit
    groups: [aws-admins]
    connectors: [${DEMO_OIDC_CONNECTOR}, ${DEMO_SAML_CONNECTOR}]
    accounts: [partner]
    roles: [Auditor]
    session:
      duration: 1h # a role that is reached through a hub gives an hour at most
      sourceIdentity: "{sessionName}"
      tags: { Department: "{attributes.department|none}", Email: "{email|none}" }
      transitiveTags: [Department]
    require: { mfa: true, authenticatedWithin: 8h }

  - name: developers
    groups: [developers]
    connectors: [${DEMO_OIDC_CONNECTOR}, ${DEMO_SAML_CONNECTOR}]
    accounts: [prod, staging]
    roles: [Developer]
    session:
      duration: 2h
      console: 4h
      sourceIdentity: "{sessionName}"
      tags: { Department: "{attributes.department|none}", Email: "{email|none}" }

  - name: developers-look
    groups: [developers]
    connectors: [${DEMO_OIDC_CONNECTOR}, ${DEMO_SAML_CONNECTOR}]
    accounts: [prod]
    roles: [ReadOnly]
    session: { duration: 4h, sourceIdentity: "{sessionName}" } # the role itself allows one hour

  - name: by-group-name # aws-staging-ReadOnly gives ReadOnly in staging
    groupPattern: "aws-{account}-{role}"
    connectors: [${DEMO_OIDC_CONNECTOR}, ${DEMO_SAML_CONNECTOR}]
    roles: [ReadOnly, Developer, Owner] # a bound: Admin always requires mfa
    session: { duration: 1h, sourceIdentity: "{sessionName}" }

  - name: operate-on-request # given for a time, after an approval
    groups: [developers]
    connectors: [${DEMO_OIDC_CONNECTOR}] # one connector: no second account of a user can approve
    accounts: [prod]
    roles: [Operator]
    session:
      sourceIdentity: "{sessionName}"
      tags: { Department: "{attributes.department|none}", Email: "{email|none}" }
    elevation:
      approvers: [{ groups: [aws-admins], connectors: [${DEMO_OIDC_CONNECTOR}] }]
      longest: 4h
      reason: required
      breakGlass: { groups: [developers], connectors: [${DEMO_OIDC_CONNECTOR}], review: 24h }

administration:
  administrators: { groups: [aws-admins], connectors: [${DEMO_OIDC_CONNECTOR}, ${DEMO_SAML_CONNECTOR}] }

aws:
  endpoints: { sts: ${awsUrl}, signin: ${awsUrl}, console: ${awsUrl}/console }
${[
  inboxUrl === undefined ? '' : notificationsTo(inboxUrl, file('secrets', 'inbox')),
  clusterKeys === undefined ? '' : workloadsOf(bridgeUrl, clusterKeys),
].join('')}`;
}

function applicationAt(url: string): string {
  return `
applications:
  - id: ${PHOTOS_CLIENT}
    name: Photos
    kind: spa
    redirectUris: ["${url}/"]
    origins: ["${url}"]
    roles: [{ account: prod, role: ${PHOTOS_ROLE} }]
    max: 8h
`;
}

/** The local AWS lets such a user list and read what is below their own name. */
const PHOTO_USERS = `
  - name: photo-users
    groups: [developers, aws-admins]
    connectors: [${DEMO_OIDC_CONNECTOR}, ${DEMO_SAML_CONNECTOR}]
    accounts: [prod]
    roles: [${PHOTOS_ROLE}]
    session:
      duration: 1h
      sourceIdentity: "{sessionName}"
      tags: { User: "{username|{person}}" } # policies know users by this tag
`;

function notificationsTo(url: string, secretFile: string): string {
  return `
notifications:
  - { id: inbox, webhook: { url: ${url}, secret: { file: ${secretFile} } } }
`;
}

function workloadsOf(bridgeUrl: string, keys: string): string {
  const { namespace, name } = DEMO_SERVICE_ACCOUNT;
  return `
workloads:
  - id: demo-cluster # curl with the token of its pod: docs/workloads.md
    issuer: ${DEMO_CLUSTER_ISSUER}
    jwks: { file: ${JSON.stringify(keys)} }
    audience: ${bridgeUrl}
    access:
      - name: uploads
        claims: { sub: "system:serviceaccount:${namespace}:${name}" }
        accounts: [staging]
        roles: [Uploader]
        session:
          sourceIdentity: "{sessionName}"
          tags: { Namespace: "{claims.kubernetes.io.namespace|none}" }
`;
}
