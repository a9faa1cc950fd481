/** Kinds of values that AWS and the core define: ids, names, templates, patterns. */
import { z } from 'zod';
import { groupPatternProblem } from '../core/group-pattern.ts';
import { type ConnectorId, isConnectorId } from '../core/identity.ts';
import { isRegion } from '../core/partitions.ts';
import { USER_PLACEHOLDERS } from '../core/placeholders.ts';
import {
  type AccountId,
  isAccountId,
  isRoleName,
  PARTITIONS,
  type RoleName,
} from '../core/role.ts';
import { SOURCE_IDENTITY, TAG_VALUE } from '../core/session.ts';
import {
  type FieldRule,
  fits,
  literalsOf,
  parseTemplate,
  templateProblem,
} from '../core/template.ts';
import { type Problem, quoted } from './problems.ts';
import { checked, textProblem, word } from './values.ts';

export const connectorId = () =>
  word('connector id', value =>
    isConnectorId(value)
      ? undefined
      : {
          message: `${quoted(value)} is not a connector id.`,
          fix: 'Write 1 to 32 lowercase letters, digits and dashes; it is part of URLs.',
        },
  ).transform(value => value as ConnectorId);

export const accountId = () =>
  word('account id', value =>
    isAccountId(value)
      ? undefined
      : {
          message: `${quoted(value)} is not an AWS account id.`,
          fix: 'Write its twelve digits in quotes: "111122223333".',
        },
  ).transform(value => value as AccountId);

export const region = () =>
  word('AWS region', value =>
    isRegion(value)
      ? undefined
      : {
          message: `${quoted(value)} is not an AWS region.`,
          fix: 'Write a region such as eu-west-1.',
        },
  );

export const roleName = () =>
  word('role name', value => {
    if (isRoleName(value)) return undefined;
    if (value.includes('*'))
      return {
        message: `${quoted(value)} contains a wildcard; a rule names each role.`,
        fix: 'Write each role by its name, or use a groupPattern with {role}.',
      };
    if (value.startsWith('arn:'))
      return {
        message: `${quoted(value)} is an ARN.`,
        fix: 'Write the name alone, such as Admin or team/Admin; name the accounts in the rule.',
      };
    return {
      message: `${quoted(value)} is not a role name.`,
      fix: 'Write 1 to 64 of letters, digits and _+=,.@-, with its path in front if it has one: team/Admin.',
    };
  }).transform(value => value as RoleName);

export const groupName = () =>
  word('group', value => {
    if (value === '*')
      return {
        message: '"*" stands for no group; group names are compared exactly.',
        fix: 'Write every group, or use a groupPattern.',
      };
    return textProblem(value, 256);
  });

const MAX_TEMPLATE_CHARACTERS = 1024;

/** Why a text is not a template of a field; `limits` names what the field takes. */
function templateCheck(field: FieldRule, limits: string) {
  return (value: string): Problem | undefined => {
    if (value.length > MAX_TEMPLATE_CHARACTERS)
      return {
        message: `has more than ${MAX_TEMPLATE_CHARACTERS} characters.`,
        fix: `Use ${limits}.`,
      };
    const problem = templateProblem(value, USER_PLACEHOLDERS);
    if (problem !== undefined)
      return {
        message: `${quoted(value)} cannot be filled in: ${problem}.`,
        fix: 'Correct the placeholder; {email|none} gives none to users whose email is missing or not allowed.',
      };
    const parsed = parseTemplate(value, USER_PLACEHOLDERS);
    // Text around placeholders goes to AWS as it stands; alternatives do too.
    const around = parsed.filter(part => typeof part === 'string');
    const shortest = around.length === parsed.length ? field.shortest : 0;
    if (
      fits(around.join(''), { ...field, shortest }) &&
      literalsOf(parsed).every(text => fits(text, { ...field, shortest: 0 }))
    )
      return undefined;
    return {
      message: `${quoted(value)} contains text that AWS does not accept here.`,
      fix: `Use ${limits}.`,
    };
  };
}

const tagTemplateProblem = templateCheck(
  TAG_VALUE,
  'at most 256 letters, digits, spaces and _.:/=+-@',
);

const WRITE_TAG =
  'Write a template such as "{email}", or { value: "{email}", optional: true } for a tag that can be left out.';

function tagProblem(written: unknown): Problem | undefined {
  if (typeof written === 'string') return tagTemplateProblem(written);
  if (written === null) return { message: 'has no value.', fix: WRITE_TAG };
  if (typeof written !== 'object')
    return { message: 'must be text.', fix: 'Put the value in quotes.' };
  if (Array.isArray(written)) return { message: 'must not be a list.', fix: WRITE_TAG };
  const { value, optional = false, ...more } = written as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined)
    return { message: `contains ${quoted(unknown)}, which is not a key here.`, fix: WRITE_TAG };
  if (typeof value !== 'string') return { message: 'has no text as its value.', fix: WRITE_TAG };
  if (typeof optional !== 'boolean')
    return { message: 'has an optional that is neither true nor false.', fix: WRITE_TAG };
  return tagTemplateProblem(value);
}

/** A session tag: its template, or that with whether the tag is optional. */
export const sessionTag = () =>
  checked(z.unknown(), tagProblem).transform(written => {
    if (typeof written === 'string') return { value: written, optional: false };
    const { value, optional = false } = written as { value: string; optional?: boolean };
    return { value, optional };
  });

export const sourceIdentityTemplate = () =>
  word(
    'template',
    templateCheck(SOURCE_IDENTITY, '2 to 64 letters, digits and _+=,.@-, not beginning with aws:'),
  );

const POLICY_ARN = new RegExp(
  `^arn:(${PARTITIONS.join('|')}):iam::(aws|\\d{12}):policy/[\\w+=,.@/-]{1,512}$`,
);

export const policyArn = () =>
  word('policy ARN', value =>
    POLICY_ARN.test(value)
      ? undefined
      : {
          message: `${quoted(value)} is not the ARN of an IAM policy.`,
          fix: 'Write it whole, such as arn:aws:iam::aws:policy/ReadOnlyAccess.',
        },
  );

/**
 * Partition and owner of a policy ARN that was checked good; the owner is `aws` for AWS's own
 * policies.
 */
export function policyArnParts(arn: string): {
  readonly partition: string;
  readonly owner: string;
} {
  const [, partition = '', owner = ''] = POLICY_ARN.exec(arn) ?? [];
  return { partition, owner };
}

export const groupPattern = () =>
  word('group pattern', value => {
    const problem = groupPatternProblem(value);
    if (problem === undefined) return textProblem(value, 256);
    return {
      message: `${quoted(value)} cannot be used: ${problem}.`,
      fix: 'Write it like aws-{account}-{role}.',
    };
  });
