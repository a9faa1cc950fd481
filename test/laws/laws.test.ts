import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { configuration, cruiseTree } from './cruise.ts';

/** One injected violation for each law: a module, and what it must not import. */
const VIOLATIONS: readonly [law: string, from: string, imported: string][] = [
  ['no-circles', 'src/core/a.ts', './b.ts'],
  ['nothing-unresolvable', 'src/http/lost.ts', './nowhere.ts'],
  ['core-is-pure', 'src/core/clock.ts', 'node:os'],
  ['core-is-pure', 'src/core/log.ts', 'pino'],
  ['bridge-speaks-core', 'src/bridge/http.ts', 'express'],
  ['only-compose-knows-adapters', 'src/flows/store.ts', '../store/sqlite.ts'],
  ['store-meets-no-other-adapter', 'src/store/aws.ts', '../aws/sts.ts'],
  ['aws-meets-no-other-adapter', 'src/aws/store.ts', '../store/sqlite.ts'],
  ['issuer-meets-no-other-adapter', 'src/issuer/store.ts', '../store/sqlite.ts'],
  ['connectors-meets-no-other-adapter', 'src/connectors/store.ts', '../store/sqlite.ts'],
  ['audit-meets-no-other-adapter', 'src/audit/store.ts', '../store/sqlite.ts'],
  ['notify-meets-no-other-adapter', 'src/notify/store.ts', '../store/sqlite.ts'],
  ['adapters-look-inward', 'src/aws/bridge.ts', '../bridge/access.ts'],
  ['flows-and-apis-never-meet', 'src/flows/api.ts', '../apis/health.ts'],
  ['apis-and-flows-never-meet', 'src/apis/flow.ts', '../flows/portal.ts'],
  ['no-flow-knows-another', 'src/flows/console-link.ts', './portal.ts'],
  ['http-does-not-look-up', 'src/http/up.ts', '../flows/portal.ts'],
  ['handlers-do-not-see-express', 'src/flows/router.ts', 'express'],
  ['only-mount-makes-routes', 'src/http/router.ts', 'express'],
  ['config-knows-core', 'src/config/bridge.ts', '../bridge/access.ts'],
  ['operate-speaks-core-and-config', 'src/operate/sessions.ts', '../store/sqlite.ts'],
  ['passport-in-one-file', 'src/flows/login.ts', 'passport'],
  ['cli-sees-only-core', 'src/cli/server/server.ts', '../../bridge/access.ts'],
  ['cli-warm-loads-only-warm', 'src/cli/warm/vault.ts', 'node:fs'],
  ['cli-warm-loads-only-warm', 'src/cli/warm/vault.ts', '../../core/b.ts'],
  ['cli-main-starts-with-warm', 'src/cli/main.ts', './program.ts'],
  ['cli-warm-looks-down', 'src/cli/warm/up.ts', '../terminal/exit.ts'],
  ['cli-terminal-looks-down', 'src/cli/terminal/up.ts', '../server/http.ts'],
  ['cli-server-looks-down', 'src/cli/server/up.ts', '../session/client.ts'],
  ['cli-session-looks-down', 'src/cli/session/up.ts', '../roles/list.ts'],
  ['cli-roles-looks-down', 'src/cli/roles/up.ts', '../aws/ini.ts'],
  ['cli-aws-looks-down', 'src/cli/aws/up.ts', '../roles/list.ts'],
  ['cli-exec-looks-down', 'src/cli/exec/up.ts', '../command-line/command.ts'],
  ['cli-elevations-looks-down', 'src/cli/elevations/up.ts', '../command-line/command.ts'],
  ['cli-mfa-looks-down', 'src/cli/mfa/up.ts', '../command-line/command.ts'],
  ['cli-workload-looks-down', 'src/cli/workload/up.ts', '../command-line/command.ts'],
  ['cli-command-line-looks-down', 'src/cli/command-line/up.ts', '../program.ts'],
  ['cli-commands-looks-down', 'src/cli/commands/up.ts', '../commands.ts'],
  ['cli-rooms-have-a-floor', 'src/cli/attic/new.ts', '../terminal/exit.ts'],
  ['cli-commands-are-leaves', 'src/cli/commands/login.ts', './logout.ts'],
  ['cli-commands-load-when-run', 'src/cli/commands.ts', './commands/logout.ts'],
  ['doubles-import-nothing-of-ours', 'src/dev/double.ts', '../core/b.ts'],
  ['nothing-imports-doubles', 'src/http/double.ts', '../dev/local-aws.ts'],
  ['nothing-imports-main', 'src/app.ts', './main.ts'],
];

const INNOCENT = [
  'src/core/b.ts',
  'src/store/sqlite.ts',
  'src/aws/sts.ts',
  'src/bridge/access.ts',
  'src/apis/health.ts',
  'src/flows/portal.ts',
  'src/dev/local-aws.ts',
  'src/main.ts',
  'src/cli/program.ts',
  'src/cli/commands.ts',
  'src/cli/terminal/exit.ts',
  'src/cli/server/http.ts',
  'src/cli/session/client.ts',
  'src/cli/roles/list.ts',
  'src/cli/aws/ini.ts',
  'src/cli/command-line/command.ts',
  'src/cli/commands/logout.ts',
];

function withTree<T>(
  files: Readonly<Record<string, string>>,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-laws-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(directory, 'node_modules'));
  return use(directory).finally(() => rmSync(directory, { recursive: true, force: true }));
}

const innocent = Object.fromEntries(
  INNOCENT.map(name => [
    name,
    name === 'src/core/b.ts' ? "import './a.ts';\nexport {};\n" : 'export {};\n',
  ]),
);

describe('the import laws', () => {
  for (const [law, from, imported] of VIOLATIONS) {
    it(`${law}: ${from} must not import ${imported}`, async () => {
      const files = {
        ...innocent,
        'src/core/a.ts': 'export {};\n',
        [from]: `import '${imported}';\nexport {};\n`,
      };
      const { violations, modulesSeen, modulesThere } = await withTree(files, cruiseTree);

      assert.ok(
        violations.some(violation => violation.startsWith(`${law}: `)),
        `seen instead: ${violations.join('; ') || 'nothing'}`,
      );
      assert.ok(modulesSeen >= modulesThere);
    });
  }

  it('each have a violation above', () => {
    const laws = new Set(
      configuration.forbidden.map(({ name }: { readonly name: string }) => name),
    );
    assert.deepEqual(new Set(VIOLATIONS.map(([law]) => law)), laws);
  });

  it('find nothing in a tree that keeps them', async () => {
    const { violations } = await withTree(
      { ...innocent, 'src/core/a.ts': 'export {};\n' },
      cruiseTree,
    );
    assert.deepEqual(violations, []);
  });
});
