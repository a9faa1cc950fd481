/** What doctor and trust say about an account outside AWS. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openProbesSection } from '../../../src/compose/doctor-probes.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import type { Finding } from '../../../src/core/finding.ts';
import { iamSection } from '../../../src/operate/doctor/iam-section.ts';
import type { Section } from '../../../src/operate/doctor/section.ts';
import { type Answer, type RecordingServer, recordingServer } from '../../aws/recording-server.ts';
import { useWorld } from '../../support/world.ts';
import { ACCOUNTS, HEAD, printed, RULES } from '../trust/trust-scene.ts';

const DENIED: Answer = {
  status: 403,
  body: '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message></Message></Error>',
  headers: { 'content-type': 'application/xml' },
};

describe('an account with its own STS', () => {
  const world = useWorld();
  let answer: Answer = DENIED;
  let store: RecordingServer;
  before(async () => {
    store = await recordingServer(() => answer);
  });
  after(() => store.close());

  const withStore = (stsEndpoint: string): Configuration => {
    const { configuration } = world.bridge;
    const accounts = configuration.accounts.map(account =>
      account.name === 'staging' ? { ...account, stsEndpoint } : account,
    );
    return { ...configuration, accounts };
  };

  async function examined(
    section: Section,
    configuration: Configuration,
    accounts: readonly string[] = ['staging'],
  ): Promise<readonly Finding[]> {
    const scope = { connectors: [], accounts, roles: ['Developer'] };
    const { clock } = world;
    const examination = { configuration, configFile: 'x.yaml', scope, clock, progress: () => {} };
    const found: Finding[] = [];
    for await (const finding of section.examine(examination)) found.push(finding);
    return found;
  }

  async function probed(url: string): Promise<Finding> {
    const configuration = withStore(url);
    const section = openProbesSection(configuration, {}, world.clock);
    const found = await examined(section, configuration);
    return found.find(({ subject }) => subject.startsWith('staging/Developer'))!;
  }

  it('is probed at its own address', async () => {
    assert.equal((await probed(`${world.urls.aws}/`)).id, 'probes.ok');
  });

  it('is reported with the code of its STS, and not as an AWS account', async () => {
    answer = DENIED;
    const finding = await probed(store.url);
    assert.equal(finding.id, 'probes.sts-refused');
    assert.match(finding.message, /The STS at http:.* rejects the role \(AccessDenied\)/);
    assert.doesNotMatch(`${finding.message} ${finding.fix}`, /\bAWS\b|\bIAM\b/);
  });

  it('is reported if what answers is not an STS', async () => {
    answer = { status: 404, body: '<html><p>Not found', headers: { 'content-type': 'text/html' } };
    const finding = await probed(store.url);
    assert.equal(finding.id, 'probes.sts-refused');
    assert.match(finding.message, /is not an STS/);
  });

  it('is skipped in the data of IAM', async () => {
    const section = iamSection({
      ...{ files: [], profiles: [], signers: async () => new Map() },
      readMetadata: () => ({ unreadable: 'none is read' }),
      readerFor: () => Promise.reject(new Error('no profile is asked')),
    });
    const found = await examined(section, withStore(store.url), []);
    const [note, ...more] = found.filter(({ id }) => id === 'iam.not-aws');
    assert.deepEqual([note?.subject, more.length], ['staging', 0]);
    const others = found.filter(({ id }) => id !== 'iam.not-aws');
    assert.ok(others.length > 0);
    for (const { subject, message } of others) assert.doesNotMatch(subject + message, /staging/);
  });
});

describe('trust', () => {
  const yaml =
    HEAD +
    ACCOUNTS.replace(
      'name: staging, trust: web-identity',
      'name: staging, trust: web-identity, endpoints: { sts: "https://store.example.com" }',
    ) +
    RULES;

  for (const format of ['terraform', 'cloudformation', 'cli'] as const)
    it(`prints nothing for an account with its own STS, and says so: ${format}`, async () => {
      const { printed: files, notes } = await printed(format, yaml);
      assert.ok(files.files.length > 0);
      for (const { path, text } of files.files)
        assert.doesNotMatch(path + text, /staging|222233334444/);
      const [note, ...more] = notes.filter(text => text.startsWith('staging: '));
      assert.match(note!, /has its own STS.*docs\/sts-stores\.md/);
      assert.deepEqual(more, []);
    });

  it('prints nothing at all for that account alone', async () => {
    const { printed: files } = await printed('cli', yaml, { account: ['staging'] });
    assert.deepEqual([files.files, files.steps], [[], []]);
  });
});
