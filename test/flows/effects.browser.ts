import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { chromiumMissing, signIn, useBrowser } from '../support/browser.ts';
import { CONNECTOR, useWorld } from '../support/world.ts';

describe('a page of a sibling host in Chromium', { skip: chromiumMissing() }, () => {
  let sibling: Server;
  const links = [
    '/console?account=prod&role=Admin',
    '/credentials?account=prod&role=Admin',
    `/sign-in/${CONNECTOR.saml}`,
    '/sessions',
  ];
  const world = useWorld();
  const browser = useBrowser();
  before(async () => {
    const { bridge } = world.urls;
    // Another port of the same host is the same site: Lax cookies come along.
    sibling = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(
        `<!DOCTYPE html><title>sibling</title>${links
          .map(link => bridge + link.replaceAll('&', '&amp;'))
          .map(
            link => `<link rel="prefetch" href="${link}"><img src="${link}"><iframe src="${link}"></iframe><embed src="${link}">
<object data="${link}"></object><script src="${link}"></script><link rel="stylesheet" href="${link}">`,
          )
          .join('')}`,
      );
    });
    await new Promise<void>(resolve => sibling.listen(0, '127.0.0.1', () => resolve()));
  });
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));
  after(async () => {
    sibling?.closeAllConnections();
    sibling?.close();
  });

  it('opens no console, starts no sign-in and reads no page of the user by embedding or prefetching it', async () => {
    const seen: { readonly status: number; readonly destination: string | null }[] = [];
    // The browser complains of what is refused, as it should; what happened is looked at
    // afterwards.
    const visit = browser.visit(async page => {
      await page.goto(world.urls.bridge);
      await signIn(page, 'alice', 'saml');
      await page.getByText(/^via Acme/).waitFor();
      page.context().on('response', async response => {
        const request = response.request();
        // The page before may still be loading.
        if (!links.some(link => request.url() === world.urls.bridge + link)) return;
        seen.push({
          status: response.status(),
          destination: (await request.allHeaders())['sec-fetch-dest'] ?? null,
        });
      });
      const asked = world.toAws.length;
      await page.goto(`http://127.0.0.1:${(sibling.address() as AddressInfo).port}/`);
      await page.waitForLoadState('networkidle');
      assert.equal(world.toAws.length, asked, 'AWS was called');
    });
    await assert.rejects(visit, /pages complained/);
    assert.ok(seen.length >= 12, `${seen.length} requests arrived`);
    assert.deepEqual(
      seen.filter(({ status }) => status !== 403),
      [],
    );
    assert.ok(
      seen.some(({ destination }) => destination === 'iframe'),
      JSON.stringify(seen),
    );

    const types = (await world.audit()).map(({ type }) => type);
    assert.deepEqual([...new Set(types)].sort(), ['request.refused', 'sign-in.succeeded']);
  });
});
