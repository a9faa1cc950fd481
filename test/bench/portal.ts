/**
 * `npm run bench:portal`: what the pages of a user with 2,000 roles in 300 accounts weigh, what
 * they cost the server, and how soon they can be used in Chromium.
 *
 * `npm run bench:portal -- DIRECTORY` measures the state of the project that is checked out there,
 * with its `node_modules`. It takes a minute, and stops by itself after ten.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'cheerio';
import type { CDPSession, Page } from 'playwright-core';
import { request } from 'undici';
import { type Browser, chromiumMissing, openBrowser } from '../support/browser.ts';
import { median } from './stopwatch.ts';

const PAGES = ['/', '/aws-config'] as const;
const LONGEST_MILLISECONDS = 10 * 60_000;
const [WARM_UPS, REQUESTS, VISITS] = [20, 25, 3];
/** A phone's network: 1.6 Mbit/s down, 750 kbit/s up, 150 ms there and back. */
const NETWORK = {
  offline: false,
  latency: 150,
  downloadThroughput: 1_600_000 / 8,
  uploadThroughput: 750_000 / 8,
};
/** The processor as it is, and as slow as a phone's. */
const SLOWDOWNS = [1, 4] as const;
const SIZE = { width: 1280, height: 800 };

interface Served {
  readonly url: string;
  readonly cookie: string;
  /** Microseconds of processor time of the server so far. */
  processorTime(): Promise<number>;
  close(): void;
}

async function serve(project: string): Promise<Served> {
  const script = fileURLToPath(new URL('portal-server.ts', import.meta.url));
  const server = fork(script, [project]);
  const next = async <T>(): Promise<T> => (await once(server, 'message'))[0] as T;
  server.once('exit', code => {
    if (code !== 0) throw new Error(`the server has ended with ${code}`);
  });
  const { url, cookie } = await next<{ url: string; cookie: string }>();
  return {
    ...{ url, cookie },
    processorTime: () => {
      server.send('time');
      return next<number>();
    },
    close: () => server.disconnect(),
  };
}

async function bytesOf(served: Served, path: string, encoding: string): Promise<Buffer> {
  const answer = await request(served.url + path, {
    headers: { cookie: `rolebridge=${served.cookie}`, 'accept-encoding': encoding },
  });
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`);
  return Buffer.from(await answer.body.arrayBuffer());
}

/** Milliseconds of processor time for one request, compression included. */
async function serverCost(served: Served, path: string): Promise<number> {
  for (let call = 0; call < WARM_UPS; call++) await bytesOf(served, path, 'br');
  const costs: number[] = [];
  for (let call = 0; call < REQUESTS; call++) {
    const before = await served.processorTime();
    await bytesOf(served, path, 'br');
    costs.push(((await served.processorTime()) - before) / 1000);
  }
  return median(costs);
}

// Strings, because they run in the page; promises, because its policy forbids to poll it.
const NOTE_WHEN_PAINTED = `window.usableAfter = new Promise(resolve =>
  addEventListener('DOMContentLoaded', () =>
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))))`;
const WATCH_FIRST_KEY = `window.answeredAfter = new Promise(resolve =>
  document.querySelector('#q').addEventListener(
    'keydown',
    event => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve(performance.now() - event.timeStamp);
      port2.postMessage(0);
    }),
    { once: true },
  )), undefined`;

interface Visit {
  /** Milliseconds from the navigation until the page is painted and its script has run. */
  readonly usable: number;
  /** Of the page and its files. */
  readonly bytes: number;
  /** Milliseconds from the first key in the search field until the next frame is painted. */
  readonly firstKey: number | undefined;
}

async function visit(
  browser: Browser,
  served: Served,
  { path, slowdown }: { readonly path: string; readonly slowdown: number },
): Promise<Visit> {
  let result: Visit | undefined;
  await browser.visit(
    async page => {
      page.setDefaultTimeout(LONGEST_MILLISECONDS);
      await page
        .context()
        .addCookies([{ name: 'rolebridge', value: served.cookie, url: served.url }]);
      const devtools = await page.context().newCDPSession(page);
      await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
      const bytes = await countBytes(devtools);
      await page.addInitScript(NOTE_WHEN_PAINTED);
      await page.goto(served.url + path);
      const usable = await page.evaluate<number>('window.usableAfter');
      result = { usable, bytes: bytes(), firstKey: await firstKey(page) };
    },
    { viewport: SIZE },
  );
  return result!;
}

async function countBytes(devtools: CDPSession): Promise<() => number> {
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', NETWORK);
  return () => bytes;
}

async function firstKey(page: Page): Promise<number | undefined> {
  if ((await page.locator('#q').count()) === 0) return undefined;
  await page.focus('#q');
  await page.evaluate(WATCH_FIRST_KEY);
  await page.keyboard.press('p');
  return page.evaluate<number>('window.answeredAfter');
}

async function measure(served: Served, browser: Browser | undefined): Promise<void> {
  for (const path of PAGES) {
    const html = await bytesOf(served, path, 'identity');
    const [br, gzip] = [await bytesOf(served, path, 'br'), await bytesOf(served, path, 'gzip')];
    const say = (name: string, value: string): void => console.log(`  ${name.padEnd(46)}${value}`);
    const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
    console.log(`\n${path}`);
    say('HTML', kilobytes(html.length));
    say('on the wire, brotli', kilobytes(br.length));
    say('on the wire, gzip', kilobytes(gzip.length));
    say('elements', String(load(html.toString())('*').length));
    say(
      'processor time of the server for one request',
      `${(await serverCost(served, path)).toFixed(1)} ms`,
    );
    if (browser === undefined) continue;
    for (const slowdown of SLOWDOWNS) {
      const visits: Visit[] = [];
      for (let count = 0; count < VISITS; count++)
        visits.push(await visit(browser, served, { path, slowdown }));
      const processor = slowdown === 1 ? '' : `, processor ${slowdown} times slower`;
      say(`usable${processor}`, `${Math.round(median(visits.map(({ usable }) => usable)))} ms`);
      const keys = visits.flatMap(({ firstKey: time }) => time ?? []);
      if (keys.length > 0) say(`first key${processor}`, `${Math.round(median(keys))} ms`);
      if (slowdown === 1)
        say('page and files on the wire', kilobytes(median(visits.map(({ bytes }) => bytes))));
    }
  }
}

setTimeout(() => {
  console.error('the measurement took too long');
  process.exit(1);
}, LONGEST_MILLISECONDS).unref();

const served = await serve(
  resolve(process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url))),
);
const missing = chromiumMissing();
if (missing) console.log(missing);
const browser = missing ? undefined : await openBrowser();
try {
  await measure(served, browser);
} finally {
  await browser?.close();
  served.close();
}
