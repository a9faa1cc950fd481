// The import laws (docs/architecture.md). `npm run arch` runs them and counts the modules that it
// read.
const room = name => `^src/${name}(/|\\.ts$)`;
const adapters = '^src/(connectors|issuer|aws|store|audit|notify)/';
/** The rooms of the client, from the lowest floor up (docs/adr/0027). */
const clientFloors = [
  ['warm', 'terminal'],
  ['server'],
  ['session'],
  ['roles', 'aws'],
  ['exec', 'command-line', 'elevations', 'mfa', 'workload'],
  ['commands'],
];
const law = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    law('no-circles', 'Modules do not import each other in a circle.', {}, { circular: true }),
    law('nothing-unresolvable', 'Every import resolves.', {}, { couldNotResolve: true }),
    law(
      'core-is-pure',
      'core imports only core, zod and ipaddr.js: no I/O, no clock, no framework.',
      { path: '^src/core/' },
      { pathNot: '^src/core/|node_modules/(zod|ipaddr\\.js)/' },
    ),
    law(
      'bridge-speaks-core',
      'Use cases import only core.',
      { path: '^src/bridge/' },
      { pathNot: '^src/(bridge|core)/' },
    ),
    law(
      'only-compose-knows-adapters',
      'Only compose/ connects adapters to ports.',
      { path: '^src/', pathNot: `^src/compose/|${adapters}` },
      { path: adapters },
    ),
    ...['connectors', 'issuer', 'aws', 'store', 'audit', 'notify'].map(name =>
      law(
        `${name}-meets-no-other-adapter`,
        'Adapters do not import each other.',
        { path: `^src/${name}/` },
        { path: adapters, pathNot: `^src/${name}/` },
      ),
    ),
    law(
      'adapters-look-inward',
      'An adapter implements a port of core and does not import its callers.',
      { path: adapters },
      {
        path: '^src/(flows|apis|http|bridge|config)/|^src/compose/|^src/(app|serving|main)\\.ts$',
      },
    ),
    law(
      'flows-and-apis-never-meet',
      'Routes for browsers and routes for programs share only http/.',
      { path: '^src/flows/' },
      { path: '^src/apis/' },
    ),
    law(
      'apis-and-flows-never-meet',
      'Routes for browsers and routes for programs share only http/.',
      { path: '^src/apis/' },
      { path: '^src/flows/' },
    ),
    law(
      'no-flow-knows-another',
      'A flow does not import another flow; shared code belongs in http/.',
      { path: '^src/flows/([^/]+)$' },
      { path: '^src/flows/', pathNot: '^src/flows/$1$' },
    ),
    law(
      'http-does-not-look-up',
      'http/ serves flows and apis and does not import them.',
      { path: '^src/http/' },
      {
        path: '^src/(flows|apis|config)/|^src/compose/|^src/(app|serving|main)\\.ts$',
      },
    ),
    law(
      'handlers-do-not-see-express',
      'A handler gets what was read and who asks, and answers with a value.',
      { path: '^src/(flows|apis)/|^src/app\\.ts$' },
      { path: 'node_modules/(@types/)?express/' },
    ),
    law(
      'only-mount-makes-routes',
      'A route is a row; http/mount.ts hands the rows to Express. read.ts takes its body parsers. Doubles are servers of their own.',
      { path: '^src/', pathNot: '^src/(http/(mount|read)\\.ts$|dev/)' },
      { path: 'node_modules/(@types/)?express/', dependencyTypesNot: ['type-only'] },
    ),
    law(
      'config-knows-core',
      'Configuration is read once and turned into core values.',
      { path: '^src/config/' },
      { path: '^src/', pathNot: '^src/(config|core)/' },
    ),
    law(
      'operate-speaks-core-and-config',
      "An operator's command knows use cases and the configuration; operator.ts opens them for it.",
      { path: '^src/operate/' },
      { path: '^src/', pathNot: '^src/(operate|bridge|config|core)/' },
    ),
    law(
      'passport-in-one-file',
      'passport mutates strategies; one file knows how to use it safely.',
      { path: '^src/', pathNot: '^src/http/authenticate\\.ts$' },
      { path: 'node_modules/passport/' },
    ),
    law(
      'cli-sees-only-core',
      'The client talks HTTP to the bridge and shares only core with it.',
      { path: '^src/cli/' },
      { path: '^src/', pathNot: '^src/(cli|core)/' },
    ),
    law(
      'cli-warm-loads-only-warm',
      'A warm credential-process pays for every module at every start of an AWS command.',
      { path: '^src/cli/warm/' },
      { pathNot: '^src/cli/warm/|^src/core/loopback\\.ts$|node_modules/@napi-rs/keyring/' },
    ),
    law(
      'cli-main-starts-with-warm',
      'What is not in warm/ is loaded only when the cache has no answer.',
      { path: '^src/cli/main\\.ts$' },
      { pathNot: '^src/cli/warm/', dynamic: false },
    ),
    ...clientFloors.flatMap((rooms, floor) =>
      rooms.map(name =>
        law(
          `cli-${name}-looks-down`,
          'A room of the client imports only rooms of lower floors.',
          { path: `^src/cli/${name}/` },
          {
            path: '^src/cli/',
            pathNot: `^src/cli/(${[name, ...clientFloors.slice(0, floor).flat()].join('|')})/`,
          },
        ),
      ),
    ),
    law(
      'cli-rooms-have-a-floor',
      'A new room of the client takes its floor in the list above.',
      { path: '^src/cli/[^/]+/', pathNot: `^src/cli/(${clientFloors.flat().join('|')})/` },
      {},
    ),
    law(
      'cli-commands-are-leaves',
      'Only the table of commands knows a command; what two commands share is in a room below.',
      { path: '^src/', pathNot: '^src/cli/commands\\.ts$' },
      { path: '^src/cli/commands/' },
    ),
    law(
      'cli-commands-load-when-run',
      'Help and completion read the table without loading any command.',
      { path: '^src/cli/commands\\.ts$' },
      { path: '^src/cli/commands/', dynamic: false },
    ),
    law(
      'doubles-import-nothing-of-ours',
      'A signer and its checker share no code.',
      { path: '^src/dev/' },
      { path: '^src/', pathNot: '^src/dev/' },
    ),
    law(
      'nothing-imports-doubles',
      'Doubles never reach production.',
      { path: '^src/', pathNot: '^src/dev/' },
      { path: '^src/dev/' },
    ),
    law(
      'nothing-imports-main',
      'Nothing imports an entry point.',
      { path: '^src/', pathNot: `${room('main')}|^src/rolebridge-server\\.js$` },
      { path: '^src/main\\.ts$' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
