/**
 * `npm run local-aws`: the local AWS alone, for trying a federation out or testing one in CI.
 * Loopback only.
 */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { eventLine } from './events.ts';
import type { IamUser } from './iam-users.ts';
import { createLocalAws } from './local-aws.ts';
import { totpCode } from './totp.ts';
import { readWorldFile, type World, WorldError } from './world.ts';

const HELP = `Usage: npm run local-aws -- --file WORLD.json [--port 3003] [--host 127.0.0.1]

A strict local stand-in for AWS STS, the console federation endpoint, a console page and a part
of S3.

  --file FILE     accounts, providers, roles, users and buckets (see docs/local-aws.md)
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
  readonly file: string;
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
      port: { type: 'string', default: '3003' },
      host: { type: 'string', default: '127.0.0.1' },
      'mfa-code': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.file === undefined) throw new UsageError('--file is missing; --help tells more');
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN;
  if (!(port >= 0 && port <= 65_535)) throw new UsageError(`--port ${values.port} is not a port`);
  if (!LOOPBACK.test(values.host))
    throw new UsageError(
      `--host ${values.host} is not a loopback address; the local AWS hands out sessions to anyone who can reach it`,
    );
  return { file: values.file, port, host: values.host, mfaCode: values['mfa-code'] };
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

async function start(world: World, { port, host }: Options): Promise<void> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  const baseUrl = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  const aws = createLocalAws({
    world,
    baseUrl,
    log: event => process.stderr.write(`${new Date().toISOString()} ${eventLine(event)}\n`),
  });
  server.on('request', aws.handler);
  process.stdout.write(overview(baseUrl, world));

  const stop = (): void => {
    aws.faults.clear();
    server.close();
    server.closeAllConnections();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function overview(baseUrl: string, world: World): string {
  const lines = [
    `local AWS: ${baseUrl}`,
    `  STS         ${baseUrl}/            (AWS_ENDPOINT_URL_STS)`,
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

/** What parseArgs does not know. */
function isArgumentError(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException)?.code?.startsWith('ERR_PARSE_ARGS') === true;
}

function explain(cause: unknown): string {
  if (cause instanceof WorldError || cause instanceof UsageError) return cause.message;
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
    const world = await readWorldFile(options.file);
    if (options.mfaCode === undefined) await start(world, options);
    else process.stdout.write(`${currentCode(world, options.mfaCode)}\n`);
  }
} catch (cause) {
  process.stderr.write(`local AWS: ${explain(cause)}\n`);
  process.exitCode =
    cause instanceof UsageError || cause instanceof WorldError || isArgumentError(cause) ? 2 : 1;
}
