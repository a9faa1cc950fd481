/** What must hold after the process was killed: nothing lost, and nothing used twice. */
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { CLIENT, callApi, DEVICE_CODE, postForm } from '../support/cli-login.ts';
import type { World } from '../support/world.ts';
import { endSession, type Ledger, refresh } from './traffic.ts';

/** What does not hold, in sentences; empty if all is well. */
export async function faultsOf(world: World, ledger: Ledger): Promise<string[]> {
  const faults: string[] = [];
  for (const check of [sessions, trail, tokens, usedOnce, ended])
    for await (const fault of check(world, ledger)) faults.push(fault);
  return faults;
}

async function* sessions({ urls }: World, { signedIn }: Ledger): AsyncGenerator<string> {
  for (const { visitor, name } of signedIn) {
    const page = await visitor.get(urls.bridge);
    if (!page.html.includes(name)) yield `a session of ${name} was lost (${page.status})`;
  }
}

async function* trail(world: World, ledger: Ledger): AsyncGenerator<string> {
  const events = await world.audit();
  const issued = new Map<string, number>();
  for (const event of events)
    if ('accessKeyId' in event && event.type === 'credentials.issued')
      issued.set(event.accessKeyId, (issued.get(event.accessKeyId) ?? 0) + 1);
  for (const key of ledger.accessKeys)
    if (!issued.has(key)) yield `credentials ${key} were issued and are not in the trail`;
  const opened = openedBy(events);
  if (new Set(opened).size < opened.length) yield 'a login of a terminal is in the trail twice';
}

function openedBy(events: readonly AuditEvent[]): string[] {
  return events.flatMap(event => (event.type === 'cli-session.opened' ? event.cliSession : []));
}

async function* tokens(world: World, { devices, refreshes, revoked }: Ledger) {
  for (const { accessToken, terminal } of [...devices, ...refreshes]) {
    if (terminal.mayHaveEnded) continue;
    const { status } = await callApi(world, accessToken, { path: '/whoami' });
    if (status !== 200) yield `an access token was lost (${status})`;
  }
  for (const token of revoked) {
    const { status } = await callApi(world, token, { path: '/whoami' });
    if (status !== 401) yield `a session that was ended answers with ${status}`;
  }
}

async function* usedOnce(world: World, ledger: Ledger): AsyncGenerator<string> {
  for (const { deviceCode, accessToken } of ledger.devices) {
    const grant = { grant_type: DEVICE_CODE, client_id: CLIENT, device_code: deviceCode };
    const again = await postForm(world, '/oauth/token', grant);
    if (again.status === 200 && again.json.access_token !== accessToken)
      yield 'a device code gave two pairs of tokens';
  }
  for (const { refreshToken, accessToken } of ledger.refreshes) {
    const again = await refresh(world, refreshToken);
    if (again.status === 200 && again.json.access_token !== accessToken)
      yield 'a refresh token gave two pairs of tokens';
  }
  for (const { form } of ledger.codes) {
    const again = await postForm(world, '/oauth/token', form);
    if (again.status === 200) yield 'an authorization code was good twice';
  }
  const began = Date.now();
  // The browser of the first one is led to where that led, without another sign-in.
  for (const { visitor, action, fields } of ledger.responses)
    await visitor.post(action, new URLSearchParams(fields));
  for (const { type, at } of await world.audit())
    if (type === 'sign-in.succeeded' && at >= began) yield 'a SAML response was accepted twice';
}

/** Ends what was begun, so that no user reaches the limit of sessions. */
// biome-ignore lint/correctness/useYield: it finds no fault of its own.
async function* ended(world: World, { live }: Ledger): AsyncGenerator<string> {
  for (const token of live) await endSession(world, token);
}
