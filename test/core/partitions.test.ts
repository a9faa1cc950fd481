import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  defaultRegion,
  isRegion,
  partitionOfRegion,
  partitionTable,
} from '../../src/core/partitions.ts';
import { PARTITIONS, type Partition } from '../../src/core/role.ts';

describe('the table of partitions', () => {
  const rows: readonly (readonly [Partition, string, string, string, string])[] = [
    [
      'aws',
      'eu-west-1',
      'https://sts.eu-west-1.amazonaws.com',
      'https://signin.aws.amazon.com/federation',
      'https://console.aws.amazon.com/console/home?region=eu-west-1',
    ],
    [
      'aws-cn',
      'cn-northwest-1',
      'https://sts.cn-northwest-1.amazonaws.com.cn',
      'https://signin.amazonaws.cn/federation',
      'https://console.amazonaws.cn/console/home?region=cn-northwest-1',
    ],
    [
      'aws-us-gov',
      'us-gov-east-1',
      'https://sts.us-gov-east-1.amazonaws.com',
      'https://signin.amazonaws-us-gov.com/federation',
      'https://console.amazonaws-us-gov.com/console/home?region=us-gov-east-1',
    ],
    [
      'aws-eusc',
      'eusc-de-east-1',
      'https://sts.eusc-de-east-1.amazonaws.eu',
      'https://eusc-de-east-1.signin.amazonaws-eusc.eu/federation',
      'https://console.amazonaws-eusc.eu/console/home?region=eusc-de-east-1',
    ],
  ];
  for (const [partition, region, sts, federation, home] of rows) {
    it(`names the endpoints of ${partition}`, () => {
      const facts = partitionTable()[partition];
      assert.equal(facts.stsUrl(region), sts);
      assert.equal(facts.federationUrl(region), federation);
      assert.equal(facts.consoleHome(region), home);
      assert.ok(facts.isConsole(new URL(home)));
    });
  }

  for (const host of [
    ...[
      '.console',
      'eu..console',
      'eu-west-1..console',
      '-eu.console',
      'eu-.console',
      'e_u.console',
    ],
    ...['%65u..console', 'x.quicksight.', 'a..b.quicksight', `${'a'.repeat(64)}.console`],
  ]) {
    it(`rejects a console whose host has a label that DNS does not know: ${host}`, () => {
      const url = URL.parse(`https://${host}.aws.amazon.com/`);
      assert.ok(url === null || !partitionTable().aws.isConsole(url));
    });
  }

  it('takes endpoints for all partitions, and stronger ones for a single partition', () => {
    const table = partitionTable({
      endpoints: {
        sts: 'http://127.0.0.1:3003/',
        signin: 'http://127.0.0.1:3003/',
        console: 'http://127.0.0.1:3003/console',
      },
      partitions: { 'aws-cn': { stsUrl: 'https://sts.example.cn', signinUrl: undefined } },
    });

    assert.equal(table.aws.stsUrl('eu-west-1'), 'http://127.0.0.1:3003/');
    assert.equal(table['aws-cn'].stsUrl('cn-north-1'), 'https://sts.example.cn');
    assert.equal(table['aws-cn'].federationUrl('cn-north-1'), 'http://127.0.0.1:3003/federation');
    assert.equal(table.aws.consoleHome('eu-west-1'), 'http://127.0.0.1:3003/console');
    assert.ok(table.aws.isConsole(new URL('http://127.0.0.1:3003/elsewhere')));
    assert.ok(!table.aws.isConsole(new URL('http://127.0.0.1:3004/console')));
    assert.equal(
      table.aws.samlRecipient('eu-west-1'),
      'https://signin.aws.amazon.com/saml',
      'AWS knows its own addresses only',
    );
  });

  for (const region of [
    '',
    'eu-west-1.evil.example',
    'evil.example/',
    'eu-west-1@evil',
    'EU-WEST-1',
    'eu west 1',
    '../x',
    'eu-west-1\n',
  ]) {
    it(`puts no region into a host name that is none: ${JSON.stringify(region)}`, () => {
      const facts = partitionTable().aws;
      assert.equal(isRegion(region), false);
      assert.throws(() => facts.stsUrl(region), { code: 'internal' });
      assert.throws(() => facts.consoleHome(region), { code: 'internal' });
      assert.throws(() => partitionTable()['aws-eusc'].samlRecipient(region), { code: 'internal' });
    });
  }
});

