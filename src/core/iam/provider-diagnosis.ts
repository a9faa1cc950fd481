/**
 * The identity providers of an account, as IAM has them, against those that the plan needs.
 *
 * Owns: which provider was meant, whether it knows our key, issuer and audience. Does not own: XML
 * (a port reads metadata documents).
 */
import type { Finding } from '../finding.ts';
import type { ConnectorId } from '../identity.ts';
import { listed } from '../listed.ts';
import { withoutScheme } from '../role.ts';
import { DAY, type Instant } from '../time.ts';
import type { AccountPlan, OidcProviderPlan, SamlProviderPlan } from '../trust/plan.ts';
import { findIn, type IamOidcProvider, type IamSamlProvider, type IamState } from './state.ts';

/** A metadata document, as far as IAM uses it. */
export interface SigningFacts {
  readonly entityId: string;
  /** SHA-256 of the certificates in hexadecimal. */
  readonly certificates: readonly string[];
  readonly validUntil?: Instant | undefined;
}

/** Whose assertions are sent to AWS. */
export type Signer = 'bridge' | ConnectorId;

export interface ProviderContext {
  /** What each signs with now; one that is missing is unknown. */
  readonly signers: ReadonlyMap<Signer, SigningFacts>;
  /** The facts of a document, or why it cannot be read, as the end of a sentence. */
  readonly readMetadata: (xml: string) => SigningFacts | { readonly unreadable: string };
  readonly now: Instant;
}

export interface ProviderDiagnosis {
  readonly findings: readonly Finding[];
  /** By the ARN of the plan: the provider that stands in its place under another name. */
  readonly inPlaceOf: ReadonlyMap<string, string>;
}

/** A document that ends sooner is a warning. */
const SOON = 30 * DAY * 1000;

export function diagnoseProviders(
  plan: AccountPlan,
  state: IamState,
  context: ProviderContext,
): ProviderDiagnosis {
  const saml = plan.samlProvider && diagnoseSaml(plan, plan.samlProvider, { state, context });
  const oidc = plan.oidcProviders.map(provider => diagnoseOidc(plan, provider, state));
  const all = saml === undefined ? oidc : [saml, ...oidc];
  return {
    findings: all.flatMap(({ findings }) => findings),
    inPlaceOf: new Map(all.flatMap(({ inPlaceOf }) => [...inPlaceOf])),
  };
}

const NOTHING_ELSE: ReadonlyMap<string, string> = new Map();

// ---------------------------------------------------------------- SAML

interface Looking {
  readonly state: IamState;
  readonly context: ProviderContext;
}

function diagnoseSaml(
  { account }: AccountPlan,
  wanted: SamlProviderPlan,
  { state, context }: Looking,
): ProviderDiagnosis {
  const subject = `${account.name} saml-provider/${wanted.name}`;
  const provider = findIn(state.samlProviders, ({ arn }) => arn === wanted.arn);
  if (provider === 'unknown') return only(unknownPart(subject, 'the SAML providers'));
  if (provider !== 'missing')
    return {
      findings: faultsOfDocument(provider, wanted, context).map(fault => ({ subject, ...fault })),
      inPlaceOf: NOTHING_ELSE,
    };
  const { items } = state.samlProviders;
  const standIn = samlStandIn(items, wanted, context);
  if (standIn !== undefined)
    return {
      findings: [
        {
          id: 'iam.saml-provider-name',
          subject,
          message: 'The account has the SAML provider under another name.',
          fix: 'Write its name as "provider" in the trust of the account; names are case-sensitive.',
          expected: wanted.arn,
          found: standIn.arn,
        },
      ],
      inPlaceOf: new Map([[wanted.arn, standIn.arn]]),
    };
  return only({
    id: 'iam.saml-provider-missing',
    subject,
    message: 'The account does not have this IAM SAML provider.',
    fix: 'Create it: "rolebridge-server trust" prints it with its metadata.',
    expected: wanted.arn,
    found: items.length === 0 ? 'no SAML provider' : listed(items.map(({ arn }) => arn)),
  });
}

/** A provider that was made for the same issuer, or whose name differs in its case alone. */
function samlStandIn(
  providers: readonly IamSamlProvider[],
  wanted: SamlProviderPlan,
  { signers, readMetadata }: ProviderContext,
): IamSamlProvider | undefined {
  const entityId = signers.get(wanted.connector ?? 'bridge')?.entityId;
  const isOfIssuer = ({ metadata }: IamSamlProvider): boolean => {
    if (metadata === undefined || entityId === undefined) return false;
    const facts = readMetadata(metadata);
    return 'entityId' in facts && facts.entityId === entityId;
  };
  return (
    providers.find(({ arn }) => arn.toLowerCase() === wanted.arn.toLowerCase()) ??
    providers.find(isOfIssuer)
  );
}

type Fault = Omit<Finding, 'subject'>;

const UPLOAD =
  'Upload the current metadata to the provider (aws iam update-saml-provider); "rolebridge-server trust" prints it.';

