/** The grammar of `workloads`: platforms that vouch for workloads, and the roles that these get. */
import { z } from 'zod';
import { accountSelector, SELECTORS } from './account-selector-schema.ts';
import { roleName } from './aws-values.ts';
import { atLeastOne } from './connector-schema.ts';
import { network, url } from './network-values.ts';
import { filePath } from './reference-values.ts';
import { sessionKeys } from './session-schema.ts';
import { OF_WORKLOADS } from './template-values.ts';
import { flag, text } from './values.ts';
import {
  claimCondition,
  iamRoleArn,
  issuerUrl,
  tokenAudience,
  tokenAudiences,
  trustDomain,
  workloadEntryId,
} from './workload-values.ts';

const rule = z.strictObject({
  name: text(64).optional().meta({
    description: 'The name of the rule in explanations and in the audit trail.',
    default: '`workloads[0].access[0]`, ...',
  }),
  claims: z.record(z.string(), claimCondition()).optional().meta({
    description:
      'Conditions on the claims of the token; all of them must be met. A value is compared exactly; a list accepts each of its values; `{ pattern: "release-*" }` accepts one or more characters other than `/` and `:` for each `*`. Of a claim that is a list, one item must be accepted. A dot leads into an object: `kubernetes.io.namespace`. Required, except with `awsIam`.',
    kind: 'map of conditions',
    default: 'none',
  }),
  roleArns: z.array(iamRoleArn()).optional().meta({
    description:
      'The IAM roles whose sessions get the roles of this rule. STS does not name the path of a role, so only account and name are compared. Required with `awsIam`.',
    example: '["arn:aws:iam::111122223333:role/builder"]',
  }),
  accounts: z.array(accountSelector).meta({
    description: `The accounts: ${SELECTORS}. \`["*"]\` means every account.`,
    example: '[prod]',
  }),
  roles: atLeastOne(roleName(''), 'role').meta({
    description: 'Roles that the rule gives.',
    example: '[Deploy]',
  }),
  session: z
    .strictObject(sessionKeys(OF_WORKLOADS))
    .prefault({})
    .describe(
      'Settings of the sessions of these roles. Templates can contain `{sessionName}`, `{workload}` (the id of the entry), `{subject}` and `{claims.NAME}`; `{claims.ref|none}` gives `none` to workloads whose claim `ref` is missing or not allowed by AWS.',
    ),
  require: z
    .strictObject({
      networks: z
        .array(network())
        .prefault([])
        .describe(
          'The request must come from one of these networks; an empty list means anywhere.',
        ),
    })
    .prefault({})
    .describe('Requirements in addition to the claims.'),
  once: flag()
    .prefault(false)
    .describe(
      'A token is accepted once, by its `jti`. Tokens without one are rejected. Not for platforms that give a process the same token several times, such as Kubernetes.',
    ),
});

export const workload = z.strictObject({
  id: workloadEntryId().meta({
    description:
      'The name of the entry; part of every session name. A workload is the entry and its subject, so a new id makes new workloads.',
    example: 'github',
  }),
  issuer: issuerUrl().optional().meta({
    description:
      'The issuer of the tokens; must be equal to their `iss`. Exactly one of `issuer`, `spiffe` and `awsIam`.',
    example: 'https://token.actions.githubusercontent.com',
  }),
  spiffe: z
    .strictObject({
      trustDomain: trustDomain().meta({
        description: 'The trust domain of the SPIFFE IDs.',
        example: 'prod.example.com',
      }),
    })
    .optional()
    .describe('The tokens are JWT-SVIDs, which have no issuer.'),
  awsIam: z
    .strictObject({
      audience: tokenAudience().meta({
        description: 'The text that callers sign into their request.',
        example: 'aws.example.com',
      }),
    })
    .optional()
    .describe('The proof is a signed GetCallerIdentity of an IAM role (EC2, ECS, Lambda).'),
  jwks: z
    .strictObject({
      url: url().optional().describe('Where the key set is fetched. Either this or `file`.'),
      file: filePath()
        .optional()
        .describe('A file with the key set; it is read again when it changes.'),
    })
    .optional()
    .meta({
      description:
        'The keys that sign the tokens (JSON Web Key Set). They count for this entry alone. Required with `spiffe`.',
      default: 'with `issuer`, those that its `/.well-known/openid-configuration` names',
    }),
  audience: tokenAudiences().optional().meta({
    description:
      'The `aud` of the tokens: `baseUrl` is recommended. Of a list, the token must name one. Required, except with `awsIam`.',
    example: 'https://aws.example.com',
  }),
  access: atLeastOne(rule, 'rule').meta({
    description:
      'Which workloads get which roles. Rules are read from top to bottom; the settings of a role come from the first rule that grants it. Rules of users give nothing to workloads, and these nothing to users.',
  }),
});
