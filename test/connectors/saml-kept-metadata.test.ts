/** The last good metadata of a SAML identity provider, where the provider cannot be read. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  type MetadataCopies,
  MetadataSource,
  type MetadataSourceOptions,
  type ReadingNews,
} from '../../src/connectors/saml/idp-metadata-source.ts';
import type { KeptDocument } from '../../src/core/kept-metadata.ts';
import type { Availability } from '../../src/core/sign-in.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import type { Outbound } from '../../src/outbound.ts';
import { handTurnedClock } from '../support/clock.ts';
import { eventually } from '../support/eventually.ts';
import { forge, IDP } from './saml-fixture.ts';

const OTHER = 'https://other.example.test/metadata';

/** A provider, a place for the copy that outlives the process, and processes. */
function world(t: TestContext, copy?: KeptDocument) {
  const clock = handTurnedClock();
  const kept: { copy: KeptDocument | undefined; written: number } = { copy, written: 0 };
  const provider: { answer: string | undefined; asked: number } = {
    answer: forge.metadata(),
    asked: 0,
  };
  const [told, states]: [ReadingNews[], Availability[]] = [[], []];
  const outbound: Outbound = {
    fetch: async () => {
      provider.asked += 1;
      if (provider.answer === undefined) throw new Error('https://idp.example.test/x: is down');
      return new Response(provider.answer);
    },
    close: async () => {},
  };
  const copies: MetadataCopies = {
    find: async now =>
      kept.copy !== undefined && kept.copy.usableUntil > now ? kept.copy : undefined,
    keep: async document => {
      kept.copy = document;
      kept.written += 1;
    },
  };
  const started = async (changes: Partial<MetadataSourceOptions> = {}): Promise<MetadataSource> => {
    const source = new MetadataSource({
      ...{ location: { url: 'https://idp.example.test/x' }, outbound, clock, copies },
      onReading: news => void told.push(news),
      onChange: availability => void states.push(availability),
      ...changes,
    });
    t.after(() => source.close());
    await source.asked;
    return source;
  };
  const kinds = (): readonly string[] => told.map(({ kind }) => kind);
  return { clock, kept, provider, told, states, started, kinds };
}

const until = (instant: number): string => ` validUntil="${new Date(instant).toISOString()}"`;

describe('metadata that was read once', () => {
  test('serves a process that cannot read it, without a time of unavailability', async t => {
    const { provider, started, kinds, states, told, clock } = world(t);
    await started();
    const readAt = clock.now();
    clock.turn(HOUR);
    provider.answer = undefined;
    const second = await started();
    assert.equal((await second.current()).entityId, IDP);
    assert.deepEqual(states, [{ state: 'ready' }, { state: 'ready' }]);
    assert.deepEqual(kinds(), ['failing']);
    assert.ok(told[0]?.kind === 'failing' && told[0].readAt === readAt);
    assert.match(String((told[0].cause as Error).cause), /is down/);
  });

  for (const [title, answer] of [
    ['is down', undefined],
    ['sends a page', '<html/>'],
    ['describes no identity provider', forge.metadata().replaceAll('IDPSSODescriptor', 'Other')],
    ['sends metadata that has expired', forge.metadata({ root: until(0) })],
  ] as const)
    test(`serves while the provider ${title}`, async t => {
      const { provider, started } = world(t);
      await started();
      provider.answer = answer;
      const second = await started();
      assert.deepEqual(second.availability(), { state: 'ready' });
    });

  test('is not asked for while the provider answers, and is replaced by what it answers', async t => {
    const { kept, started, provider, clock } = world(t);
    kept.copy = {
      text: forge.metadata({ entityId: OTHER }),
      readAt: clock.now(),
      usableUntil: clock.now() + HOUR * 1000,
    };
    const source = await started();
    assert.equal((await source.current()).entityId, IDP);
    assert.equal(kept.copy.text, provider.answer);
  });

  test('is not used from its validUntil on, in the same process and in the next one', async t => {
    const { clock, provider, started, states } = world(t);
    const end = clock.now() + 2 * HOUR * 1000;
    provider.answer = forge.metadata({ root: until(end) });
    await started();
    provider.answer = undefined;
    clock.turn(HOUR);
    const second = await started();
    assert.deepEqual(second.availability(), { state: 'ready' });
    clock.turn(HOUR);
    const now = second.availability();
    assert.ok(now.state === 'unavailable');
    assert.match(now.reason, /has expired \(validUntil\)/);
    await assert.rejects(second.current(), { code: 'connector_unavailable' });
    const third = await started();
    assert.equal(third.availability().state, 'unavailable');
    assert.equal(states.at(-1)?.state, 'unavailable');
  });

  test('is not used after its validUntil, whatever else the copy says of its end', async t => {
    const { clock, provider, started } = world(t, {
      ...{ readAt: 0, usableUntil: Number.MAX_SAFE_INTEGER },
      text: forge.metadata({ root: until(handTurnedClock().now()) }),
    });
    provider.answer = undefined;
    clock.turn(1);
    assert.equal((await started()).availability().state, 'unavailable');
  });

  test('without validUntil counts for 30 days after it was read, in a process that never read it', async t => {
    const { clock, provider, started, kept } = world(t);
    await started();
    assert.equal(kept.copy!.usableUntil, clock.now() + 30 * DAY * 1000);
    provider.answer = undefined;
    const second = await started();
    clock.turn(30 * DAY - 1);
    assert.deepEqual(second.availability(), { state: 'ready' });
    clock.turn(1);
    const now = second.availability();
    assert.ok(now.state === 'unavailable');
    assert.match(now.reason, /could not be read for 30 days/);
  });

  test('that this version rejects is not used', async t => {
    const { provider, started } = world(t, {
      ...{ readAt: 0, usableUntil: Number.MAX_SAFE_INTEGER, text: '<!DOCTYPE a><a/>' },
    });
    provider.answer = undefined;
    assert.equal((await started()).availability().state, 'unavailable');
  });

  test('binds the process to its entityID: another one at the same place is refused', async t => {
    const { clock, provider, started, kept } = world(t);
    await started();
    provider.answer = undefined;
    const second = await started();
    provider.answer = forge.metadata({ entityId: OTHER });
    clock.turn(MINUTE);
    second.refreshSoon();
    await settled();
    assert.equal((await second.current()).entityId, IDP);
    assert.match(kept.copy!.text, new RegExp(IDP));
  });
});

