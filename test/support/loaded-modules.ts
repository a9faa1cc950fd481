/**
 * Preloaded into a process (`node --import`): at its end, writes the URLs of all ES modules that it
 * loaded after this one to the file that `LOADED_MODULES` names, one a line.
 */
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});
process.on('exit', () => writeFileSync(process.env.LOADED_MODULES!, loaded.join('\n')));
