/** Which roles and providers exist already: all roles, none, or those of IAM files. */
import { combineOutputs } from '../../core/iam/output.ts';
import type { IamState } from '../../core/iam/state.ts';
import { outputFinding, readIamFiles } from '../doctor/iam-files.ts';
import type { ExistingIam } from './account-trust.ts';

const NOTHING: ExistingIam = {
  lacks: () => false,
  has: () => false,
  clientIdsOf: () => [],
  maxSessionSecondsOf: () => undefined,
};

/** Every role exists; of providers, nothing is known. */
const EVERY_ROLE: ExistingIam = { ...NOTHING, has: arn => arn.includes(':role/') };

export function existingIam(
  { existing }: { readonly existing?: boolean | undefined },
  states: readonly IamState[] = [],
): ExistingIam {
  if (states.length === 0) return existing ? EVERY_ROLE : NOTHING;
  const roles = new Map(states.flatMap(of => of.roles.items).map(role => [role.arn, role]));
  const saml = new Set(states.flatMap(of => of.samlProviders.items).map(({ arn }) => arn));
  const oidc = new Map(states.flatMap(of => of.oidcProviders.items).map(of => [of.arn, of]));
  const accounts = new Set(states.map(({ account }) => account));
  return {
    lacks: account => !accounts.has(account),
    has: arn =>
      roles.has(arn) ||
      saml.has(arn) ||
      oidc.has(arn) ||
      (existing === true && EVERY_ROLE.has(arn)),
    clientIdsOf: arn => oidc.get(arn)?.clientIds ?? [],
    maxSessionSecondsOf: arn => roles.get(arn)?.maxSessionSeconds,
  };
}

/**
 * The state of each account in these files and directories. Throws an Error for a file that cannot
 * be used: a role that it lacks would be created.
 */
export async function readStates(files: readonly string[]): Promise<readonly IamState[]> {
  const { outputs, findings } = await readIamFiles(files, () => {});
  const { states, problems } = combineOutputs(outputs);
  const [fault] = [...findings, ...problems.map(outputFinding)];
  if (fault !== undefined)
    throw new Error(`--iam ${fault.subject}: ${fault.message} ${fault.fix ?? ''}`.trim());
  return [...states.values()];
}
