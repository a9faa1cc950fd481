/** The placeholders of templates, and their values: those of users, and those of workloads. */
import type { Identity } from './identity.ts';
import { roleSessionName } from './role.ts';
import type { Values, Vocabulary } from './template.ts';
import { claimText, type Workload } from './workload.ts';

type Fields<Of> = Readonly<Record<string, (of: Of) => string | undefined>>;

const OF_USER = {
  username: ({ username }) => username,
  email: ({ email }) => email,
  displayName: ({ displayName }) => displayName,
  subject: ({ subject }) => subject,
  connector: ({ connector }) => connector,
  person: ({ person }) => person,
  sessionName: identity => roleSessionName(identity),
} as const satisfies Fields<Identity>;

const OF_WORKLOAD = {
  workload: ({ entry }) => entry,
  subject: ({ subject }) => subject,
  sessionName: ({ id }) => id,
} as const satisfies Fields<Workload>;

export const USER_PLACEHOLDERS: Vocabulary = { names: Object.keys(OF_USER), open: 'attributes' };
export const WORKLOAD_PLACEHOLDERS: Vocabulary = {
  names: Object.keys(OF_WORKLOAD),
  open: 'claims',
};

export function userValues(identity: Identity): Values {
  return name => {
    if (Object.hasOwn(OF_USER, name)) return OF_USER[name as keyof typeof OF_USER](identity);
    const attribute = name.slice('attributes.'.length);
    return Object.hasOwn(identity.attributes, attribute)
      ? identity.attributes[attribute]
      : undefined;
  };
}

export function workloadValues(workload: Workload): Values {
  return name =>
    Object.hasOwn(OF_WORKLOAD, name)
      ? OF_WORKLOAD[name as keyof typeof OF_WORKLOAD](workload)
      : claimText(workload.claims, name.slice('claims.'.length));
}
