/**
 * What the answer to a probe means, by the codes and texts of STS. STS has one sentence for many
 * causes: then the finding names all that fit what was sent.
 */
import type { AwsAnswer } from './aws-answer.ts';
import type { BridgeError } from './errors.ts';
import type { Finding, FindingId } from './finding.ts';
import { listed } from './listed.ts';
import type { Probe } from './probe.ts';
import { type Account, isOfAws, roleArn, samlProviderArn, type Trust } from './role.ts';

type Meaning = readonly [id: FindingId, message: string, fix: string];

interface Refused {
  readonly probe: Probe;
  readonly aws: AwsAnswer;
}

const UPLOAD =
  'Upload the current metadata of the bridge (BASE-URL/saml/idp/metadata) to the IAM SAML provider.';

/** Texts of STS that say more than their code. */
const BY_TEXT: readonly (readonly [text: RegExp, meaning: (of: Refused) => Meaning])[] = [
  [
    /Response signature invalid/,
    () => [
      'probes.signature',
      'The IAM SAML provider does not have the key that signs: its metadata is of an older key.',
      UPLOAD,
    ],
  ],
  [
    /Issuer not present in specified provider/,
    () => ['probes.issuer', 'The IAM SAML provider was made for another entity id.', UPLOAD],
  ],
  [
    /Specified provider doesn't exist/,
    of => [
      'probes.provider-missing',
      `The account has no IAM SAML provider ${providerOf(of)}.`,
      'Create it with the output of "rolebridge-server trust", or correct provider in the configuration.',
    ],
  ],
  [
    /No OpenIDConnect provider found/,
    () => [
      'probes.provider-missing',
      'The account has no IAM OpenID Connect provider for the issuer of the bridge.',
      'Create one whose URL is exactly baseUrl: "rolebridge-server trust" writes it.',
    ],
  ],
  [
    /required audience|Incorrect token audience/,
    () => [
      'probes.audience',
      'AWS expects another audience than the bridge sends.',
      'Add the audience to the client ids of the IAM OpenID Connect provider, or correct samlAudience of the partition.',
    ],
  ],
  [
    /Couldn't retrieve verification key|doesn't match configured thumbprint/,
    () => [
      'probes.keys-unreachable',
      'AWS could not read the keys of the bridge from its base URL.',
      '/.well-known/openid-configuration and the key set must answer on public https, by a certificate that AWS trusts or whose thumbprint the IAM provider has.',
    ],
  ],
];

const CLOCK: Meaning = [
  'probes.clock',
  'AWS finds the proof of the bridge expired or too old.',
  'Synchronize the clock of this host.',
];
const HUB_SESSION: Meaning = [
  'probes.hub-denied',
  'AWS rejected the session of the hub role that it had just given.',
  'Look whether the hub role was deleted and created again, and synchronize the clock of this host.',
];
const REQUEST: Meaning = [
  'probes.request-invalid',
  'AWS rejects a value that the rule sends: a managed session policy that does not exist, a tag, or the source identity.',
  'Correct policyArns, tags or sourceIdentity of the rule.',
];

/** By the code on the wire, without a final `Exception` (STS API reference, "Errors"). */
const BY_CODE: Readonly<Record<string, (of: Refused) => Meaning>> = {
  AccessDenied: denied,
  ExpiredToken: () => CLOCK,
  IDPCommunicationError: () => [
    'probes.keys-unreachable',
    'AWS cannot reach the base URL of the bridge for its keys.',
    '/.well-known/openid-configuration and the key set must answer on public https.',
  ],
  IDPRejectedClaim: proofRejected,
  InvalidIdentityToken: proofRejected,
  InvalidClientTokenId: () => HUB_SESSION,
  SignatureDoesNotMatch: () => HUB_SESSION,
  MalformedPolicyDocument: () => REQUEST,
  ValidationError: () => REQUEST,
  PackedPolicyTooLarge: ({ aws }) => [
    'probes.too-large',
    `The session policies and tags of the rule exceed the limit of AWS${aws.text === undefined ? '' : ` (${aws.text})`}.`,
    'Use fewer or shorter tags, or fewer managed session policies.',
  ],
  RegionDisabled: ({ probe: { account } }) => [
    'probes.region-disabled',
    `STS is not active in region ${account.region} for the account.`,
    'Activate it in the account settings of IAM, or give the account another region in the configuration.',
  ],
};

/** What a refused probe is as a finding. */
export function refusalFinding(probe: Probe, error: BridgeError): Finding {
  const [id, message, fix] = meaningOf(probe, error);
  return { id, subject: subjectOf(probe), message, found: error.message, fix };
}

/** `prod/Admin (admins)`: the role and the rules. */
export function subjectOf({ account, role, rules }: Probe): string {
  return `${account.name}/${role} (${listed(rules)})`;
}

