/**
 * The schema of the configuration file: every key with its kind, default and meaning.
 *
 * The reference page is generated from it (reference.ts). Checks across keys are not here
 * (cross-checks.ts). `prefault` gives the default as an operator would write it, so that it is
 * checked and shown like any other value.
 */
import { z } from 'zod';
import { PARTITIONS } from '../core/role.ts';
import { HOUR, MINUTE } from '../core/time.ts';
import { account, rule } from './access-schema.ts';
import { connectorId } from './aws-values.ts';
import { cli } from './cli-schema.ts';
import { LOG_LEVELS } from './configuration.ts';
import { consoleHost, host, network, origin, url } from './network-values.ts';
import { filePath, secret } from './reference-values.ts';
import { checked, choice, duration, flag, pattern, text, token, wholeNumber } from './values.ts';

const DAY = 24 * HOUR;

const atLeastOne = <T extends z.ZodType>(item: T, what: string) =>
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

const listen = z.strictObject({
  host: host()
    .prefault('127.0.0.1')
    .describe(
      'Address to listen on. TLS ends at a proxy in front, so beyond loopback `baseUrl` must be https.',
    ),
  port: wholeNumber(0, 65535).prefault(3000).describe('Port to listen on; 0 selects a free port.'),
});

const proxy = z.strictObject({
  trusted: z
    .array(network())
    .prefault([])
    .describe(
      'Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted; these headers are ignored from every other address. Name single addresses: a host in a trusted block can claim any address, so a block that overlaps `require.networks` is rejected.',
    ),
});

const store = z.strictObject({
  sqlite: filePath()
    .optional()
    .describe(
      'The database file of the embedded store, or `:memory:`, which is lost when the process ends. Either this or `postgres`.',
    ),
  postgres: z
    .strictObject({
      url: secret().describe(
        'Connection URL, `postgresql://user:password@host/database?sslmode=verify-full`. `sslmode` is required except for loopback and Unix sockets (`?host=/directory`).',
      ),
    })
    .optional()
    .describe('PostgreSQL, for more than one instance of the bridge.'),
});

const sessions = z.strictObject({
  idle: duration({ min: MINUTE, max: DAY })
    .prefault('1h')
    .describe('A browser session expires after this time without a request.'),
  max: duration({ min: MINUTE, max: DAY })
    .prefault('12h')
    .describe('A browser session always expires after this time.'),
});

const help = z.strictObject({
  text: text(1000).describe('How to request a role, in your words.'),
  url: url().optional().describe('A page with more information.'),
});

const log = z.strictObject({
  level: choice(LOG_LEVELS)
    .prefault('info')
    .describe('The least important message that is written.'),
});

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
      'What the bridge asks for when a rule requires `mfa`. These values count as multi-factor, as those of `mfa` do.',
    example: '[phr]',
  }),
  parameter: choice(['acr_values', 'claims'])
    .prefault('acr_values')
    .describe(
      'How it asks: by `acr_values`, or by an essential claim in `claims`, which the provider must give or refuse.',
    ),
  claim: choice(['acr', 'acrs'])
    .prefault('acr')
    .describe(
      'The claim that answers. `acrs` is that of Entra ID, with authentication contexts as values; it is always asked for by `claims`.',
    ),
});

const samlStepUp = z.strictObject({
  authnContext: atLeastOne(token(1024), 'value').meta({
    description:
      'The `AuthnContextClassRef` values that the bridge asks for when a rule requires `mfa`. They count as multi-factor, as those of `mfa` do.',
    example: '["https://refeds.org/profile/mfa"]',
  }),
  comparison: choice(['exact', 'minimum', 'better', 'maximum'])
    .prefault('exact')
    .describe('How the identity provider compares.'),
});

const refresh = z.strictObject({
  every: duration({ min: MINUTE, max: DAY })
    .prefault('15m')
    .describe('When a user asks for something, and the provider stated their groups longer ago.'),
  staleFor: duration({ min: MINUTE, max: DAY })
    .prefault('2h')
    .describe(
      'How long the last statement is good while the provider fails. Afterwards nothing is handed out.',
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
    .describe('Whether it also ends sessions in terminals, or those in browsers alone.'),
});

const oidc = z.strictObject({
  issuer: url().meta({
    description: 'The issuer, exactly as the provider names it.',
    example: 'https://acme.okta.com',
  }),
  clientId: token(256).describe(
    'The client id that the provider gave the bridge. The redirect URI is `{baseUrl}/oidc/{id}/callback`.',
  ),
  clientSecret: secret().describe('The client secret.'),
  clientAuthentication: choice(['client_secret_basic', 'client_secret_post'])
    .prefault('client_secret_basic')
    .describe(
      'How the bridge sends its client secret. Some providers do not decode the basic form as RFC 6749 requires.',
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
    description: 'How the bridge asks for a second factor when a rule requires one.',
    default: 'asks for a new sign-in (`prompt=login`)',
  }),
  reauthenticate: choice(['max_age', 'prompt'])
    .prefault('max_age')
    .describe(
      'How the bridge asks for a newer sign-in when a rule has `authenticatedWithin`: by `max_age`, or by `prompt=login` for providers that ignore `max_age`.',
    ),
});

const saml = z.strictObject({
  metadata: z
    .strictObject({
      url: url().optional().describe('Where the identity provider publishes its metadata.'),
      file: filePath().optional().describe('A copy of the metadata.'),
    })
    .meta({
      description: "The identity provider's SAML metadata: either `url` or `file`.",
      example: '{ url: https://adfs.example.com/metadata.xml }',
    }),
  attributes: attributes.meta({
    description: 'The attributes that describe a user.',
    example: '{ username: uid, email: mail, groups: memberOf }',
  }),
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
  stepUp: samlStepUp.optional().meta({
    description:
      'How the bridge asks for a second factor when a rule requires one. `ForceAuthn` is always sent then.',
    default: '`ForceAuthn` alone',
  }),
});

