/** Roles that only the rules of a test name. */
import type { WorldInput } from '../../src/dev/local-aws/world.ts';

/** They are in prod, staging and partner, each with the trust of a role that is there. */
export function withOwnRoles(aws: WorldInput, names: readonly string[]): WorldInput {
  const like = (account: string, name: string) =>
    aws.roles!.find(role => role.account === account && role.name === name)!;
  const models = [
    like('111122223333', 'Developer'),
    like('222233334444', 'Developer'),
    like('444455556666', 'Auditor'),
  ];
  return {
    ...aws,
    roles: [...aws.roles!, ...models.flatMap(model => names.map(name => ({ ...model, name })))],
  };
}
