/**
 * The schema of the configuration file: every key with its kind, default and meaning.
 *
 * The reference page is generated from it (reference.ts). Checks across keys are not here
 * (cross-checks.ts). `prefault` gives the default as an operator would write it, so that it is
 * checked and shown like any other value.
 */
import { z } from 'zod';
import { HELP_PLACEHOLDERS } from '../core/help-address.ts';
import { PARTITIONS } from '../core/role.ts';
import { HOUR, MINUTE } from '../core/time.ts';
import { rule } from './access-schema.ts';
import { sharedDetails } from './account-details-schema.ts';
import { accountFile, accountList } from './account-schema.ts';
import { administration } from './administration-schema.ts';
import { application } from './application-schema.ts';
import { audit } from './audit-schema.ts';
import { brand } from './brand-schema.ts';
import { cli } from './cli-schema.ts';
import { LOG_LEVELS } from './configuration.ts';
import { atLeastOne, connector } from './connector-schema.ts';
import { consoleHost, helpUrl, host, network, origin, url } from './network-values.ts';
import { notification } from './notification-schema.ts';
import { filePath, secret } from './reference-values.ts';
import { checked, choice, duration, flag, text, token, wholeNumber } from './values.ts';
import { workload } from './workload-schema.ts';

const DAY = 24 * HOUR;

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
        'Connection URL, `postgresql://user:password@host/database?sslmode=verify-full`. `sslmode` is required except for loopback and Unix sockets (`?host=/directory`). Several hosts, `@a:5432,b:5432/`, are tried in turn: the bridge uses the one that takes writes.',
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

const shutdown = z.strictObject({
  delay: duration({ min: 0, max: 5 * MINUTE })
    .prefault('5s')
    .describe(
      'How long the server still answers after SIGTERM or SIGINT, while `/readyz` is already 503. Longer than load balancers take to notice it, so that a restart fails no request ([stop](deploy.md#stop)); `0s` if there is none.',
    ),
});

const PLACEHOLDERS = HELP_PLACEHOLDERS.map(name => `\`{${name}}\``).join(', ');

const help = z.strictObject({
  text: text(1000).describe('How to request a role, in your words.'),
  url: helpUrl()
    .optional()
    .meta({
      description: `A page with more information. On refusals, ${PLACEHOLDERS} in its path, query or fragment stand for what the refusal is about; elsewhere they are empty.`,
      example: 'https://help.example.com/aws?role={role}&ref={reference}',
    }),
});

const log = z.strictObject({
  level: choice(LOG_LEVELS)
    .prefault('info')
    .describe('The least important message that is written.'),
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
  applications: z
    .array(application)
    .prefault([])
    .describe(
      'Web and mobile applications that use roles of their users ([applications](applications.md)).',
    ),
  help: help.optional().describe('Shown to users who lack a role.'),
  brand: brand
    .prefault({})
    .describe(
      'Name, logo, colours and messages of the pages ([your brand](portal.md#your-brand)).',
    ),
  log: log.prefault({}).describe("The operator's log: JSON lines on standard output."),
  shutdown: shutdown.prefault({}).describe('How the server stops.'),
  connectors: atLeastOne(connector, 'connector').describe(
    'The identity providers that users sign in with, in the order of the sign-in page.',
  ),
  trustGroupsOf: choice(['all'])
    .optional()
    .describe(
      'Trusts the groups of all connectors equally: rules without `connectors` then accept groups of every connector. Each identity provider can then grant every such role.',
    ),
  issuer: issuer.prefault({}).describe('The bridge as an issuer toward AWS.'),
  accounts: accountList,
  accountDetails: z
    .array(sharedDetails)
    .prefault([])
    .describe(
      'What users see of accounts, for many at once. The keys of an account itself take precedence, then the first entry that has the key. It does not affect access.',
    ),
  access: z.array(rule).meta({
    description:
      'Who gets which role. What no rule gives is denied. Rules are read from top to bottom; the settings of a role come from the first rule that grants it. A rule that gives a role on weaker terms (`require`, `elevation`) than another rule is warned of, wherever it stands: users who lack a proof or an approval get the role by it.',
    example: '[]',
  }),
  workloads: z.array(workload).prefault([]).meta({
    description:
      'Machines that sign in with the identity that their platform gives them: pipelines, pods, EC2 instances ([workloads](workloads.md)). Each entry trusts one issuer, SPIFFE trust domain, or AWS IAM.',
  }),
  administration: administration
    .prefault({})
    .describe('The users who administer the bridge. Without this section, no user does.'),
  audit: audit.prefault({}).describe('How long the database keeps audit events.'),
  notifications: z
    .array(notification)
    .prefault([])
    .describe(
      'Who is notified of elevations: requests, approvals, break-glass, reviews and ends. Each target gets every event at least once; events of one elevation arrive in order. A target that fails delays no other, and its events are kept.',
    ),
  aws: aws.prefault({}).describe('How the bridge reaches AWS.'),
});

/** The whole file, with the accounts in a file of their own. */
export const documentWithFileSchema = documentSchema.extend({ accounts: accountFile });

/** The schema of a file: that of its form of `accounts`. */
export function schemaOf(value: unknown): typeof documentSchema | typeof documentWithFileSchema {
  const { accounts } = (value ?? {}) as { readonly accounts?: unknown };
  const isMap = typeof accounts === 'object' && accounts !== null && !Array.isArray(accounts);
  return isMap ? documentWithFileSchema : documentSchema;
}

type WrittenList = z.output<typeof documentSchema>;

/** The file as it is written. */
export type WrittenDocument = WrittenList | z.output<typeof documentWithFileSchema>;

/** The file with all its accounts as a list, wherever they are written. */
export type Document = Omit<WrittenList, 'accounts'> & {
  readonly accounts: readonly DocumentAccount[];
};

type DocumentAccount = WrittenList['accounts'][number] & {
  /** Its organizational units by id, from the outermost: `o-1234567890/r-ab12/ou-ab12-12345678`. */
  readonly unitIds?: readonly string[] | undefined;
};
