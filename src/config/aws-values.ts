/** Kinds of values that AWS and the core define: ids, names, patterns. */
import { groupPatternProblem } from '../core/group-pattern.ts';
import { type ConnectorId, isConnectorId } from '../core/identity.ts';
import { isRegion } from '../core/partitions.ts';
import {
  type AccountId,
  isAccountId,
  isRoleName,
  PARTITIONS,
  type RoleName,
} from '../core/role.ts';
import { quoted } from './problems.ts';
import { textProblem, word } from './values.ts';

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

/** `orInstead` is what can be written instead of a wildcard. */
export const roleName = (orInstead = ', or use a groupPattern with {role}') =>
  word('role name', value => {
    if (isRoleName(value)) return undefined;
    if (value.includes('*'))
      return {
        message: `${quoted(value)} contains a wildcard; a rule names each role.`,
        fix: `Write each role by its name${orInstead}.`,
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