function meaningOf(probe: Probe, { aws, code }: BridgeError): Meaning {
  if (aws === undefined && code === 'session_settings_invalid')
    return [
      'probes.too-large',
      'The proof with the tags of the rule is larger than AWS accepts.',
      'Use fewer or shorter tags.',
    ];
  if (aws === undefined) return UNKNOWN;
  if (!aws.isAnswered)
    return [
      'probes.no-answer',
      `${stsOf(probe.account)} does not answer.`,
      'Look at the name, the firewall and the proxy (HTTPS_PROXY) of this host.',
    ];
  if (aws.isPassing)
    return [
      'probes.throttled',
      'STS throttled the probe or had an internal error, also after pauses.',
      'Try it again later, with --account or --role.',
    ];
  if (!isOfAws(probe.account)) return refusedByOwnSts(probe, aws);
  const refused = { probe, aws };
  const byText = BY_TEXT.find(([text]) => aws.text !== undefined && text.test(aws.text));
  if (byText !== undefined) return byText[1](refused);
  const byCode = aws.code === undefined ? undefined : rowOf(aws.code);
  return byCode?.(refused) ?? UNKNOWN;
}

function stsOf({ stsEndpoint, region }: Account): string {
  return stsEndpoint === undefined ? `STS of region ${region}` : `The STS at ${stsEndpoint}`;
}

function refusedByOwnSts({ account }: Probe, { code }: AwsAnswer): Meaning {
  return code === undefined
    ? [
        'probes.sts-refused',
        `What answers at ${account.stsEndpoint} is not an STS.`,
        'Correct endpoints.sts of the account.',
      ]
    : [
        'probes.sts-refused',
        `${stsOf(account)} rejects the role (${code}).`,
        'Compare the role, its trust policy and the OpenID Connect provider there with docs/sts-stores.md.',
      ];
}

const UNKNOWN: Meaning = [
  'probes.refused',
  'AWS refuses the call for a reason that it does not say.',
  'CloudTrail of the account has the call under its request id.',
];

function rowOf(code: string): ((of: Refused) => Meaning) | undefined {
  return Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
}

// ---------------------------------------------------------------- one sentence for many causes

const NAME_IT =
  'STS does not say which. "rolebridge-server doctor --iam FILE" or "--aws-profile NAME" names the cause by the data of IAM.';

function denied(refused: Refused): Meaning {
  const { probe, aws } = refused;
  const { account, role, isByPattern } = probe;
  const causes = `Possible causes: ${causesOf(refused).join('; ')}.`;
  if (aws.role !== roleArn(account, role))
    return ['probes.hub-denied', `AWS denies the hub role ${aws.role}. ${causes}`, NAME_IT];
  if (isByPattern)
    return [
      'probes.denied-by-pattern',
      `A group can name this role, and AWS denies it. If no group does, nothing is wrong. ${causes}`,
      NAME_IT,
    ];
  return ['probes.denied', `AWS denies the role to the bridge. ${causes}`, NAME_IT];
}

function causesOf({ probe, aws }: Refused): readonly string[] {
  const { account, role, session } = probe;
  const isHubCall = aws.role !== roleArn(account, role);
  const { trust } = account;
  const by = isHubCall && trust.by === 'hub' ? trust.hub.trust.by : trust.by;
  return [
    'the role does not exist, or its name differs in case or path',
    OF_TRUST[by](isHubCall && trust.by === 'hub' ? trust.hub : account),
    ...(session.tags.length > 0 ? ['the trust policy does not allow sts:TagSession'] : []),
    ...(session.sourceIdentity === undefined
      ? []
      : ['the trust policy does not allow sts:SetSourceIdentity']),
    'a condition of the trust policy is not met, also one that only the sample values do not meet',
  ];
}

const OF_TRUST: { readonly [B in Trust['by']]: (account: Account) => string } = {
  saml: account =>
    `the trust policy does not name ${'provider' in account.trust ? samlProviderArn(account, account.trust.provider) : 'the provider'}, or expects another saml:aud`,
  'web-identity': () =>
    'the trust policy does not name the IAM OpenID Connect provider of the bridge, or expects another audience or subject',
  hub: ({ trust }) =>
    trust.by === 'hub'
      ? `the trust policy does not name ${roleArn(trust.hub, trust.role)}, or expects another external id; or the policy of the hub role does not allow the call`
      : 'the trust policy does not name the hub role',
  'corporate-saml': () => 'the trust policy does not name the IAM SAML provider',
  'corporate-web-identity': () => 'the trust policy does not name the IAM OpenID Connect provider',
};

function proofRejected({ probe }: Refused): Meaning {
  const { trust } = probe.account;
  const by = trust.by === 'hub' ? trust.hub.trust.by : trust.by;
  if (by === 'saml')
    return [
      'probes.proof-rejected',
      'AWS rejects the SAML response of the bridge: the IAM SAML provider has the metadata of another key or issuer.',
      UPLOAD,
    ];
  return [
    'probes.proof-rejected',
    'AWS rejects the token of the bridge: the URL or the client ids of the IAM OpenID Connect provider differ, or AWS cannot read the keys of the bridge.',
    'Compare the IAM provider with the output of "rolebridge-server trust".',
  ];
}

function providerOf({ probe }: Refused): string {
  const { account } = probe;
  const of = account.trust.by === 'hub' ? account.trust.hub : account;
  return 'provider' in of.trust ? of.trust.provider : 'of the configured name';
}
