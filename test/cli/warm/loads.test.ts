import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Computer, QUICK_POLLS } from '../../support/cli.ts';
import { startWorld, type World } from '../../support/world.ts';

const RECORDER = fileURLToPath(new URL('../../support/loaded-modules.ts', import.meta.url));
/** What a warm `credential-process` loads (docs/adr/0027): each module costs every AWS command. */
const WARM_MODULES = [
  '../core/loopback.js',
  'main.js',
  'warm/bridges.js',
  'warm/cached-credentials.js',
  'warm/private-files.js',
  'warm/sealed.js',
  'warm/settings.js',
  'warm/warm-credentials.js',
];

describe('a warm credential-process', () => {
  let world: World;
  let laptop: Computer;
  before(async () => {
    world = await startWorld(QUICK_POLLS);
    laptop = new Computer();
    await laptop.logIn(world, 'alice');
    await laptop.done(['credential-process', 'prod/Admin']);
  });
  after(async () => {
    laptop.close();
    await world.close();
  });

  /** The modules that a warm run of this client loads, as paths in its directory. */
  async function loadedBy(entry: string): Promise<string[]> {
    const list = laptop.file('loaded');
    const { code, stdout, stderr } = await laptop.run(['credential-process', 'prod/Admin'], {
      entry,
      env: {
        LOADED_MODULES: list,
        NODE_OPTIONS: `--import=${pathToFileURL(RECORDER).href}`,
      },
    });
    assert.equal(code, 0, stderr);
    assert.equal((JSON.parse(stdout) as { Version: number }).Version, 1);
    return readFileSync(list, 'utf8')
      .split('\n')
      .map(url => (url.startsWith('file:') ? relative(dirname(entry), fileURLToPath(url)) : url))
      .sort();
  }

  it('loads the modules of the warm path and no other one', async () => {
    assert.deepEqual(await loadedBy(laptop.entry), WARM_MODULES);
  });

  it('is checked: a warm path that imports one module more is found, by name', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'rolebridge-warm-'));
    try {
      cpSync(join(dirname(laptop.entry), '..'), copy, { recursive: true });
      writeFileSync(join(copy, 'package.json'), '{ "type": "module" }');
      const warm = join(copy, 'cli/warm/warm-credentials.js');
      writeFileSync(warm, `import '../terminal/exit.js';\n${readFileSync(warm, 'utf8')}`);
      const more = (await loadedBy(join(copy, 'cli/main.js'))).filter(
        name => !WARM_MODULES.includes(name),
      );
      assert.deepEqual(more, ['../core/printable.js', 'terminal/exit.js', 'terminal/printable.js']);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});
