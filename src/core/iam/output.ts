/**
 * The state of IAM from the answers of its API, as the AWS CLI prints them and the SDK returns
 * them: `get-account-authorization-details`, `list-roles`, `get-role`, `list-saml-providers`,
 * `get-saml-provider`, `list-open-id-connect-providers`, `get-open-id-connect-provider`.
 *
 * Answers are recognized by their members, and sorted by the accounts in their ARNs. They are
 * input: what has another form is left out.
 */

import type { AccountId } from '../role.ts';
import {
  type AnswerFrom,
  addOidcProvider,
  addRole,
  addSamlProvider,
  createDrafts,
  type Drafts,
  type ListName,
  markListed,
  readDetails,
  readNameless,
  statesOf,
} from './drafts.ts';
import type { IamState } from './state.ts';
import { isObject, textOf } from './values.ts';

/** One answer, and where it comes from. */
export interface IamOutput {
  /** The name of its file without its directory, or of its profile. */
  readonly name: string;
  readonly content: unknown;
  /** Whose answer it is, where that is known without it: an empty list does not say. */
  readonly account?: AccountId | undefined;
}

/** A part of IAM that could not be read. */
export interface UnreadIam {
  /** `iam:ListRoles` */
  readonly action: string;
  /** `AccessDenied`, or what happened in words. */
  readonly reason: string;
}

export interface IamReading {
  readonly outputs: readonly IamOutput[];
  readonly unread: readonly UnreadIam[];
}

export interface OutputProblem {
  readonly name: string;
  readonly kind: 'ignored' | 'incomplete';
  /** As the end of a sentence. */
  readonly why: string;
}

export interface CombinedIam {
  readonly states: ReadonlyMap<AccountId, IamState>;
  readonly problems: readonly OutputProblem[];
}

export function combineOutputs(outputs: readonly IamOutput[]): CombinedIam {
  const drafts = createDrafts();
  const problems: OutputProblem[] = [];
  const answers = outputs.flatMap(({ name, content, account }) =>
    (Array.isArray(content) ? content : [content]).map(answer => ({
      name,
      answer,
      account: account ?? accountIn(name),
    })),
  );
  const nameless: Answer[] = [];
  for (const { name, answer, account } of answers) {
    const read = isObject(answer) ? readAnswer(drafts, { name, answer, account }) : 'other form';
    if (read === 'nameless') nameless.push({ name, answer: answer as Values, account });
    if (read === 'other form') problems.push({ name, kind: 'ignored', why: UNKNOWN_FORM });
    if (isObject(answer) && isCutOff(answer))
      problems.push({ name, kind: 'incomplete', why: 'is cut off: IAM had more to say' });
  }
  // These name no provider, so that the lists are needed first.
  for (const each of nameless)
    if (!readNameless(drafts, each))
      problems.push({
        name: each.name,
        kind: 'ignored',
        why: 'does not say which provider it describes',
      });
  return { states: statesOf(drafts), problems };
}

const UNKNOWN_FORM = 'is not the output of a command that is read here';

type Values = Readonly<Record<string, unknown>>;

interface Answer {
  readonly name: string;
  readonly answer: Values;
  readonly account: AccountId | undefined;
}

/** `NextToken` is that of the AWS CLI with --max-items. */
function isCutOff({ IsTruncated, Marker, NextToken }: Readonly<Record<string, unknown>>): boolean {
  return IsTruncated === true || textOf(Marker) !== undefined || textOf(NextToken) !== undefined;
}

/** An account id in the name of a file says whose answer it is. */
function accountIn(name: string): AccountId | undefined {
  return /(?<!\d)\d{12}(?!\d)/.exec(name)?.[0] as AccountId | undefined;
}

type Read = 'read' | 'nameless' | 'other form';
type Reader = (drafts: Drafts, answer: Values, from: AnswerFrom) => Read;

const READERS: readonly Reader[] = [
  (drafts, answer, from) => {
    const { RoleDetailList, Policies } = answer;
    if (!Array.isArray(RoleDetailList) && !Array.isArray(Policies)) return 'other form';
    readDetails(drafts, answer, from);
    return 'read';
  },
  listReader('Roles', 'roles', (drafts, role) => addRole(drafts, role, 'list')),
  listReader('SAMLProviderList', 'samlProviders', addSamlProvider),
  listReader('OpenIDConnectProviderList', 'oidcProviders', addOidcProvider),
  (drafts, { Role }) => {
    if (!isObject(Role)) return 'other form';
    addRole(drafts, Role, 'single');
    return 'read';
  },
  (drafts, answer) => {
    const { SAMLMetadataDocument, Url, ClientIDList } = answer;
    if (textOf(SAMLMetadataDocument) !== undefined)
      return addSamlProvider(drafts, answer) ? 'read' : 'nameless';
    if (textOf(Url) === undefined || !Array.isArray(ClientIDList)) return 'other form';
    return addOidcProvider(drafts, answer) ? 'read' : 'nameless';
  },
];

function listReader(
  member: string,
  list: ListName,
  add: (drafts: Drafts, item: unknown) => unknown,
): Reader {
  return (drafts, answer, from) => {
    const items = answer[member];
    if (!Array.isArray(items)) return 'other form';
    for (const item of items) add(drafts, item);
    markListed(drafts, list, { items, ...from });
    return 'read';
  };
}

function readAnswer(drafts: Drafts, { answer, account }: Answer): Read {
  const from = { isComplete: !isCutOff(answer), account };
  const read = new Set(READERS.map(reader => reader(drafts, answer, from)));
  if (read.has('nameless')) return 'nameless';
  return read.has('read') ? 'read' : 'other form';
}
