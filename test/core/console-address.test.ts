import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consoleAddress, consoleRegion, readAddress } from '../../src/core/console-address.ts';
import { menuOf } from '../../src/core/console-services.ts';
import { BridgeError } from '../../src/core/errors.ts';
import { partitionTable } from '../../src/core/partitions.ts';
import { PARTITIONS, type Partition } from '../../src/core/role.ts';
import { ADDRESSES, ARNS, AWS, type Expected, PROD } from '../support/console-addresses.ts';

const TABLE = partitionTable();

function assertRead(text: string, { partition = 'aws', creates = false, ...expected }: Expected) {
  const read = readAddress(text, TABLE);
  assert.deepEqual(
    {
      partition: read.partition,
      account: read.accounts.join(),
      region: read.region,
      service: read.service?.id,
      creates: read.creates,
    },
    {
      partition,
      account: expected.account ?? '',
      region: expected.region,
      service: expected.service,
      creates,
    },
  );
  return read;
}

describe('a console address', () => {
  for (const [text, expected] of ADDRESSES) {
    it(`names what it leads to: ${text.slice(0, 120)}`, () => {
      const read = assertRead(text, expected);
      assert.equal(read.kind, 'console');
      assert.equal(read.destination, text.replace(/\/\/\d{12}-\w+\./, '//').replaceAll(' ', '%20'));
    });
  }

  for (const route of [
    'quickcreate?templateURL=x',
    'qUICKcREATE?templateURL=x',
    'quick%2dcreate',
    encodeURIComponent('quick%2dcreate'),
    'cREATE/review',
  ])
    it(`creates something by #/stacks/${route}, however it is written`, () => {
      const address = `${AWS}/cloudformation/home#/stacks/${route}`;
      assert.equal(readAddress(address, TABLE).creates, true);
    });

  it('creates something by a link of CloudFormation in the old form', () => {
    const address = `${AWS}/cloudformation/home#cstack=sn~name|turl~https://evil.example/t.json`;
    assert.equal(readAddress(address, TABLE).creates, true);
  });

  it('is read the same with white space around it', () => {
    assert.equal(readAddress(`  ${AWS}/s3/buckets\n`, TABLE).destination, `${AWS}/s3/buckets`);
  });

  it('names several accounts if its ARNs differ, and ignores ARNs of other partitions', () => {
    const several = `${AWS}/ram/../lambda/home#/functions/f?a=arn:aws:iam::${PROD}:role/a&b=arn:aws:iam::222233334444:role/b`;
    assert.deepEqual(readAddress(several, TABLE).accounts, [PROD, '222233334444']);
    const other = `${AWS}/lambda/home#/functions/f?a=arn:aws-cn:iam::${PROD}:role/a`;
    assert.deepEqual(readAddress(other, TABLE).accounts, []);
  });

  it('has no partition at a host that every partition has, unless its region tells', () => {
    const table = partitionTable({ consoleHosts: ['consoles.example.com'] });
    assert.equal(readAddress('https://consoles.example.com/x', table).partition, undefined);
    assert.equal(
      readAddress('https://consoles.example.com/x?region=cn-north-1', table).partition,
      'aws-cn',
    );
  });

  it('can have 4,096 characters', () => {
    const start = `${AWS}/cloudwatch/home?region=eu-west-1#logsV2:logs-insights$3F`;
    const long = start + 'a*20'.repeat(2000).slice(0, 4096 - start.length);
    assert.equal(readAddress(long, TABLE).destination, long);
  });
});

describe('an ARN', () => {
  for (const [text, expected, destination] of ARNS) {
    it(`becomes a page of the console: ${text}`, () => {
      const read = assertRead(text, expected);
      assert.equal(read.kind, 'arn');
      assert.equal(read.destination, destination);
    });
  }

  it('leads only to pages that the bridge reads as the console of its own account', () => {
    for (const [text, { partition = 'aws', account }] of ARNS) {
      const again = readAddress(readAddress(text, TABLE).destination, TABLE);
      assert.equal(again.partition, partition, text);
      assert.ok(
        again.accounts.every(named => named === account),
        text,
      );
    }
  });
});

