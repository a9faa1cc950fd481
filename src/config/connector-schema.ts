/** The grammar of `connectors`, and of lists that must not be empty. */
import { z } from 'zod';
import { HOUR, MINUTE } from '../core/time.ts';
import { connectorId } from './aws-values.ts';
import { url } from './network-values.ts';
import { filePath, secret } from './reference-values.ts';
import { checked, choice, duration, flag, pattern, text, token } from './values.ts';

const DAY = 24 * HOUR;

/** A list with an item. */
export const atLeastOne = <T extends z.ZodType>(item: T, what: string) =>
  checked(z.array(item), value =>
    (value as unknown[]).length > 0
      ? undefined
      : { message: 'is an empty list.', fix: `Write at least one ${what}.` },
  );

/**
 * What counts as multi-factor unless the connector says otherwise: RFC 8176 `mfa`, the REFEDS MFA
 * profile, Entra ID and AD FS, the PAPE policy that several OpenID providers answer with, and the
 * SAML classes that are two-factor by definition (SAML 2.0 Authentication Context, section 3.4).
 */
const MULTI_FACTOR_METHODS = [
  'mfa',
  'https://refeds.org/profile/mfa',
  'http://schemas.microsoft.com/claims/multipleauthn',
  'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered',
];

const claims = z.strictObject({
  username: token(256)
    .prefault('preferred_username')
    .describe("The user name. It is part of every role session's name."),
  email: token(256).prefault('email').describe('The mail address.'),
  groups: token(256).prefault('groups').describe('The groups, one or many.'),
  displayName: token(256)
    .optional()
    .meta({ description: 'The name that pages show.', default: '`name`, else `displayName`' }),
});

const attributes = z.strictObject({
  username: token(256).meta({
    description: "The user name. It is part of every role session's name.",
    example: 'uid',
  }),
  email: token(256).meta({ description: 'The mail address.', example: 'mail' }),
  groups: token(256).meta({ description: 'The groups, one or many.', example: 'memberOf' }),
  displayName: token(256)
    .optional()
    .meta({ description: 'The name that pages show.', default: '`name`, else `displayName`' }),
});

const oidcStepUp = z.strictObject({
  acrValues: atLeastOne(token(256), 'value').meta({
    description:
      'The values that the bridge requests when a rule requires `mfa`. They count as multi-factor, as those of `mfa` do.',
    example: '[phr]',
  }),
  parameter: choice(['acr_values', 'claims'])
    .prefault('acr_values')
    .describe(
      'How the bridge requests these values: in `acr_values`, or as an essential claim in `claims`, which the provider must satisfy or answer with an error.',
    ),
  claim: choice(['acr', 'acrs'])
    .prefault('acr')
    .describe(
      'The claim that contains the answer. `acrs` is the claim of Entra ID for authentication contexts; the bridge always requests it in `claims`.',
    ),
});

const samlStepUp = z.strictObject({
  authnContext: atLeastOne(token(1024), 'value').meta({
    description:
      'The `AuthnContextClassRef` values that the bridge requests when a rule requires `mfa`. They count as multi-factor, as those of `mfa` do.',
    example: '["https://refeds.org/profile/mfa"]',
  }),
  comparison: choice(['exact', 'minimum', 'better', 'maximum'])
    .prefault('exact')
    .describe('How the identity provider compares its authentication context with these values.'),
});

const refresh = z.strictObject({
  every: duration({ min: MINUTE, max: DAY })
    .prefault('15m')
    .describe(
      'The age of the last answer after which the next request of a user causes a refresh.',
    ),
  staleFor: duration({ min: MINUTE, max: DAY })
    .prefault('2h')
    .describe(
      'How long the bridge uses the last answer while the provider fails. Afterwards it hands out nothing.',
    ),
});

const logout = z.strictObject({
  backchannel: flag()
    .prefault(false)
    .describe(
      'Accepts OpenID Connect Back-Channel Logout at `{baseUrl}/oidc/{id}/backchannel-logout`.',
    ),
  endsTerminals: flag()
    .prefault(false)
    .describe(
      'Whether such a sign-out also ends sessions in terminals. With false, it ends browser sessions alone.',
    ),
});

