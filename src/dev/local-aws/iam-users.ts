/** IAM users of the world: their access keys, policies and virtual MFA devices. */
import { type Account, placeOf } from './accounts.ts';
import { arns, uniqueId } from './identifiers.ts';
import { inlinePolicies, type Permissions } from './permissions.ts';
import type { IdentityPolicy } from './policy-document.ts';

export interface AccessKey {
  /** `AKIA...` */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly status: 'Active' | 'Inactive';
}

export interface MfaDevice {
  readonly name: string;
  /** The serial number, as API calls name it: `arn:aws:iam::111122223333:mfa/NAME`. */
  readonly arn: string;
  /** Base32. */
  readonly seed: string;
}

export interface IamUser extends Permissions {
  readonly account: Account;
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `AIDA...` */
  readonly uniqueId: string;
  readonly accessKeys: readonly AccessKey[];
  readonly mfaDevices: readonly MfaDevice[];
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

type CheckedUser = Pick<IamUser, 'name' | 'path' | 'accessKeys' | 'attachedPolicies' | 'tags'> & {
  readonly permissions: readonly IdentityPolicy[];
  readonly mfaDevices: readonly Omit<MfaDevice, 'arn'>[];
};

/** A checked user of the file, as part of the world. */
export function userOf(
  { permissions, ...user }: CheckedUser,
  account: Account,
  createdAt: number,
): IamUser {
  const place = placeOf(account);
  const arn = arns.user(place, user.path, user.name);
  return {
    ...user,
    account,
    arn,
    uniqueId: uniqueId('AIDA', arn),
    inlinePolicies: inlinePolicies(permissions),
    createdAt,
    mfaDevices: user.mfaDevices.map(device => ({
      ...device,
      arn: arns.mfaDevice(place, device.name),
    })),
  };
}

/** Keys and devices of all users, each with where it is in the file: both must be unique. */
export function belongings(
  users: readonly IamUser[],
): readonly { readonly at: string; readonly key: string }[] {
  return users.flatMap(({ accessKeys, mfaDevices }, index) => [
    ...accessKeys.map(({ accessKeyId }, key) => ({
      at: `iamUsers[${index}].accessKeys[${key}]`,
      key: accessKeyId,
    })),
    ...mfaDevices.map(({ arn }, device) => ({
      at: `iamUsers[${index}].mfaDevices[${device}]`,
      key: arn,
    })),
  ]);
}
