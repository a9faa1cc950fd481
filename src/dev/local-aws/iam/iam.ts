/** What the operations of IAM work on, and how they find things there. */
import type { Account } from '../accounts.ts';
import { placeOf } from '../accounts.ts';
import { encodeRfc3986 } from '../canonical-request.ts';
import { arns } from '../identifiers.ts';
import type { SamlMetadataSource } from '../saml-metadata.ts';
import type { Role, World } from '../world.ts';
import type { XmlTree } from '../xml-writer.ts';
import { membersOf } from '../xml-writer.ts';
import { IamError } from './iam-error.ts';

export interface Iam {
  readonly world: World;
  readonly samlMetadata: SamlMetadataSource;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** IAM of one account: an operation sees no other. */
export interface AccountIam extends Iam {
  readonly account: Account;
}

/** The members of the world that are of the account. */
export function ownedBy<T extends { readonly account: Account }>(
  { account }: AccountIam,
  items: ReadonlyMap<string, T>,
): readonly T[] {
  return [...items.values()].filter(item => item.account.id === account.id);
}

/** Throws `IamError` NoSuchEntity. */
export function roleNamed(iam: AccountIam, name: string): Role {
  const role = ownedBy(iam, iam.world.roles).find(one => one.name === name);
  if (role === undefined)
    throw new IamError('NoSuchEntity', `The role with name ${name} cannot be found.`);
  return role;
}

/** The ARN that policies see: of the role, or of one without path if there is none. */
export function roleArn(iam: AccountIam, { RoleName }: { readonly RoleName: string }): string {
  const role = ownedBy(iam, iam.world.roles).find(one => one.name === RoleName);
  return role?.arn ?? arns.role(placeOf(iam.account), '/', RoleName);
}

/** Whole seconds. */
export function timeOf(epochMilliseconds: number): string {
  return new Date(epochMilliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** A policy as IAM writes it: URL-encoded by RFC 3986. */
export function encodedPolicy({ text }: { readonly text: string }): string {
  return encodeRfc3986(text);
}

export function tagMembers(tags: Readonly<Record<string, string>>): XmlTree | null {
  return membersOf(Object.entries(tags).map(([Key, Value]) => ({ Key, Value })));
}
