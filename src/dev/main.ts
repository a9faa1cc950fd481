/**
 * `npm run demo`: starts the demo, says what there is to see, and ends everything on Ctrl-C.
 * `npm run dev` starts it again after every change of the code, with its log in the terminal.
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Demo, DemoFault, startDemo } from './demo.ts';
import { readableLogLine } from './log-line.ts';
import { PEOPLE } from './people.ts';

const DEFAULT_PORT = 3000;
const LAST_FIRST_PORT = 65_531;

const USAGE = `npm run demo: the bridge, two corporate identity providers and a local AWS, all on 127.0.0.1

Ports: the bridge ${DEFAULT_PORT}, the OpenID provider ${DEFAULT_PORT + 1}, the SAML identity provider ${DEFAULT_PORT + 2}, the local AWS ${DEFAULT_PORT + 3}, an application ${DEFAULT_PORT + 4}.
DEMO_PORT=4000 npm run demo    uses 4000 to 4004 instead
npm run demo -- --show-log     writes the log of the bridge to the terminal, too
npm run demo -- --log-level debug    sets the log level of the bridge
npm run demo -- --encrypt-assertions    encrypts what the SAML identity provider says of users
Everything it makes is below .demo/. Stop it with Ctrl-C.
`;

/** What each person is there to show. */
const SIGHTS: Readonly<Record<string, string>> = {
  alice:
    'Admin in prod, staging and gov, Auditor in partner through a hub, and all that bob has; approves',
  bob: 'Developer in prod and staging, ReadOnly in prod; Operator in prod on request',
  carol: 'no role: what a refusal says and how to ask',
  dave: 'what bob has, and ReadOnly in staging by the name of one of 240 groups',
};

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      'show-log': { type: 'boolean' },
      'log-level': { type: 'string' },
      'encrypt-assertions': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const port = portOf(process.env.DEMO_PORT);
  const began = Date.now();
  const { signal, stopped } = stopSignal();
  try {
    const onProgress = (line: string): void => void process.stdout.write(`  ${line} ...\n`);
    const onLogLine = values['show-log'] ? showLogLine : undefined;
    const directory = directoryOf(port);
    const logLevel = values['log-level'];
    const encryptsAssertions = values['encrypt-assertions'];
    const shown = { logLevel, onProgress, onLogLine, signal };
    const demo = await startDemo({ port, directory, encryptsAssertions, ...shown });
    process.stdout.write(overview(demo, (Date.now() - began) / 1000));
    await Promise.race([stopped, demo.bridgeDied]).finally(() => {
      process.stdout.write('  stopping ...\n');
      return demo.stop();
    });
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
  return 0;
}

function showLogLine(line: string): void {
  process.stdout.write(`${readableLogLine(line)}\n`);
}

function portOf(text: string | undefined): number {
  const port = text === undefined || text === '' ? DEFAULT_PORT : Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= LAST_FIRST_PORT && !/\D/.test(text ?? ''))
    return port;
  throw new DemoFault(
    `DEMO_PORT must be a number from 1 to ${LAST_FIRST_PORT}; it is the first of five ports.`,
  );
}

/** A second demo beside the first has its own files. */
function directoryOf(port: number): string {
  return fileURLToPath(
    new URL(port === DEFAULT_PORT ? '../../.demo' : `../../.demo/${port}`, import.meta.url),
  );
}

function stopSignal(): { readonly signal: AbortSignal; readonly stopped: Promise<void> } {
  const controller = new AbortController();
  const stopped = new Promise<void>(resolve =>
    controller.signal.addEventListener('abort', () => resolve()),
  );
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => controller.abort(new DemoFault(`stopped by ${name}`)));
  return { signal: controller.signal, stopped };
}

function overview(demo: Demo, seconds: number): string {
  const here = (path: string): string => relative(process.cwd(), path);
  const people = PEOPLE.map(({ username, groups }) => {
    const membership =
      groups.length > 3 ? `${groups.length} groups` : groups.join(', ') || 'no group';
    return `  ${username.padEnd(7)}${membership.padEnd(24)}${SIGHTS[username]}`;
  });
  return `
rolebridge demo, ready after ${seconds.toFixed(1)} s

  Portal             ${demo.bridgeUrl}/    <- begin here
  OpenID provider    ${demo.oidcUrl}/    Acme Login
  SAML IdP           ${demo.samlUrl}/    Acme AD FS
  Local AWS          ${demo.awsUrl}/    STS, IAM, the sign-in service and a console
  Inbox              ${demo.inboxUrl}    notifications of elevations
  Application        ${demo.photosUrl}/    lists your own files in a bucket, with a role of yours
  Request a role     ${demo.bridgeUrl}/elevations/new?account=prod&role=Operator    as bob with Acme Login; alice approves at ${demo.bridgeUrl}/elevations
  Try a sign-in      ${demo.bridgeUrl}/sign-in/test/corp-oidc    as alice, signed in with Acme AD FS

People (the password is the name)
${people.join('\n')}

  A pod's token      ${here(demo.podToken)}    Uploader in staging; see docs/workloads.md
  An IAM user        operator of prod reads IAM; see docs/local-aws.md
  Configuration      ${here(demo.configFile)}
  Logs               ${here(demo.bridgeLog)}, ${here(demo.awsLog)} (why the local AWS refused something)
  Stop               Ctrl-C

`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const expected =
    thrown instanceof DemoFault ||
    String((thrown as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
  process.stderr.write(
    `\n${expected ? (thrown as Error).message : ((thrown as Error).stack ?? String(thrown))}\n`,
  );
  process.exitCode = 1;
}
