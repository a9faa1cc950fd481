/** `npm run arch`: the import laws hold, and every module of src was really looked at. */
import { cruiseTree } from './cruise.ts';

const { violations, modulesSeen, modulesThere } = await cruiseTree(process.cwd());
for (const violation of violations) console.error(violation);
// A cruiser that cannot read TypeScript sees nothing and finds nothing wrong.
if (modulesSeen < modulesThere)
  console.error(
    `only ${modulesSeen} of ${modulesThere} modules were read: the laws were not checked`,
  );
if (violations.length > 0 || modulesSeen < modulesThere) process.exit(1);
console.log(`the import laws hold in ${modulesSeen} modules`);