const connector = z.strictObject({
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
      'Reads groups and attributes of a user again, at use, by the refresh token of the provider (OpenID Connect).',
    default: 'they are those of the newest sign-in',
  }),
  groupsFrom: choice(['claim'])
    .prefault('claim')
    .describe('Where the groups of a user come from: the claim or attribute of the connector.'),
  logout: logout.prefault({}).describe('Sign-outs that begin at the provider (OpenID Connect).'),
});

const issuer = z.strictObject({
  saml: z
    .strictObject({
      entityId: token(1024).optional().meta({
        description: 'The entity id of the bridge in SAML assertions.',
        default: '`{baseUrl}/saml/idp`',
      }),
    })
    .prefault({})
    .describe('Toward accounts with `trust: saml`.'),
  webIdentity: z
    .strictObject({
      audience: token(255)
        .prefault('sts.amazonaws.com')
        .describe(
          "The audience of the bridge's tokens: a client id of the account's OIDC provider.",
        ),
    })
    .prefault({})
    .describe(
      'Toward accounts with `trust: web-identity`. The issuer of these tokens is `baseUrl`, from where AWS fetches the keys.',
    ),
  keys: z
    .strictObject({
      directory: filePath().prefault('certs').describe('The directory of the signing keys.'),
      create: flag()
        .prefault(true)
        .describe('Create missing keys. With false, a missing key prevents the start.'),
    })
    .prefault({})
    .describe('The keys that sign assertions and tokens.'),
});

const partitionOverrides = z.strictObject({
  samlAudience: token(1024).optional().describe('Audience of the assertions.'),
  samlRecipient: url().optional().describe('Recipient of the assertions.'),
  // A name that is never fetched; the guide for China writes it with http.
  samlAttributePrefix: checked(token(256), value =>
    value.endsWith('/')
      ? undefined
      : { message: 'does not end with a slash.', fix: `Write ${value}/.` },
  )
    .meta({ kind: 'URL' })
    .optional()
    .describe('The prefix of `Role` and `RoleSessionName` in attribute names; ends with a slash.'),
  signinUrl: url().optional().describe('The sign-in service, without `/federation`.'),
  consoleUrl: url().optional().describe("The console's start page."),
  stsUrl: url().optional().describe('The STS endpoint, for all regions.'),
});

const aws = z.strictObject({
  endpoints: z
    .strictObject({
      sts: url().optional().describe('STS.'),
      signin: url().optional().describe('The sign-in service, without `/federation`.'),
      console: url().optional().describe("The console's start page."),
    })
    .prefault({})
    .meta({
      description: 'Other endpoints for every partition, such as a local AWS.',
      default: "the partition's own",
    }),
  partitions: z
    .strictObject(
      Object.fromEntries(
        PARTITIONS.map(name => [
          name,
          partitionOverrides.optional().describe(`Values for \`${name}\`.`),
        ]),
      ) as Record<(typeof PARTITIONS)[number], z.ZodOptional<typeof partitionOverrides>>,
    )
    .prefault({})
    .meta({
      description:
        'Values for one partition, where the built-in ones are wrong or you use a special endpoint. Overrides `endpoints`.',
      default: 'what AWS documents',
    }),
  consoleHosts: z.array(consoleHost()).max(50).prefault([]).meta({
    description:
      'Further hosts to which `destination` of a console link may lead, in every partition: a host name, or `*.` and a domain of three parts or more. The console, Health, QuickSight and Lightsail of each partition are built in.',
    example: '["*.console.example.com"]',
  }),
  timeout: duration({ min: 1, max: 30 }).prefault('5s').describe('Time limit of one call to AWS.'),
});

/** The whole file. */
export const documentSchema = z.strictObject({
  baseUrl: origin().meta({
    description:
      'The address under which browsers and clients reach the bridge: https, or http on loopback. Origin only, because the AWS CLI drops a path.',
    example: 'https://aws.example.com',
  }),
  listen: listen.prefault({}).describe('Where the server listens.'),
  proxy: proxy.prefault({}).describe('Proxies in front of the bridge.'),
  store: store.meta({
    description: 'Where sessions and the audit trail are kept: exactly one kind.',
    example: '{ sqlite: data/rolebridge.db }',
  }),
  sessions: sessions.prefault({}).describe('Browser sessions.'),
  cli: cli.prefault({}).describe('Logins from terminals.'),
  help: help.optional().describe('Shown to users who lack a role.'),
  log: log.prefault({}).describe("The operator's log: JSON lines on standard output."),
  connectors: atLeastOne(connector, 'connector').describe(
    'The identity providers that users sign in with, in the order of the sign-in page.',
  ),
  trustGroupsOf: choice(['all'])
    .optional()
    .describe(
      'Trusts the groups of all connectors equally: rules without `connectors` then accept groups of every connector. Each identity provider can then grant every such role.',
    ),
  issuer: issuer.prefault({}).describe('The bridge as an issuer toward AWS.'),
  accounts: atLeastOne(account, 'account').describe('The AWS accounts.'),
  access: z.array(rule).meta({
    description:
      'Who gets which role. What no rule gives is denied. Rules are read from top to bottom; the settings of a role come from the first rule that grants it. A rule that gives a role on weaker terms (`require`) than another rule is warned of, wherever it stands: users who lack a proof get the role by it.',
    example: '[]',
  }),
  aws: aws.prefault({}).describe('How the bridge reaches AWS.'),
});

export type Document = z.output<typeof documentSchema>;
