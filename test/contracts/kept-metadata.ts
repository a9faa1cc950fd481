/** What every store keeps to with metadata of identity providers. The sentences are the port's. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import type { ConnectorId } from '../../src/core/identity.ts';
import type { KeptDocument, MetadataPlace } from '../../src/core/kept-metadata.ts';
import { forgeKeptMetadata } from './forged-rows.ts';
import { HOUR, type LastingDatabase, NOW, SECRET, type TestDatabase } from './store-samples.ts';

const placeOf = (connector: string, location: string): MetadataPlace => ({
  connector: connector as ConnectorId,
  location,
});
const PLACE = placeOf('adfs', '{"url":"https://adfs.example/metadata"}');
const COPY: KeptDocument = {
  text: '<EntityDescriptor entityID="https://adfs.example/ü"/>',
  readAt: NOW,
  usableUntil: NOW + HOUR,
};

async function opened(t: TestContext, database: TestDatabase, secret?: Uint8Array) {
  const store = await database.open(secret);
  t.after(() => store.close());
  return store;
}

export function keptMetadataContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  describe(`${name}: the last good metadata`, () => {
    test('comes back as it was, for its connector and its location alone', async t => {
      const { keptMetadata } = await opened(t, await create(t));
      assert.equal(await keptMetadata.find(PLACE, NOW), undefined);
      await keptMetadata.keep(PLACE, COPY);
      assert.deepEqual(await keptMetadata.find(PLACE, NOW), COPY);
      for (const other of [
        placeOf('okta', PLACE.location),
        placeOf('adfs', '{"url":"https://adfs.example/metadata/"}'),
        placeOf('adfs', '{"file":"https://adfs.example/metadata"}'),
        placeOf('', ''),
      ])
        assert.equal(await keptMetadata.find(other, NOW), undefined);
    });

    test('is replaced by a newer one', async t => {
      const { keptMetadata } = await opened(t, await create(t));
      await keptMetadata.keep(PLACE, COPY);
      const newer = { ...COPY, text: '<newer/>', readAt: NOW + 1 };
      await keptMetadata.keep(PLACE, newer);
      assert.deepEqual(await keptMetadata.find(PLACE, NOW), newer);
    });

    test('is absent from its end on, and then removed for clocks that are behind as well', async t => {
      const { keptMetadata } = await opened(t, await create(t));
      await keptMetadata.keep(PLACE, COPY);
      assert.deepEqual(await keptMetadata.find(PLACE, COPY.usableUntil - 1), COPY);
      assert.equal(await keptMetadata.find(PLACE, COPY.usableUntil), undefined);
      assert.equal(await keptMetadata.find(PLACE, NOW), undefined);
    });

    test('of a connector that no longer exists is pruned after its end', async t => {
      const store = await opened(t, await create(t));
      await store.keptMetadata.keep(PLACE, COPY);
      await store.prune(COPY.usableUntil);
      assert.deepEqual(await store.keptMetadata.find(PLACE, NOW), COPY);
      await store.prune(COPY.usableUntil + 1);
      assert.equal(await store.keptMetadata.find(PLACE, NOW), undefined);
    });

    test('is not kept beyond 2,000,000 characters', async t => {
      const { keptMetadata } = await opened(t, await create(t));
      const most = { ...COPY, text: 'x'.repeat(2_000_000) };
      await keptMetadata.keep(PLACE, most);
      await keptMetadata.keep(PLACE, { ...most, text: `${most.text}x` });
      assert.equal((await keptMetadata.find(PLACE, NOW))?.text.length, 2_000_000);
    });
  });
}

export function lastingKeptMetadataContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  describe(`${name}, lasting: the last good metadata`, () => {
    test('is there for another instance and after a restart, and for no bridge with another secret', async t => {
      const database = await create(t);
      const [one, two] = [await opened(t, database), await opened(t, database)];
      await one.keptMetadata.keep(PLACE, COPY);
      assert.deepEqual(await two.keptMetadata.find(PLACE, NOW), COPY);
      const foreign = await opened(t, database, randomBytes(32));
      assert.equal(await foreign.keptMetadata.find(PLACE, NOW), undefined);
      assert.deepEqual(await two.keptMetadata.find(PLACE, NOW), COPY);
    });

    test('cannot be swapped, altered, prolonged or written by someone who has the database', async t => {
      const database = await create(t);
      const { keptMetadata } = await opened(t, database);
      const other = placeOf('vendor', PLACE.location);
      await keptMetadata.keep(PLACE, COPY);
      const [mine] = await database.rows('SELECT id_hash, sealed FROM kept_metadata');
      await keptMetadata.keep(other, { ...COPY, text: '<of the vendor/>' });
      const [theirs] = await database.rows('SELECT sealed FROM kept_metadata WHERE id_hash <> $1', [
        mine!.id_hash!,
      ]);
      const good = Buffer.from(mine!.sealed as Uint8Array);
      const flipped = (at: number): Buffer => {
        const copy = Buffer.from(good);
        copy[at < 0 ? copy.length + at : at]! ^= 1;
        return copy;
      };
      const write = async (sealed: Uint8Array) => {
        await database.rows('DELETE FROM kept_metadata WHERE id_hash = $1', [mine!.id_hash!]);
        await database.rows(
          'INSERT INTO kept_metadata (id_hash, expires_at, sealed) VALUES ($1, $2, $3)',
          [mine!.id_hash!, NOW + 1000 * HOUR, sealed],
        );
      };
      for (const [what, sealed] of Object.entries({
        swapped: theirs!.sealed as Uint8Array,
        version: flipped(0),
        nonce: flipped(1),
        text: flipped(40),
        tag: flipped(-1),
        cut: good.subarray(0, -1),
        empty: Buffer.alloc(0),
        'in the clear': Buffer.from(JSON.stringify(COPY)),
      })) {
        await write(sealed);
        assert.equal(await keptMetadata.find(PLACE, NOW), undefined, what);
      }
      for (const [what, secret] of Object.entries({
        'the place alone': Buffer.alloc(0),
        'another secret': randomBytes(32),
      })) {
        await write(forgeKeptMetadata(PLACE, { value: COPY, secret, version: 3 }));
        assert.equal(await keptMetadata.find(PLACE, NOW), undefined, `sealed by ${what}`);
      }
      // The forger knows the layout: with the secret the row would be good.
      await write(forgeKeptMetadata(PLACE, { value: COPY, secret: SECRET, version: 3 }));
      assert.deepEqual(await keptMetadata.find(PLACE, NOW), COPY);
      assert.equal(await keptMetadata.find(PLACE, NOW + HOUR), undefined, 'a later expires_at');
    });
  });
}
