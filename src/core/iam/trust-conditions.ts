/** Conditions of trust policies that no call of the bridge meets: which it is, what to do. */
import type { FindingId } from '../finding.ts';
import { listed } from '../listed.ts';
import type { ConditionKeys } from '../trust/policy.ts';
import type { PlannedWay } from '../trust/ways.ts';
import type { JudgedCondition } from './condition.ts';
import type { PolicyFault } from './fault.ts';
import type { IamStatement } from './policy.ts';
import { REQUEST_TAG } from './request.ts';

interface Looked {
  readonly way: PlannedWay;
  /** The keys that the call has of its issuer. */
  readonly keys: ConditionKeys;
}

/** What a failing condition means, by its key. */
interface KeyRow {
  readonly of: (key: string, looked: Looked) => boolean;
  readonly id: FindingId;
  readonly fix: string;
}

const is = (...names: readonly string[]) => {
  const known = new Set(names.map(name => name.toLowerCase()));
  return (key: string): boolean => known.has(key);
};
const isIssuerKey =
  (...names: readonly (keyof ConditionKeys)[]) =>
  (key: string, { keys }: Looked): boolean =>
    names.some(name => keys[name]?.toLowerCase() === key);

const isSamlSubject = is('saml:sub', 'saml:sub_type', 'saml:namequalifier');
const isTagList = is('aws:TagKeys', 'sts:TransitiveTagKeys');

/** The first row that fits. */
const KEYS: readonly KeyRow[] = [
  {
    of: isIssuerKey('audience'),
    id: 'iam.trust-audience',
    fix: 'Write the audience that the bridge sends into the condition.',
  },
  {
    of: isIssuerKey('issuer'),
    id: 'iam.trust-issuer',
    fix: 'Write the issuer as the bridge sends it, character by character.',
  },
  {
    of: (key, looked) => isIssuerKey('subject', 'subjectType')(key, looked) || isSamlSubject(key),
    id: 'iam.trust-subject',
    fix: 'The subject is the id that the bridge gives a user or a workload, not a user name. Correct the condition.',
  },
  {
    // The claims of another issuer, or that of the bridge in another spelling.
    of: (key, { way }) =>
      way.call === 'sts:AssumeRoleWithWebIdentity' && /:(?:aud|sub|amr|azp)$/.test(key),
    id: 'iam.trust-issuer',
    fix: 'A condition key begins with the issuer as the IAM provider has it, without https://. Correct it.',
  },
  {
    of: is('sts:RoleSessionName'),
    id: 'iam.trust-session-name',
    fix: 'A session name is the user name, a dash and 16 characters. Correct the condition.',
  },
  {
    of: is('sts:SourceIdentity', 'aws:SourceIdentity'),
    id: 'iam.trust-source-identity',
    fix: 'Set the source identity in the rule, or correct the condition.',
  },
  {
    of: key => key.startsWith(REQUEST_TAG) || isTagList(key),
    id: 'iam.trust-tags',
    fix: 'Set the session tags in the rule, or correct the condition.',
  },
  {
    of: is('aws:MultiFactorAuthPresent', 'aws:MultiFactorAuthAge'),
    id: 'iam.trust-condition',
    fix: 'AWS does not see how a federated user signed in. Remove the condition, and require the second factor in the rule.',
  },
  {
    of: key => key.startsWith('saml:'),
    id: 'iam.trust-condition',
    fix: 'The bridge does not send this attribute. Remove the condition, or compare a session tag instead.',
  },
];

const OTHER: Omit<KeyRow, 'of'> = {
  id: 'iam.trust-condition',
  fix: 'Remove the condition, or correct it.',
};

export function conditionFault(
  { name }: IamStatement,
  { condition, sent }: JudgedCondition,
  looked: Looked,
): PolicyFault {
  const { operator, key, values } = condition;
  const cause = `condition ${name} ${operator} ${key}`;
  if (key.toLowerCase() === 'sts:externalid') return { ...externalIdFault(looked.way), cause };
  const { id, fix } = KEYS.find(row => row.of(key.toLowerCase(), looked)) ?? OTHER;
  return {
    ...{ cause, id, fix },
    message: `No call of the bridge meets a condition of the trust policy (${name}).`,
    expected: `${key}: ${sent}`,
    found: `${operator} ${key}: ${values.length === 0 ? 'nothing' : listed(values)}`,
  };
}

/** Without the external ids: one of them can be a secret. */
function externalIdFault({ externalId }: PlannedWay): Omit<PolicyFault, 'cause'> {
  if (externalId === undefined)
    return {
      id: 'iam.external-id-missing',
      message:
        'The trust policy has a condition on an external id, and the configuration has none.',
      fix: 'Set externalId in the trust of the account.',
    };
  return {
    id: 'iam.external-id-different',
    message: 'The external id of the configuration is not the one that the trust policy requires.',
    fix: 'Ask the owner of the account for the external id, and correct it in the configuration or in the trust policy.',
  };
}