function faultsOfDocument(
  { metadata, validUntil }: IamSamlProvider,
  wanted: SamlProviderPlan,
  { signers, readMetadata, now }: ProviderContext,
): readonly Fault[] {
  const expected = signers.get(wanted.connector ?? 'bridge');
  if (metadata === undefined) return [...faultsOfEnd(validUntil, now), UNKNOWN_DOCUMENT];
  const facts = readMetadata(metadata);
  if ('unreadable' in facts)
    return [
      {
        id: 'iam.saml-metadata-unreadable',
        message: `The metadata document of the provider ${facts.unreadable}.`,
        fix: UPLOAD,
      },
    ];
  const ends = [validUntil, facts.validUntil].filter(end => end !== undefined);
  const ended = faultsOfEnd(ends.length === 0 ? undefined : Math.min(...ends), now);
  if (expected === undefined) return ended;
  if (facts.entityId !== expected.entityId)
    return [
      ...ended,
      {
        id: 'iam.saml-metadata-issuer',
        message: 'The provider was made with the metadata of another issuer.',
        fix: UPLOAD,
        expected: expected.entityId,
        found: facts.entityId,
      },
    ];
  if (expected.certificates.some(certificate => facts.certificates.includes(certificate)))
    return ended;
  return [
    ...ended,
    {
      id: 'iam.saml-metadata-key',
      message: 'The metadata of the provider is older than the key that signs now.',
      fix: UPLOAD,
      expected: `SHA-256 ${listed(expected.certificates)}`,
      found: facts.certificates.length === 0 ? 'none' : `SHA-256 ${listed(facts.certificates)}`,
    },
  ];
}

const UNKNOWN_DOCUMENT: Fault = {
  id: 'iam.unknown',
  message: 'The metadata document of the provider is not known.',
  fix: 'Add the output of aws iam get-saml-provider.',
};

function faultsOfEnd(end: Instant | undefined, now: Instant): readonly Fault[] {
  if (end === undefined || end - now > SOON) return [];
  const found = `valid until ${new Date(end).toISOString()}`;
  return end <= now
    ? [
        {
          id: 'iam.saml-metadata-expired',
          message: 'The metadata of the provider has expired.',
          fix: UPLOAD,
          found,
        },
      ]
    : [
        {
          id: 'iam.saml-metadata-expires',
          message: 'The metadata of the provider expires soon.',
          fix: UPLOAD,
          found,
        },
      ];
}

// ---------------------------------------------------------------- OpenID

function diagnoseOidc(
  { account }: AccountPlan,
  wanted: OidcProviderPlan,
  { oidcProviders }: IamState,
): ProviderDiagnosis {
  const subject = `${account.name} oidc-provider/${withoutScheme(wanted.url)}`;
  const provider = findIn(oidcProviders, ({ arn }) => arn === wanted.arn);
  if (provider === 'unknown') return only(unknownPart(subject, 'the OpenID providers'));
  if (provider !== 'missing') return audiences(subject, wanted, provider);
  const standIn = oidcProviders.items.find(({ url }) => plain(url) === plain(wanted.url));
  if (standIn !== undefined)
    return {
      findings: [
        {
          id: 'iam.oidc-issuer',
          subject,
          message: 'The account has the OpenID provider with its issuer spelled otherwise.',
          fix: 'The URL of a provider cannot be changed. Create it again with the issuer, character by character.',
          expected: wanted.url,
          found: `https://${standIn.url}`,
        },
      ],
      inPlaceOf: new Map([[wanted.arn, standIn.arn]]),
    };
  return only({
    id: 'iam.oidc-provider-missing',
    subject,
    message: 'The account does not have this IAM OpenID Connect provider.',
    fix: 'Create it: "rolebridge-server trust" prints it.',
    expected: wanted.arn,
    found:
      oidcProviders.items.length === 0
        ? 'no OpenID provider'
        : listed(oidcProviders.items.map(({ arn }) => arn)),
  });
}

/** An issuer without what people write differently: scheme, case, `www.`, port, final slash. */
function plain(url: string): string {
  return withoutScheme(url)
    .toLowerCase()
    .replace(/^www\./, '')
    .replace(/^([^/:]*):\d+/, '$1')
    .replace(/\/(?:\.well-known\/openid-configuration)?$/, '');
}

function audiences(
  subject: string,
  { clientIds: wanted }: OidcProviderPlan,
  { clientIds }: IamOidcProvider,
): ProviderDiagnosis {
  if (clientIds === undefined)
    return only({
      id: 'iam.unknown',
      subject,
      message: 'The client ids of the provider are not known.',
      fix: 'Add the output of aws iam get-open-id-connect-provider.',
    });
  const missing = wanted.filter(id => !clientIds.includes(id));
  if (missing.length === 0) return NO_FAULT;
  return only({
    id: 'iam.oidc-audience',
    subject,
    message: 'The audience of the tokens is not among the client ids of the provider.',
    fix: 'Add it (aws iam add-client-id-to-open-id-connect-provider), or correct the audience in the configuration.',
    expected: listed(missing),
    found: clientIds.length === 0 ? 'no client id' : listed(clientIds),
  });
}

// ---------------------------------------------------------------- findings

const NO_FAULT: ProviderDiagnosis = { findings: [], inPlaceOf: NOTHING_ELSE };

function only(finding: Finding): ProviderDiagnosis {
  return { findings: [finding], inPlaceOf: NOTHING_ELSE };
}

function unknownPart(subject: string, what: string): Finding {
  return { id: 'iam.unknown', subject, message: `The data does not say all of ${what}.` };
}
