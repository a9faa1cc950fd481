/** Messages that users copy and send to ask for access. They contain nothing secret. */
import type { DecisionTrace } from '../core/decision-trace.ts';
import type { BridgeError, ErrorCode } from '../core/errors.ts';
import type { HelpValues } from '../core/help-address.ts';
import type { Identity } from '../core/identity.ts';
import { listed } from '../core/listed.ts';
import type { NamedRole } from '../core/near-role.ts';
import { elevationUrl } from './elevation.ts';

type Asker = Pick<Identity, 'username' | 'connector' | 'person'>;

/** Asks for a role; `asked` undefined leaves account and role open. */
export function accessRequest(asker: Asker, asked?: NamedRole, trace?: DecisionTrace): string {
  const { username, connector, person } = asker;
  const { account = '…', role = '…' } = asked ?? {};
  const groups = groupsIn(trace);
  const giving = groups.length === 1 ? 'The group that gives it' : 'Each of these groups gives it';
  const by = groups.length === 0 ? '' : ` ${giving}: ${listed(groups)}.`;
  return `Please grant me a role in AWS. I am ${username} (signed in by ${connector}, person id ${person}). I need the account ${account} and the role ${role}, because …${by}`;
}

/** The groups that would give the role, as the rules name them. */
function groupsIn(trace: DecisionTrace | undefined): readonly string[] {
  const groups = trace?.steps.flatMap(step =>
    step.outcome === 'group-missing' ? step.groups : [],
  );
  return [...new Set(groups)];
}

/** Errors against which a group of the user helps. */
const LACKS_A_GROUP: readonly ErrorCode[] = ['access_denied', 'elevation_not_offered'];

/** What the user can send after a refusal; undefined where a message helps nothing. */
export function requestAfter(
  error: BridgeError,
  asker: Asker,
  place: { readonly baseUrl: string },
): string | undefined {
  const { code, elevation, asked, near, trace } = error;
  if (elevation?.kind === 'look')
    return `Please look at my request for the role ${elevation.role} in the account ${elevation.account}: ${elevationUrl(error, place)}`;
  const isAsked = LACKS_A_GROUP.includes(code) && near === undefined;
  return isAsked && asked !== undefined ? accessRequest(asker, asked, trace) : undefined;
}

/** What a help page is told of a refusal. */
export function valuesOf({ code, asked, trace }: BridgeError): HelpValues {
  return { code, account: asked?.account, role: asked?.role, group: groupsIn(trace)[0] };
}