/** How a text or an object contains the groups; the same for both protocols. */
const groupForms = {
  groupSeparator: pattern(
    'separator',
    /^[^\p{L}\p{N}\p{C}\p{Zl}\p{Zp}[\]{}"]{1,8}$/u,
    'the characters between two groups, such as "," or ";", without letters, digits and brackets',
  )
    .optional()
    .meta({
      description:
        'The separator between groups, if the provider sends them in one text. Spaces around a group, empty groups, and brackets around the whole text (`[a, b]`) are ignored. Use it only if no user can choose the name of a group. Either this or `groupsFormat`.',
      example: '","',
    }),
  groupsFormat: choice(['json', 'keys'])
    .optional()
    .describe(
      'The groups are `json` text of a list (`["a","b"]`), or the `keys` of an object or of its JSON text (`{"a":{}}`); a key whose value is false, null or 0 is no group.',
    ),
};

const oidc = z.strictObject({
  issuer: url().meta({
    description: 'The issuer, exactly as the provider names it.',
    example: 'https://acme.okta.com',
  }),
  discovery: url().optional().meta({
    description:
      'The address of the discovery document, for a provider that publishes it elsewhere. The document must still name `issuer`.',
    default: '`/.well-known/openid-configuration` below the issuer',
  }),
  clientId: token(256).describe(
    'The client id that the provider gave the bridge. The redirect URI is `{baseUrl}/oidc/{id}/callback`.',
  ),
  clientSecret: secret().describe('The client secret.'),
  clientAuthentication: choice(['client_secret_basic', 'client_secret_post'])
    .prefault('client_secret_basic')
    .describe(
      'How the bridge sends its client secret. A provider that does not decode the basic form as RFC 6749 requires rejects secrets with characters other than letters, digits and `*-._~`: use `client_secret_post` there.',
    ),
  scopes: checked(
    z.array(
      pattern(
        'scope',
        /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/,
        'visible ASCII characters without quotes and backslashes',
      ),
    ),
    scopes =>
      scopes.includes('openid')
        ? undefined
        : {
            message: 'does not contain openid, which is required for an id_token.',
            fix: 'Write [openid, ...].',
          },
  )
    .prefault(['openid', 'profile', 'email'])
    .describe('The scopes that the bridge requests.'),
  claims: claims
    .prefault({})
    .describe(
      'The claims that describe a user. Dots lead into nested claims (`realm_access.roles`); a claim with exactly that name wins.',
    ),
  stepUp: oidcStepUp.optional().meta({
    description: 'How the bridge requests a second factor when a rule requires one.',
    default: 'none: the bridge requests a new sign-in (`prompt=login`)',
  }),
  reauthenticate: choice(['max_age', 'prompt'])
    .prefault('max_age')
    .describe(
      'How the bridge requests a newer sign-in when a rule has `authenticatedWithin`: by `max_age`, or by `prompt=login` for providers that ignore `max_age`.',
    ),
  ...groupForms,
});

const saml = z.strictObject({
  metadata: z
    .strictObject({
      url: url().optional().describe('Where the identity provider publishes its metadata.'),
      file: filePath().optional().describe('A copy of the metadata.'),
      entityId: token(1024).optional().meta({
        description:
          'The entityID of the identity provider, if the document describes several entities. The document can then have 64 MiB instead of 2 million characters.',
        example: 'https://idp.example.org/idp/shibboleth',
      }),
    })
    .meta({
      description: "The identity provider's SAML metadata: either `url` or `file`.",
      example: '{ url: https://adfs.example.com/metadata.xml }',
    }),
  attributes: attributes.meta({
    description: 'The attributes that describe a user.',
    example: '{ username: uid, email: mail, groups: memberOf }',
  }),
  ...groupForms,
  subject: token(256)
    .optional()
    .describe('The attribute with the stable id of a user, for a transient NameID.'),
  allowUnsolicited: flag()
    .prefault(false)
    .describe(
      'Accept sign-ins that begin at the identity provider. Another site can force them on a browser.',
    ),
  signRequests: flag()
    .prefault(false)
    .describe(
      "Sign every authentication request. With false they are signed where the identity provider's metadata requires it (`WantAuthnRequestsSigned`).",
    ),
  clockSkew: duration({
    min: 1,
    max: 2 * MINUTE,
    because: 'more extends the life of stolen assertions',
  })
    .prefault('60s')
    .describe('Accepted clock skew of the identity provider.'),
  encryption: flag().optional().meta({
    description:
      'Publish an encryption key in the metadata, and accept encrypted assertions. Set false for AD FS, which encrypts with AES-CBC as soon as it sees the key, unless you follow its section in identity-providers.md.',
    default: '`true`; `false` if an account has `trust: corporate-saml`',
  }),
  allowCbc: flag()
    .prefault(false)
    .describe(
      'Accept assertions that are encrypted with AES-CBC, if the response is signed. Without it, AES-GCM alone.',
    ),
  stepUp: samlStepUp.optional().meta({
    description:
      'How the bridge requests a second factor when a rule requires one, in addition to `ForceAuthn`.',
    default: '`ForceAuthn` alone',
  }),
});

export const connector = z.strictObject({
  id: connectorId().meta({
    description: 'Part of URLs and of the identity of everyone who signs in here: never change it.',
    example: 'okta',
  }),
  label: text(80).meta({ description: 'The name on the sign-in page.', example: 'Acme Okta' }),
  mfa: z
    .array(token(256))
    .prefault(MULTI_FACTOR_METHODS)
    .describe(
      'Values of `amr`, `acr` or `AuthnContextClassRef` that count as multi-factor for `require.mfa`.',
    ),
  oidc: oidc.optional().describe('An OpenID Connect provider. Either this or `saml`.'),
  saml: saml
    .optional()
    .describe(
      'A SAML 2.0 identity provider. Its assertion consumer service is `{baseUrl}/saml/{id}/acs`, its audience `{baseUrl}/saml/{id}/metadata`.',
    ),
  refresh: refresh.optional().meta({
    description:
      'Requests the groups and attributes of a user again when the user needs them, with the refresh token of the provider (OpenID Connect).',
    default: 'none: they are those of the newest sign-in',
  }),
  groupsFrom: choice(['claim'])
    .prefault('claim')
    .describe('Where the groups of a user come from: the claim or attribute of the connector.'),
  logout: logout.prefault({}).describe('Sign-outs that begin at the provider (OpenID Connect).'),
});
