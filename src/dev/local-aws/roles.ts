/**
 * Changes of the running world, as an administrator would make them: what they do to sessions that
 * are open.
 */
import { z } from 'zod';
import { uniqueId } from './identifiers.ts';
import { inlinePolicies } from './permissions.ts';
import { permission, trustPolicy } from './policy-document.ts';
import { type Role, roleOf, type World, type WorldInput } from './world.ts';
import { worldSchema } from './world-schema.ts';

export interface Roles {
  /** By ARN. Throws an Error when there is none. */
  delete(arn: string): void;
  /** Replaces parts of a role; its sessions go on. Throws an Error when there is none. */
  change(
    arn: string,
    change: {
      readonly trustPolicy?: z.input<typeof trustPolicy>;
      readonly permissions?: z.input<typeof permission>[];
    },
  ): void;
  /** Makes a role; one that was deleted before is a new role with a new unique id. */
  create(role: NonNullable<WorldInput['roles']>[number]): void;
}

export function createRoles(world: World): Roles {
  let created = 0;
  const existing = (arn: string): Role => {
    const role = world.roles.get(arn);
    if (role === undefined) throw new Error(`there is no role ${arn}`);
    return role;
  };
  return {
    delete: arn => {
      existing(arn);
      world.roles.delete(arn);
    },
    change: (arn, change) => {
      world.roles.set(arn, {
        ...existing(arn),
        ...(change.trustPolicy === undefined
          ? {}
          : { trustPolicy: trustPolicy.parse(change.trustPolicy) }),
        ...(change.permissions === undefined
          ? {}
          : { inlinePolicies: inlinePolicies(z.array(permission).parse(change.permissions)) }),
      });
    },
    create: input => {
      const owner = world.accounts.find(account => account.id === input.account);
      if (owner === undefined) throw new Error(`there is no account ${input.account}`);
      const role = roleOf(worldSchema.shape.roles.unwrap().element.parse(input), owner);
      created += 1;
      world.roles.set(role.arn, { ...role, uniqueId: uniqueId('AROA', `${role.arn}#${created}`) });
    },
  };
}
