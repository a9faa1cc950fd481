/** Which roles and providers exist already: all roles, none, or those of IAM files. */
import type { IamState } from '../../core/iam-state.ts';
import type { ExistingIam } from './account-trust.ts';

const NOTHING: ExistingIam = {
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
  return {
    has: arn =>
      roles.has(arn) ||
      saml.has(arn) ||
      oidc.has(arn) ||
      (existing === true && EVERY_ROLE.has(arn)),
    clientIdsOf: arn => oidc.get(arn)?.clientIds ?? [],
    maxSessionSecondsOf: arn => roles.get(arn)?.maxSessionSeconds,
  };
}
