/** Checks of accounts: names, trust, hubs and partitions. */

import { partitionOfRegion } from '../core/partitions.ts';
import { isReservedRole } from '../core/role.ts';
import type { AccountList, ReadableAccount } from './account-list.ts';
import { ownStsProblems } from './own-sts-checks.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';

export function* accountProblems(
  document: Readable<Document>,
  accounts: AccountList,
): Generator<ProblemAt> {
  yield* repeated(document, 'id');
  yield* repeated(document, 'name');
  for (const { account, index } of accounts.all) {
    const path: Path = ['accounts', index];
    yield* nameProblems(account, path, accounts);
    yield* regionProblems(account, path);
    yield* trustProblems(account, path);
    yield* endpointProblems(account, path);
    yield* hubProblems(account, path, accounts);
    yield* connectorProblems(account, path, document);
  }
  yield* ownStsProblems(document, accounts);
}

function* repeated(document: Readable<Document>, key: 'id' | 'name'): Generator<ProblemAt> {
  const first = new Map<string, number>();
  for (const [index, account] of (document.accounts ?? []).entries()) {
    const value = account?.[key];
    if (value === undefined) continue;
    const before = first.get(value);
    if (before === undefined) first.set(value, index);
    else
      yield {
        path: ['accounts', index, key],
        message: `${quoted(value)} is already the ${key} of accounts[${before}].`,
        fix: 'Give each account its own id and name.',
      };
  }
}

function* nameProblems(
  { id, name }: ReadableAccount,
  path: Path,
  accounts: AccountList,
): Generator<ProblemAt> {
  if (name === undefined || name === id || !/^\d{12}$/.test(name)) return;
  const other = accounts.all.some(listed => listed.account.id === name);
  yield {
    path: [...path, 'name'],
    message: `${quoted(name)} looks like the id of ${other ? 'another' : 'an'} account.`,
    fix: 'Write a name with letters in it.',
  };
}

function* regionProblems({ region, partition }: ReadableAccount, path: Path): Generator<ProblemAt> {
  if (region === undefined || partition === undefined) return;
  const belongsTo = partitionOfRegion(region);
  if (belongsTo === partition) return;
  yield {
    path: [...path, 'region'],
    message: `${quoted(region)} is not a region of the partition ${partition}.`,
    fix: `Write partition: ${belongsTo}, or another region.`,
  };
}

function* trustProblems(account: ReadableAccount, path: Path): Generator<ProblemAt> {
  const { trust } = account;
  const [hasTrust, hasVia, hasProvider] = ['trust', 'via', 'provider'].map(key =>
    isWritten(account, key),
  );
  if (hasTrust && hasVia) {
    yield {
      path: [...path, 'via'],
      message: 'cannot be combined with trust; the hub account has its own trust.',
      fix: 'Keep trust or via.',
    };
  }
  if (!hasTrust && !hasVia) {
    yield {
      path,
      message: 'has neither trust nor via, so its roles cannot be assumed.',
      fix: 'Add trust: saml (with provider) or trust: web-identity.',
    };
  }
  const needsProvider = trust === 'saml' || trust === 'corporate-saml';
  if (needsProvider && !hasProvider) {
    yield {
      path,
      message: `has no provider, which trust: ${trust} needs.`,
      fix: 'Add provider: the name of the IAM SAML provider in this account.',
    };
  }
  if (!needsProvider && hasProvider && (trust ?? account.via) !== undefined) {
    yield {
      path: [...path, 'provider'],
      message: 'means nothing here; only trust: saml and corporate-saml have a provider.',
      fix: 'Remove it, or correct trust.',
    };
  }
  if (
    isWritten(account, 'samlSignatures') &&
    trust !== 'saml' &&
    (trust ?? account.via) !== undefined
  ) {
    yield {
      path: [...path, 'samlSignatures'],
      message: 'means nothing here; the bridge signs SAML assertions for trust: saml alone.',
      fix: 'Remove it, or correct trust.',
    };
  }
}

/** Kinds of trust for which no IAM SAML provider and no hub role of AWS is needed. */
const FOR_ANY_STS: readonly string[] = ['web-identity', 'corporate-web-identity'];