describe('the copy', () => {
  test('is written when the text changes, and else once a day', async t => {
    const { clock, provider, started, kept } = world(t);
    const source = await started();
    const read = async (): Promise<void> => {
      clock.turn(MINUTE);
      source.refreshSoon();
      await settled();
    };
    await read();
    await read();
    assert.equal(kept.written, 1);
    provider.answer = `${forge.metadata()}\n`;
    await read();
    assert.equal(kept.written, 2);
    clock.turn(DAY);
    await read();
    assert.equal(kept.written, 3);
  });

  test('is missing without harm where there is no place for it', async t => {
    const { provider, started } = world(t);
    const source = await started({ copies: undefined });
    assert.deepEqual(source.availability(), { state: 'ready' });
    provider.answer = undefined;
    assert.equal((await started({ copies: undefined })).availability().state, 'unavailable');
  });
});

test('failing to read metadata that is in use is told once, and its end once', async t => {
  const { clock, provider, started, kinds, states } = world(t);
  const source = await started();
  const good = provider.answer;
  const read = async (answer: string | undefined): Promise<void> => {
    provider.answer = answer;
    clock.turn(MINUTE);
    source.refreshSoon();
    await settled();
  };
  for (const answer of [undefined, '<html/>', undefined]) await read(answer);
  assert.deepEqual(kinds(), ['failing']);
  for (const answer of [good, good]) await read(answer);
  assert.deepEqual(kinds(), ['failing', 'works-again']);
  await read(undefined);
  assert.deepEqual(kinds(), ['failing', 'works-again', 'failing']);
  assert.deepEqual(states, [{ state: 'ready' }]);
});

/** Lets a reading in the background end: nothing in it waits for anything but callbacks. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve));
}

describe('metadata that an earlier configuration knew', () => {
  /** The source of a new configuration, which has no copy in a store. */
  const reloaded = async ({ started }: ReturnType<typeof world>, before: MetadataSource) =>
    started({ before: before.memory(), copies: undefined });

  test('serves while it cannot be read, and stays the same identity provider', async t => {
    const here = world(t);
    const first = await here.started({ copies: undefined });
    here.provider.answer = undefined;
    const second = await reloaded(here, first);
    assert.equal((await second.current()).entityId, IDP);
    here.clock.turn(HOUR);
    here.provider.answer = forge.metadata({ entityId: OTHER });
    const asked = here.provider.asked;
    second.refreshSoon();
    await eventually(() => here.provider.asked > asked);
    await new Promise(resolve => setImmediate(resolve));
    assert.equal((await second.current()).entityId, IDP);
    assert.deepEqual(here.kinds(), ['failing']);
  });

  test('is replaced by that of another identity provider at the first reading', async t => {
    const here = world(t);
    const first = await here.started({ copies: undefined });
    here.provider.answer = forge.metadata({ entityId: OTHER });
    const second = await reloaded(here, first);
    assert.equal((await second.current()).entityId, OTHER);
  });

  test('ends at its validUntil, however often it is handed on', async t => {
    const here = world(t);
    here.provider.answer = forge.metadata({ root: until(here.clock.now() + HOUR * 1000) });
    const first = await here.started({ copies: undefined });
    here.provider.answer = undefined;
    const third = await reloaded(here, await reloaded(here, first));
    assert.deepEqual(third.availability(), { state: 'ready' });
    here.clock.turn(HOUR);
    assert.equal(third.availability().state, 'unavailable');
  });
});
