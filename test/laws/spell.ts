/** `npm run spell`: the spelling and the language of comments, texts, pages and documents. */
import { join } from 'node:path';
import { checkProse } from './prose.ts';

const root = join(import.meta.dirname, '../..');
const findings = await checkProse({
  root,
  configFile: join(root, '.cspell.json'),
  cacheFile: join(root, 'node_modules/.cache/cspell'),
});
for (const { file, line, message } of findings) console.log(`${file}:${line} ${message}`);
const rooms = Object.entries(Object.groupBy(findings, ({ file }) => roomOf(file)));
for (const [room, found = []] of rooms.sort(([, a = []], [, b = []]) => b.length - a.length))
  console.log(`${String(found.length).padStart(6)}  ${room}`);
console.log(`${String(findings.length).padStart(6)}  findings`);
if (findings.length > 0) process.exitCode = 1;

/** `src/cli` for a file anywhere below it, `docs` for a page. */
function roomOf(file: string): string {
  const [first, second, ...deeper] = file.split('/');
  if (second === undefined) return '.';
  return deeper.length > 0 ? `${first}/${second}` : first!;
}
