/** The grammar of `session`, for the rules of users and those of workloads. */
import { z } from 'zod';
import {
  DEFAULT_DURATION,
  MAX_DURATION,
  MAX_POLICY_ARNS,
  MAX_TAGS,
  MIN_DURATION,
} from '../core/session.ts';
import { policyArn } from './aws-values.ts';
import { filePath } from './reference-values.ts';
import { sessionTag, sourceIdentityTemplate, type TemplateOwner } from './template-values.ts';
import { compact, duration, text } from './values.ts';

/** The keys of `session` that both kinds of rules have; `owner` fills the templates. */
export const sessionKeys = (owner: TemplateOwner) => ({
  duration: duration({
    min: MIN_DURATION,
    max: MAX_DURATION,
    because: `STS gives at most ${compact(MAX_DURATION)}`,
  })
    .optional()
    .meta({
      description:
        'Length of credentials. STS may give less: the limit of the role, or one hour behind a hub.',
      default: `\`${compact(DEFAULT_DURATION)}\``,
    }),
  sourceIdentity: sourceIdentityTemplate(owner).optional().describe(owner.sourceIdentity),
  tags: z
    .record(z.string(), sessionTag(owner))
    .prefault({})
    .meta({
      description: `Session tags, at most ${MAX_TAGS}; values are templates. The role must allow \`sts:TagSession\`. A tag on which no access depends can be \`{ value: "${owner.example}", optional: true }\`: the session lacks it if a ${owner.caller} has no value that AWS accepts, and all optional tags if it is too large for AWS with them.`,
      kind: 'map of templates',
    }),
  transitiveTags: z
    .array(text(128))
    .prefault([])
    .describe(
      'Keys of `tags` that stay when the session assumes another role; of an optional tag, if the session has it.',
    ),
  policyArns: z
    .array(policyArn())
    .prefault([])
    .describe(
      `Managed policies that limit the session, at most ${MAX_POLICY_ARNS}, of the same account as the role.`,
    ),
  policy: z
    .strictObject({
      file: filePath().meta({
        description: 'A file with the JSON of the policy.',
        example: 'policies/scope.json',
      }),
    })
    .optional()
    .describe('An inline policy that limits the session.'),
});
