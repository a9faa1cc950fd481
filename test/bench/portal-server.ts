/**
 * The world of `portal.ts` in a process of its own, so that only the bridge's work is counted. Its
 * argument is the directory of the project, of this or an older state. It ends with its parent.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MANY_ROLES, manyRoles } from '../support/many-roles.ts';
import type * as worlds from '../support/world.ts';

const project = process.argv[2]!;
const { startWorld } = (await import(
  pathToFileURL(join(project, 'test/support/world.ts')).href
)) as typeof worlds;
// Older states know nothing of an account but its id, name and region.
const details = existsSync(join(project, 'src/config/account-details-schema.ts'));
const world = await startWorld(manyRoles({ details }));
const { visitor } = await world.signIn(MANY_ROLES.username, 'saml');

/** Asked by any message, answered with the microseconds of processor time so far. */
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send!(user + system);
});
process.on('disconnect', () => process.exit());
process.send!({
  url: world.urls.bridge,
  cookie: visitor.cookie(world.urls.bridge, 'rolebridge'),
});
