/** IAM users of the world: their access keys, policies and virtual MFA devices. */
import { type Account, placeOf } from './accounts.ts';
import { arns, uniqueId } from './identifiers.ts';
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

export interface IamUser {
  readonly account: Account;
  readonly name: string;
  readonly arn: string;
  /** `AIDA...` */
  readonly uniqueId: string;
  readonly accessKeys: readonly AccessKey[];
  readonly mfaDevices: readonly MfaDevice[];
  readonly permissions: readonly IdentityPolicy[];
  readonly tags: Readonly<Record<string, string>>;
}

type CheckedUser = Omit<IamUser, 'account' | 'arn' | 'uniqueId' | 'mfaDevices'> & {
  readonly path: string;
  readonly mfaDevices: readonly Omit<MfaDevice, 'arn'>[];
};

/** A checked user of the file, as part of the world. */
export function userOf({ path, ...user }: CheckedUser, account: Account): IamUser {
  const place = placeOf(account);
  const arn = arns.user(place, path, user.name);
  return {
    ...user,
    account,
    arn,
    uniqueId: uniqueId('AIDA', arn),
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
