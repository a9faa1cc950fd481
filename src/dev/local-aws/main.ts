/**
 * `npm run local-aws`: the local AWS alone, for trying a federation out or testing one in CI.
 * Loopback only.
 */
import { createServer, type Server } from 'node:http';
import { parseArgs } from 'node:util';
import { eventLine } from './events.ts';
import type { IamUser } from './iam-users.ts';
import { createLocalAws, type LocalAws } from './local-aws.ts';
import { TemplateError } from './templates/template-error.ts';
import { readTemplates } from './templates/template-file.ts';
import { type TemplateInput, worldOfTemplates } from './templates/templates.ts';
import { totpCode } from './totp.ts';
import { parseWorld, readWorldFile, type World, WorldError } from './world.ts';

const HELP = `Usage: npm run local-aws -- --file WORLD.json [--port 3003] [--host 127.0.0.1]
       npm run local-aws -- --template FILE [--parameter NAME=VALUE]

A strict local stand-in for AWS STS, parts of IAM and S3, the console federation endpoint and a
console page.

  --file FILE     accounts, providers, roles, users and buckets (see docs/local-aws.md)
  --template FILE a CloudFormation template in JSON, or Terraform as .tf.json, applied to the world;
                  ACCOUNT=FILE names the account; may be repeated
  --parameter NAME=VALUE  for the templates that have a parameter or variable NAME; may be repeated
  --port PORT     where to listen; default 3003
  --host HOST     a loopback address: 127.0.0.1 (default), ::1 or localhost
  --mfa-code ARN  prints the current code of a virtual MFA device, and ends
  --help          this text

Every call is reported on stderr; for a refusal also the reason, which AWS keeps to itself.
`;

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/;

/** What the person who started it must change; ends with exit code 2. */
class UsageError extends Error {}

interface Options {
  /** Undefined: the accounts of the templates alone. */
  readonly file: string | undefined;
  readonly templates: readonly string[];
  readonly parameters: readonly string[];
  readonly port: number;
  readonly host: string;
  /** ARN of a virtual MFA device. */
  readonly mfaCode: string | undefined;
}

function readOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      file: { type: 'string' },
      template: { type: 'string', multiple: true, default: [] },
      parameter: { type: 'string', multiple: true, default: [] },
      port: { type: 'string', default: '3003' },
      host: { type: 'string', default: '127.0.0.1' },
      'mfa-code': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.file === undefined && values.template.length === 0)
    throw new UsageError('--file or --template is missing; --help tells more');
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN;
  if (!(port >= 0 && port <= 65_535)) throw new UsageError(`--port ${values.port} is not a port`);
  if (!LOOPBACK.test(values.host))
    throw new UsageError(
      `--host ${values.host} is not a loopback address; the local AWS hands out sessions to anyone who can reach it`,
    );
  return {
    file: values.file,
    templates: values.template,
    parameters: values.parameter,
    port,
    host: values.host,
    mfaCode: values['mfa-code'],
  };
}

/** Throws `UsageError` if no user has the device. */
function currentCode(world: World, arn: string): string {
  const devices = [...world.users.values()].flatMap(({ mfaDevices }) => mfaDevices);
  const device = devices.find(owned => owned.arn === arn);
  if (device === undefined)
    throw new UsageError(
      `no user has the MFA device ${arn}; the file has: ${devices.map(owned => owned.arn).join(', ') || 'none'}`,
    );
  return totpCode(device.seed, Date.now() + world.clockOffsetSeconds * 1000);
}

interface Loaded {
  readonly world: World;
  readonly templates: readonly TemplateInput[];
}

async function load({ file, templates, parameters }: Options): Promise<Loaded> {
  const inputs = await readTemplates(templates, parameters);
  const world =
    file === undefined ? parseWorld(worldOfTemplates(inputs)) : await readWorldFile(file);
  return { world, templates: inputs };
}

async function start({ world, templates }: Loaded, { port, host }: Options): Promise<void> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  const baseUrl = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  const aws = createdOrClosed(server, () =>
    createLocalAws({
      world,
      templates,
      baseUrl,
      log: event => process.stderr.write(`${new Date().toISOString()} ${eventLine(event)}\n`),
    }),
  );
  server.on('request', aws.handler);
  const stop = (): void => {
    aws.faults.clear();
    server.close();
    server.closeAllConnections();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  process.stdout.write(overview(baseUrl, world));
}

/** A template that is rejected leaves no server behind. */
function createdOrClosed(server: Server, create: () => LocalAws): LocalAws {
  try {
    return create();
  } catch (cause) {
    server.close();
    throw cause;
  }
}

function overview(baseUrl: string, world: World): string {
  const lines = [
    `local AWS: ${baseUrl}`,
    `  STS, IAM    ${baseUrl}/            (AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_IAM)`,
    `  federation  ${baseUrl}/federation`,
    `  console     ${baseUrl}/console`,
    `  S3          ${baseUrl}/s3          (AWS_ENDPOINT_URL_S3)`,
  ];
  for (const account of world.accounts) {
    lines.push(`account ${account.id} ${account.name} (${account.partition.name})`);
    const inAccount = <T extends { readonly account: { readonly id: string } }>(
      items: Iterable<T>,
    ): T[] => [...items].filter(item => item.account.id === account.id);
    for (const provider of inAccount(world.samlProviders.values()))
      lines.push(`  SAML provider  ${provider.arn}`);
    for (const provider of inAccount(world.oidcProviders.values()))
      lines.push(`  OIDC provider  ${provider.arn}`);
    for (const role of inAccount(world.roles.values()))
      lines.push(`  role           ${role.arn} (up to ${role.maxSessionDuration / 3600} h)`);
    for (const bucket of inAccount(world.buckets.values()))
      lines.push(
        `  bucket         ${bucket.arn} (${bucket.region}, ${bucket.objects.size} objects)`,
      );
    for (const user of inAccount(world.users.values())) lines.push(...userLines(user));
  }
  return `${lines.join('\n')}\n`;
}

function userLines({ arn, accessKeys, mfaDevices }: IamUser): string[] {
  return [
    `  user           ${arn}`,
    ...accessKeys.map(key => `    key          ${key.accessKeyId} (${key.status.toLowerCase()})`),
    ...mfaDevices.map(device => `    MFA device   ${device.arn}`),
  ];
}

function isInputError(cause: unknown): cause is Error {
  return (
    cause instanceof WorldError || cause instanceof UsageError || cause instanceof TemplateError
  );
}

/** What parseArgs does not know. */
function isArgumentError(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException)?.code?.startsWith('ERR_PARSE_ARGS') === true;
}

function explain(cause: unknown): string {
  if (isInputError(cause)) return cause.message;
  const code = (cause as NodeJS.ErrnoException)?.code;
  if (code === 'EADDRINUSE')
    return `the port is taken by another program; choose another with --port (${(cause as Error).message})`;
  if (isArgumentError(cause)) return (cause as Error).message;
  return (cause as Error)?.stack ?? String(cause);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(HELP);
  else {
    const loaded = await load(options);
    if (options.mfaCode === undefined) await start(loaded, options);
    else process.stdout.write(`${currentCode(loaded.world, options.mfaCode)}\n`);
  }
} catch (cause) {
  process.stderr.write(`local AWS: ${explain(cause)}\n`);
  process.exitCode = isInputError(cause) || isArgumentError(cause) ? 2 : 1;
}