describe('an address that is refused', () => {
  const REFUSED: readonly (readonly [why: string, text: string])[] = [
    ['nothing', ''],
    ['a word', 'prod'],
    ['a path', '/console?account=prod'],
    ['an address without a scheme', 'console.aws.amazon.com/s3'],
    ['another scheme', 'ftp://console.aws.amazon.com/s3'],
    ['a script', 'javascript:alert(1)//console.aws.amazon.com'],
    ['data', 'data:text/html,https://console.aws.amazon.com'],
    ['plain http', 'http://console.aws.amazon.com/s3'],
    ['another host', 'https://evil.example/console.aws.amazon.com'],
    ['a host that begins like AWS', 'https://console.aws.amazon.com.evil.example/'],
    ['a host that ends like AWS', 'https://evilconsole.aws.amazon.com/'],
    ['a service of AWS that is no console', 'https://docs.aws.amazon.com/s3'],
    ['the sign-in of AWS', 'https://signin.aws.amazon.com/oauth?redirect_uri=https://evil.example'],
    ['a user name', 'https://console.aws.amazon.com@evil.example/'],
    ['a user name before AWS', 'https://evil.example@console.aws.amazon.com/'],
    ['an encoded slash in the host', 'https://console.aws.amazon.com%2f.evil.example/'],
    ['an encoded dot in the host', 'https://console%2eaws.amazon.com/'],
    ['letters of another script', 'https://ｃonsole.aws.amazon.com/'],
    ['a full stop of another script', 'https://console。aws.amazon.com/'],
    ['a trailing dot', 'https://console.aws.amazon.com./s3'],
    ['a port', 'https://console.aws.amazon.com:8443/'],
    ['a superfluous port', 'https://console.aws.amazon.com:443/'],
    ['a backslash', 'https://console.aws.amazon.com\\@evil.example/'],
    ['one slash', 'https:/console.aws.amazon.com/'],
    ['three slashes', 'https:///console.aws.amazon.com/'],
    ['a path of two slashes', 'https://console.aws.amazon.com//evil.example/'],
    ['a path that becomes two slashes', 'https://console.aws.amazon.com/a/..//evil.example/'],
    ['a line break', 'https://console.aws.amazon.com/\nLocation: https://evil.example'],
    ['a tab', 'https://console.aws.amazon.com/\t'.concat('x')],
    ['a null', 'https://console.aws.amazon.com/\0x'],
    ['a reversal of the writing direction', 'https://console.aws.amazon.com/\u202ex'],
    [
      'two sessions',
      `https://${PROD}-abcd1234.222233334444-abcd1234.eu-west-1.console.aws.amazon.com/`,
    ],
    ['a session behind a region', `https://eu-west-1.${PROD}-abcd1234.console.aws.amazon.com/`],
    ['an ARN without a resource', `arn:aws:s3:eu-west-1:${PROD}:`],
    ['an ARN of another partition', `arn:aws-iso:s3:us-iso-east-1:${PROD}:x`],
    ['an ARN whose region is of another partition', `arn:aws:sqs:cn-north-1:${PROD}:x`],
    ['an ARN whose region is a host', `arn:aws:sqs:evil.example:${PROD}:x`],
    ['an ARN with a wildcard account', 'arn:aws:iam::*:role/x'],
    ['an ARN with a short account', 'arn:aws:iam::1111:role/x'],
    ['an ARN with a line break', `arn:aws:sqs:eu-west-1:${PROD}:x\r\nLocation: y`],
    ['too much', `${AWS}/${'a'.repeat(4096)}`],
    ['an ARN whose page is too long', `arn:aws:sns:eu-west-1:${PROD}:${'ü'.repeat(1500)}`],
  ];
  for (const [why, text] of REFUSED) {
    it(`is ${why}`, () => {
      assert.throws(
        () => readAddress(text, TABLE),
        thrown =>
          thrown instanceof BridgeError &&
          thrown.code === 'destination_refused' &&
          /begins with https|ARN|characters/.test(thrown.hint) &&
          !thrown.hint.includes('evil'),
      );
    });
  }

  it('takes linear time', () => {
    const parts = [
      'arn:aws:',
      'sqs.a.',
      '*2',
      '$25',
      'account=',
      '/',
      '-create',
      ':1',
      '1',
      '~(',
      "'",
    ];
    for (const part of parts) {
      const text = `${AWS}/cloudwatch/home#${part.repeat(4096)}`.slice(0, 4096);
      const start = performance.now();
      readAddress(text, TABLE);
      readAddress(
        `arn:aws:secretsmanager:eu-west-1:${PROD}:secret:${part.repeat(200)}`.slice(0, 1000),
        TABLE,
      );
      assert.ok(performance.now() - start < 200, part);
    }
  });
});

describe('the region that a console address names', () => {
  const REGIONS: readonly (readonly [string, string | undefined])[] = [
    [`${AWS}/s3/buckets`, 'eu-west-1'],
    ['https://console.aws.amazon.com/ec2/home?region=us-west-2', 'us-west-2'],
    ['https://us-east-1.console.aws.amazon.com/iam/home', undefined],
    ['https://console.aws.amazon.com/', undefined],
    ['nothing', undefined],
  ];
  for (const [address, region] of REGIONS)
    it(`is ${region} in ${address}`, () => assert.equal(consoleRegion(address), region));
});

describe('the menu of services', () => {
  for (const partition of PARTITIONS) {
    it(`leads to the console of ${partition}`, () => {
      const services = menuOf(partition);
      assert.ok(services.length >= 20, String(services.length));
      const region = 'aws' === partition ? 'eu-west-1' : regionIn(partition);
      for (const { home: path, isGlobal, id } of services) {
        const address = consoleAddress(TABLE, {
          ...{ partition, path },
          region: isGlobal ? undefined : region,
        });
        const read = readAddress(address, TABLE);
        assert.equal(read.service?.id, id, address);
        assert.equal(read.partition, partition);
        assert.equal(read.creates, false, address);
      }
    });
  }
});

function regionIn(partition: Partition): string {
  const home = new URL(TABLE[partition].consoleHome('eu-west-1'));
  assert.ok(TABLE[partition].isConsole(home));
  return {
    aws: 'eu-west-1',
    'aws-cn': 'cn-north-1',
    'aws-us-gov': 'us-gov-west-1',
    'aws-eusc': 'eusc-de-east-1',
  }[partition];
}
