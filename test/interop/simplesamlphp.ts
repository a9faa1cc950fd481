/**
 * Starts Debian's SimpleSAMLphp as a SAML 2.0 IdP on loopback: nginx and php-fpm on a free port,
 * everything in one temporary directory, ended and removed by `stop()`. A real IdP, written
 * outside of this project.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, globSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { AuthenticationRequest } from '../../src/core/sign-in.ts';
import { freePort } from '../support/free-port.ts';
import {
  PROGRAM,
  type SamlPerson,
  type SimpleSamlPhpOptions,
  withoutOverrides,
  writeConfiguration,
} from './simplesamlphp-configuration.ts';

const NGINX = '/usr/sbin/nginx';
const PHP_FPM = '/usr/sbin/php-fpm8.2';
const FAKETIME = '/usr/lib/*/faketime/libfaketime.so.1';

/** Whether the packages simplesamlphp, php8.2-fpm, nginx and faketime are there. */
export function installed(): boolean {
  return (
    [`${PROGRAM}/www/saml2/idp/metadata.php`, NGINX, PHP_FPM].every(existsSync) &&
    globSync(FAKETIME).length > 0
  );
}

export interface SamlAnswer {
  /** Where the form wants to go: the assertion consumer service. */
  readonly action: string;
  readonly samlResponse: string;
  readonly relayState: string | undefined;
}

export interface SimpleSamlPhp {
  readonly origin: string;
  /** Also its entityID. */
  readonly metadataUrl: string;
  /**
   * Rejects sign-ins through an unknown SP; a second time for the same SP replaces the
   * first. `asPublished` keeps what the SP asks for in its metadata, which wins over the IdP's own
   * settings.
   */
  trust(spMetadataXml: string, how?: { readonly asPublished: boolean }): Promise<void>;
  /**
   * Goes through the sign-in form as a browser without JavaScript would. Throws when the IdP
   * answers with anything else.
   */
  answer(
    request: AuthenticationRequest,
    person: Pick<SamlPerson, 'uid' | 'password'>,
  ): Promise<SamlAnswer>;
  /** Signs in to the given SP without a request of its own. */
  answerUnsolicited(
    spEntityId: string,
    person: Pick<SamlPerson, 'uid' | 'password'>,
  ): Promise<SamlAnswer>;
  stop(): Promise<void>;
}

export async function startSimpleSamlPhp(
  options: SimpleSamlPhpOptions = {},
): Promise<SimpleSamlPhp> {
  const port = await freePort();
  const origin = `http://${options.host ?? '127.0.0.1'}:${port}`;
  const metadataUrl = `${origin}/simplesaml/saml2/idp/metadata.php`;
  const directory = await mkdtemp(join(tmpdir(), 'simplesamlphp-'));
  await writeConfiguration(directory, origin, port, options);
  const children = startServers(directory, options.clockOffsetSeconds ?? 0);
  const removeAll = () => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', removeAll);
  const stop = async () => {
    process.off('exit', removeAll);
    await Promise.all(children.map(end));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(metadataUrl, children);
  } catch (cause) {
    const log = await readFile(join(directory, 'log', 'all.log'), 'utf8').catch(() => '');
    await stop();
    throw new Error(`SimpleSAMLphp did not come up\n${log.slice(-2000)}`, { cause });
  }

  return {
    origin,
    metadataUrl,
    async trust(spMetadataXml, { asPublished } = { asPublished: false }) {
      const name = createHash('sha256').update(attribute(spMetadataXml, 'entityID')!).digest('hex');
      const known = asPublished ? spMetadataXml : withoutOverrides(spMetadataXml);
      await writeFile(join(directory, 'sp', `${name}.xml`), known, { mode: 0o644 });
    },
    answer: signIn,
    answerUnsolicited: (spEntityId, person) =>
      signIn(
        {
          binding: 'redirect',
          url: `${origin}/simplesaml/saml2/idp/SSOService.php?spentityid=${encodeURIComponent(spEntityId)}`,
        },
        person,
      ),
    stop,
  };
}

// ---------------------------------------------------------------- processes

function startServers(directory: string, clockOffsetSeconds: number): ChildProcess[] {
  // The library is preloaded by hand: the faketime command would stay in between as the parent.
  const clock =
    clockOffsetSeconds === 0
      ? {}
      : {
          LD_PRELOAD: globSync(FAKETIME)[0],
          FAKETIME: `${clockOffsetSeconds > 0 ? '+' : ''}${clockOffsetSeconds}s`,
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        };
  const asRoot = process.getuid?.() === 0 ? ['--allow-to-run-as-root'] : [];
  const php = spawn(
    PHP_FPM,
    ['--nodaemonize', ...asRoot, '--fpm-config', join(directory, 'fpm.conf')],
    {
      stdio: 'ignore',
      env: { ...process.env, ...clock },
    },
  );
  const nginx = spawn(
    NGINX,
    ['-p', directory, '-e', join(directory, 'log', 'all.log'), '-c', join(directory, 'nginx.conf')],
    {
      stdio: 'ignore',
    },
  );
  return [php, nginx];
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const last = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(last);
}

async function untilReady(url: string, children: readonly ChildProcess[]): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const fault = await fetch(url, { signal: AbortSignal.timeout(10_000) }).then(
      async response =>
        response.ok && (await response.text()).includes('EntityDescriptor')
          ? undefined
          : `HTTP status ${response.status}`,
      (error: unknown) => String(error),
    );
    if (fault === undefined) return;
    if (Date.now() > deadline || children.some(child => child.exitCode !== null))
      throw new Error(fault);
    await pause(100);
  }
}

// ---------------------------------------------------------------- the person

async function signIn(
  start: AuthenticationRequest,
  { uid, password }: Pick<SamlPerson, 'uid' | 'password'>,
): Promise<SamlAnswer> {
  const cookies = new Map<string, string>();
  let { url } = start;
  let form = start.binding === 'post' ? new URLSearchParams(start.fields) : undefined;
  let isEntered = false;
  for (let step = 0; step < 10; step++) {
    const response = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { body: form }),
      signal: AbortSignal.timeout(20_000),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined) cookies.set(name, value ?? '');
    }
    const page = await response.text();
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url).href;
      form = undefined;
      continue;
    }
    const fields = hiddenFields(page);
    const samlResponse = fields.get('SAMLResponse');
    if (samlResponse !== undefined)
      return { action: formAction(page, url), samlResponse, relayState: fields.get('RelayState') };
    if (isEntered || !fields.has('AuthState'))
      throw new Error(`the IdP answered with HTTP status ${response.status} and no Response`);
    isEntered = true;
    form = new URLSearchParams({ ...Object.fromEntries(fields), username: uid, password });
    url = formAction(page, url);
  }
  throw new Error('the IdP redirects without end');
}

function hiddenFields(page: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [tag] of page.matchAll(/<input\b[^>]*>/g)) {
    const name = attribute(tag, 'name');
    if (attribute(tag, 'type') === 'hidden' && name !== undefined)
      fields.set(name, attribute(tag, 'value') ?? '');
  }
  return fields;
}

function formAction(page: string, url: string): string {
  return new URL(attribute(/<form\b[^>]*>/.exec(page)?.[0] ?? '', 'action') ?? '', url).href;
}

function attribute(tag: string, name: string): string | undefined {
  const entities: Readonly<Record<string, string>> = {
    '&amp;': '&',
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#039;': "'",
  };
  return new RegExp(`\\s${name}="([^"]*)"`)
    .exec(tag)?.[1]
    ?.replace(/&(?:amp|lt|gt|quot|#039);/g, entity => entities[entity]!);
}
