/** Builds the entries of `workloads` and their rules from the checked document. */
import { ROLE_ARN_CLAIM } from '../core/workload.ts';
import type { ClaimCondition, WorkloadRule } from '../core/workload-rule.ts';
import { required } from './build-access.ts';
import type { AccountChoice } from './build-selection.ts';
import { sessionSettings } from './build-session.ts';
import type { WorkloadEntryConfiguration, WorkloadKeySet } from './configuration.ts';
import { absolutePath } from './reference-places.ts';
import type { References } from './references.ts';
import type { Document } from './schema.ts';
import { OF_WORKLOADS } from './template-values.ts';

type DocumentEntry = Document['workloads'][number];
type DocumentRule = DocumentEntry['access'][number];

/** Relative paths begin at `directory`. */
export function workloadEntry(
  { id, issuer, spiffe, awsIam, jwks, audience }: DocumentEntry,
  directory: string,
): WorkloadEntryConfiguration {
  if (awsIam !== undefined) return { id, kind: 'aws-iam', audience: awsIam.audience };
  const keys = jwks && keySet(jwks, directory);
  const audiences = required(audience);
  if (spiffe === undefined)
    return {
      ...{ id, kind: 'issuer', issuer: required(issuer), audiences },
      keys: keys ?? { kind: 'discovery' },
    };
  const { trustDomain } = spiffe;
  return { id, kind: 'spiffe', trustDomain, audiences, keys: required(keys) };
}

function keySet(
  { url, file }: NonNullable<DocumentEntry['jwks']>,
  directory: string,
): WorkloadKeySet {
  return file === undefined
    ? { kind: 'url', url: required(url) }
    : { kind: 'file', file: absolutePath(file, directory) };
}

export function workloadRules(
  { workloads }: Document,
  { idsOf }: AccountChoice,
  references: References,
): readonly WorkloadRule[] {
  return workloads.flatMap(({ id: entry, access }, position) =>
    access.map((written, index) => ({
      name: written.name ?? `workloads[${position}].access[${index}]`,
      entry,
      conditions: conditionsOf(written),
      accounts: idsOf(written.accounts),
      roles: written.roles,
      session: sessionSettings(written.session, OF_WORKLOADS, references),
      require: { mfa: false, networks: written.require.networks },
      once: written.once,
    })),
  );
}

function conditionsOf({ claims = {}, roleArns }: DocumentRule): readonly ClaimCondition[] {
  const written = Object.entries(claims).map(([claim, condition]) => ({ claim, ...condition }));
  return roleArns === undefined
    ? written
    : [...written, { claim: ROLE_ARN_CLAIM, values: roleArns, patterns: [] }];
}
