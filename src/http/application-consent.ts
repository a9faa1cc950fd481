/** What the consent page says of an application and its roles. */
import type { ReachableRoles } from '../bridge/access.ts';
import type { ApplicationRole } from '../core/application.ts';
import type { Application } from '../core/oauth-client.ts';
import { explainRequirement } from '../core/requirements.ts';
import type { ApplicationConsentModel, ConsentedRole } from './application-views.ts';
import { APPLICATION_KINDS } from './terminal-model.ts';

/** `reachable`: the roles of the user within the list of the application. */
export function consentTo(
  { name, kind, application: { roles } }: Application,
  reachable: ReachableRoles,
): Pick<ApplicationConsentModel, 'application' | 'kind' | 'accounts' | 'isUseful'> {
  const { granted, withheld } = reachable;
  const byAccount = Map.groupBy(roles, ({ accountName }) => accountName);
  return {
    application: { name },
    kind: APPLICATION_KINDS[kind],
    accounts: [...byAccount].map(([account, listed]) => ({
      name: account,
      roles: listed.map(role => rowOf(role, reachable)),
    })),
    isUseful: granted.length + withheld.length > 0,
  };
}

function rowOf({ account, role }: ApplicationRole, { granted, withheld }: ReachableRoles) {
  const isIt = (one: { readonly account: { readonly id: string }; readonly role: string }) =>
    one.account.id === account && one.role === role;
  const row: ConsentedRole = { role };
  if (granted.some(isIt)) return row;
  const found = withheld.find(({ entitlement }) => isIt(entitlement));
  if (found === undefined) return { ...row, lacks: 'you do not have this role' };
  return { ...row, lacks: found.missing.map(explainRequirement).join(' ') };
}