describe('the regions of the partitions', () => {
  const regions: readonly (readonly [region: string, partition: Partition])[] = [
    ['us-east-1', 'aws'],
    ['us-west-2', 'aws'],
    ['ap-southeast-7', 'aws'],
    ['mx-central-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['cn-northwest-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['us-gov-east-1', 'aws-us-gov'],
    ['eusc-de-east-1', 'aws-eusc'],
  ];
  for (const [region, partition] of regions) {
    it(`${region} belongs to ${partition}`, () => {
      assert.ok(isRegion(region));
      assert.equal(partitionOfRegion(region), partition);
    });
  }

  it('the default of each partition is a region of its own', () => {
    for (const partition of PARTITIONS) {
      assert.ok(isRegion(defaultRegion(partition)));
      assert.equal(partitionOfRegion(defaultRegion(partition)), partition);
    }
  });
});

describe('the host that a request to STS was signed for', () => {
  const table = partitionTable();
  const endpointOf = (host: string) =>
    Object.values(table).flatMap(({ stsEndpoint }) => stsEndpoint(host) ?? []);

  const hosts: Readonly<Record<string, readonly [partition: Partition, region: string]>> = {
    'sts.amazonaws.com': ['aws', 'us-east-1'],
    'sts.eu-west-1.amazonaws.com': ['aws', 'eu-west-1'],
    'sts-fips.us-east-2.amazonaws.com': ['aws', 'us-east-2'],
    'sts.eu-west-1.api.aws': ['aws', 'eu-west-1'],
    'sts.cn-north-1.amazonaws.com.cn': ['aws-cn', 'cn-north-1'],
    'sts.cn-north-1.api.amazonwebservices.com.cn': ['aws-cn', 'cn-north-1'],
    'sts.us-gov-east-1.amazonaws.com': ['aws-us-gov', 'us-gov-east-1'],
    'sts.us-gov-east-1.api.aws': ['aws-us-gov', 'us-gov-east-1'],
    'sts.eusc-de-east-1.amazonaws.eu': ['aws-eusc', 'eusc-de-east-1'],
    'sts.eusc-de-east-1.api.amazonwebservices.eu': ['aws-eusc', 'eusc-de-east-1'],
  };
  for (const [host, [partition, region]] of Object.entries(hosts))
    it(`${host} is an endpoint of ${partition} alone`, () => {
      assert.deepEqual(endpointOf(host), [{ partition, region, url: `https://${host}` }]);
    });

  const others = [
    ...['', 'sts', 'amazonaws.com', 'sts.', 'sts..amazonaws.com', 'sts.eu-west-1', 'sts.api.aws'],
    ...['sts.eu-west-1.amazonaws.com.', 'sts.eu-west-1.amazonaws.com.evil.example'],
    ...['sts.eu-west-1.amazonaws.eu', 'sts.cn-north-1.amazonaws.com', 'sts.amazonaws.com.cn'],
    ...['sts.us-gov-west-1.amazonaws.eu', 'sts-fips.us-gov-west-1.amazonaws.com'],
    ...['sts-fips.amazonaws.com', 'STS.eu-west-1.amazonaws.com', 'sts.EU-WEST-1.amazonaws.com'],
    ...['sts.eu-west-1.amazonaws.com:443', 'iam.eu-west-1.amazonaws.com', 'sts.s3.amazonaws.com'],
    ...['sts.eu-west-1.vpce.amazonaws.com', 'a.sts.eu-west-1.amazonaws.com', 'constructor'],
  ];
  for (const host of others)
    it(`"${host}" is not an endpoint of STS`, () => {
      assert.deepEqual(endpointOf(host), []);
    });

  it('leads to the endpoint of the operator, with the region of the host', () => {
    const { aws } = partitionTable({ endpoints: { sts: 'http://127.0.0.1:4000' } });
    assert.deepEqual(aws.stsEndpoint('sts.eu-west-1.amazonaws.com'), {
      ...{ partition: 'aws', region: 'eu-west-1', url: 'http://127.0.0.1:4000' },
    });
  });
});
