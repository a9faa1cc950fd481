/** The commands of docs/first-hour.md with SimpleSAMLphp, a provider that is not ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertFirstCredentials,
  assertSound,
  FIVE,
  freeSettings,
  runFirstHour,
} from '../support/first-hour.ts';
import { packagesMissing } from './federation.ts';
import { startSimpleSamlPhp } from './simplesamlphp.ts';

const skip = packagesMissing();

test('the first hour with SimpleSAMLphp takes five commands and no edit', { skip }, async t => {
  const idp = await startSimpleSamlPhp({ certificate: 'valid' });
  t.after(() => idp.stop());
  const settings = await freeSettings();

  const hour = await runFirstHour({
    protocol: 'saml',
    settings: { ...settings, METADATA: idp.metadataUrl },
  });
  t.after(() => hour.close());
  // What init tells to enter at the provider.
  const metadata = `${settings.BASE_URL}/saml/sso/metadata`;
  assert.ok(hour.outputs.init!.includes(metadata), hour.outputs.init);
  await idp.trust(await (await fetch(metadata)).text());

  assert.deepEqual([hour.commands, hour.edits], [FIVE, []]);
  assertSound(hour);
  await assertFirstCredentials(settings);
});