function* endpointProblems(account: ReadableAccount, path: Path): Generator<ProblemAt> {
  const { endpoints, trust, via } = account;
  if (endpoints === undefined) return;
  if (!isWritten(endpoints, 'sts')) {
    yield {
      path: [...path, 'endpoints'],
      message: 'names no endpoint.',
      fix: 'Add sts: the URL of the STS of this account, or remove endpoints.',
    };
    return;
  }
  const fix = `Write trust: ${FOR_ANY_STS.join(' or trust: ')}, or remove endpoints.`;
  if (via !== undefined)
    yield {
      path: [...path, 'via'],
      message: 'cannot be combined with endpoints.sts: the session of a hub role is one of AWS.',
      fix,
    };
  if (trust !== undefined && !FOR_ANY_STS.includes(trust))
    yield {
      path: [...path, 'trust'],
      message: `${quoted(trust)} needs an IAM SAML provider of AWS, which an account with endpoints.sts does not have.`,
      fix,
    };
}

function* hubProblems(
  account: ReadableAccount,
  path: Path,
  accounts: AccountList,
): Generator<ProblemAt> {
  const name = account.via?.account;
  if (name === undefined) return;
  const at: Path = [...path, 'via', 'account'];
  const hub = accounts.find(name)?.account;
  if (hub === undefined) {
    const missing = accounts.missing(name);
    if (missing !== undefined)
      yield {
        path: at,
        message: missing.message,
        fix: 'Write the name or id of the account with the hub role.',
      };
    return;
  }
  if (hub === account)
    yield {
      path: at,
      message: 'is the account itself.',
      fix: 'Name the account with the hub role.',
    };
  else if (hub.endpoints?.sts !== undefined)
    yield {
      path: at,
      message: `${quoted(name)} has its own STS (endpoints.sts), whose sessions AWS does not accept.`,
      fix: 'Name a hub that is an AWS account.',
    };
  else if (hub.via !== undefined)
    yield {
      path: at,
      message: `${quoted(name)} is behind a hub itself; only one hop is made.`,
      fix: 'Name a hub that has a trust of its own.',
    };
  if (
    hub.partition !== undefined &&
    account.partition !== undefined &&
    hub.partition !== account.partition
  ) {
    yield {
      path: at,
      message: `${quoted(name)} is in the partition ${hub.partition}; roles are not assumed across partitions.`,
      fix: `Name a hub in ${account.partition}.`,
    };
  }
  if (isReservedRole(account.via?.role ?? '') && isSaml(hub)) {
    yield { path: [...path, 'via', 'role'], ...RESERVED };
  }
}

const RESERVED = {
  message: 'is a role of IAM Identity Center, which cannot be assumed with a SAML assertion.',
  fix: 'Make a role of your own with the same policies.',
} as const;

export function isSaml(account: ReadableAccount): boolean {
  return account.trust === 'saml' || account.trust === 'corporate-saml';
}

const CORPORATE = { 'corporate-web-identity': 'oidc', 'corporate-saml': 'saml' } as const;

function encrypts(connector: object): boolean {
  return 'encryption' in connector && connector.encryption === true;
}

function* connectorProblems(
  { trust }: ReadableAccount,
  path: Path,
  { connectors }: Readable<Document>,
): Generator<ProblemAt> {
  if (trust !== 'corporate-web-identity' && trust !== 'corporate-saml') return;
  const protocol = CORPORATE[trust];
  if (connectors === undefined || connectors.some(connector => connector === undefined)) return;
  const able = connectors.flatMap(connector => connector?.[protocol] ?? []);
  if (trust === 'corporate-saml' && able.length > 0 && able.every(encrypts))
    yield {
      path: [...path, 'trust'],
      message:
        "requires the user's own SAML response, but every saml connector has encryption: true. AWS cannot read a response that is encrypted for the bridge.",
      fix: 'Remove encryption: true from the connector of these users, or use trust: saml or web-identity.',
    };
  if (able.length > 0) return;
  yield {
    path: [...path, 'trust'],
    message: `requires the proof of a user's own ${protocol} sign-in, but there is no ${protocol} connector.`,
    fix: `Add a connector with ${protocol}, or use trust: saml or web-identity.`,
  };
}
