/** `npm run arch`: the import laws hold, and no line is too wide. */
import { globSync, readFileSync } from 'node:fs';
import { cruiseTree } from './cruise.ts';
import { wideLines } from './width.ts';

const { violations, modulesSeen, modulesThere } = await cruiseTree(process.cwd());
const wide = globSync('{src,test}/**/*.ts').flatMap(file =>
  wideLines(readFileSync(file, 'utf8')).map(line => `${file}:${line} is over 100 columns`),
);
for (const problem of [...violations, ...wide]) console.error(problem);
// A cruiser that cannot read TypeScript sees nothing and finds nothing wrong.
if (modulesSeen < modulesThere)
  console.error(`only ${modulesSeen} of ${modulesThere} modules were read: nothing was checked`);
if (violations.length + wide.length > 0 || modulesSeen < modulesThere) process.exit(1);
console.log(`the import laws hold in ${modulesSeen} modules, and no line is over 100 columns`);
