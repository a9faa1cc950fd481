import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consoleAddress, consoleRegion, readAddress } from '../../src/core/console-address.ts';
import { menuOf } from '../../src/core/console-services.ts';
import { BridgeError } from '../../src/core/errors.ts';
import { partitionTable } from '../../src/core/partitions.ts';
import { PARTITIONS, type Partition } from '../../src/core/role.ts';

const TABLE = partitionTable();
const PROD = '111122223333';
const AWS = 'https://eu-west-1.console.aws.amazon.com';

interface Expected {
  readonly partition?: Partition;
  readonly account?: string;
  readonly region?: string;
  readonly service?: string;
  readonly creates?: boolean;
}
type Row = readonly [text: string, expected: Expected];

const IN_IRELAND = { region: 'eu-west-1' };

const ADDRESSES: readonly Row[] = [
  // The session of a console names the account; the region is in the host or the query.
  [
    `https://${PROD}-abcd1234.eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:`,
    { ...IN_IRELAND, account: PROD, service: 'ec2' },
  ],
  [
    `https://${PROD}-abcd1234.eu-west-1.console.aws.amazon.com/iam/home#/roles/details/x?a=arn:aws:iam::222233334444:role/x`,
    { account: PROD, service: 'iam' },
  ],
  [
    `https://${PROD}-abcd1234.console.aws.amazon.com/console/home`,
    { account: PROD, service: 'console' },
  ],
  [
    'https://console.aws.amazon.com/console/home?region=us-west-2',
    { region: 'us-west-2', service: 'console' },
  ],
  [
    `${AWS}/ec2/v2/home?region=eu-west-1#InstanceDetails:instanceId=i-0a`,
    { ...IN_IRELAND, service: 'ec2' },
  ],
  [
    `${AWS}/vpcconsole/home?region=eu-west-1#VpcDetails:VpcId=vpc-1`,
    { ...IN_IRELAND, service: 'vpc' },
  ],
  ['https://console.aws.amazon.com/vpc/home#vpcs:', { service: 'vpc' }],
  [
    'https://s3.console.aws.amazon.com/s3/buckets/logs?region=eu-west-1&tab=objects',
    { ...IN_IRELAND, service: 's3' },
  ],
  [`${AWS}/s3/object/logs?region=eu-west-1&prefix=a//b.txt`, { ...IN_IRELAND, service: 's3' }],
  [
    `${AWS}/lambda/home?region=eu-west-1#/functions/orders?tab=monitoring`,
    { ...IN_IRELAND, service: 'lambda' },
  ],
  [
    `${AWS}/dynamodbv2/home?region=eu-west-1#table?name=orders`,
    { ...IN_IRELAND, service: 'dynamodb' },
  ],
  [
    `${AWS}/rds/home?region=eu-west-1#database:id=shop;is-cluster=false`,
    { ...IN_IRELAND, service: 'rds' },
  ],
  [
    `${AWS}/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/orders`,
    { ...IN_IRELAND, service: 'cloudwatch' },
  ],
  [
    `${AWS}/cloudwatch/home?region=eu-west-1#logsV2:logs-insights$3FqueryDetail$3D~(editorString~'filter*20*40message*20like*20*2fcreate*2f~source~(~'arn*3aaws*3alogs*3aeu-west-1*3a${PROD}*3alog-group*3a*2faws*2flambda*2forders))`,
    { ...IN_IRELAND, account: PROD, service: 'cloudwatch' },
  ],
  [
    `${AWS}/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Forders`,
    { ...IN_IRELAND, service: 'cloudwatch' },
  ],
  [
    `${AWS}/sqs/v3/home?region=eu-west-1#/queues/https%3A%2F%2Fsqs.eu-west-1.amazonaws.com%2F${PROD}%2Forders`,
    { ...IN_IRELAND, account: PROD, service: 'sqs' },
  ],
  [
    `${AWS}/sns/v3/home?region=eu-west-1#/topic/arn:aws:sns:eu-west-1:${PROD}:orders`,
    { ...IN_IRELAND, account: PROD, service: 'sns' },
  ],
  [
    `${AWS}/states/home?region=eu-west-1#/v2/executions/details/arn%3Aaws%3Astates%3Aeu-west-1%3A${PROD}%3Aexecution%3Aa%3Ab`,
    { ...IN_IRELAND, account: PROD, service: 'states' },
  ],
  [
    `${AWS}/cloudformation/home?region=eu-west-1#/stacks/stackinfo?stackId=arn%3Aaws%3Acloudformation%3Aeu-west-1%3A${PROD}%3Astack%2Fshop%2F1`,
    { ...IN_IRELAND, account: PROD, service: 'cloudformation' },
  ],
  [
    `${AWS}/ec2/home?region=eu-west-1#LoadBalancer:loadBalancerArn=arn:aws:elasticloadbalancing:eu-west-1:${PROD}:loadbalancer/app/web/1`,
    { ...IN_IRELAND, account: PROD, service: 'ec2' },
  ],
  [
    `${AWS}/ecr/repositories/private/${PROD}/shop/web?region=eu-west-1`,
    { ...IN_IRELAND, account: PROD, service: 'ecr' },
  ],
  [
    `${AWS}/ecs/v2/clusters/shop/services/web/health?region=eu-west-1`,
    { ...IN_IRELAND, service: 'ecs' },
  ],
  [`${AWS}/eks/home?region=eu-west-1#/clusters/shop`, { ...IN_IRELAND, service: 'eks' }],
  [
    `${AWS}/codesuite/codebuild/${PROD}/projects/shop/history?region=eu-west-1`,
    { ...IN_IRELAND, account: PROD, service: 'codebuild' },
  ],
  [
    `${AWS}/codesuite/codepipeline/pipelines/shop/view?region=eu-west-1`,
    { ...IN_IRELAND, service: 'codepipeline' },
  ],
  [
    `${AWS}/codesuite/codecommit/repositories/shop/browse?region=eu-west-1`,
    { ...IN_IRELAND, service: 'codecommit' },
  ],
  [
    `${AWS}/events/home?region=eu-west-1#/eventbus/default/rules/nightly`,
    { ...IN_IRELAND, service: 'events' },
  ],
  [
    `${AWS}/apigateway/main/apis/abc/resources?api=abc&region=eu-west-1`,
    { ...IN_IRELAND, service: 'apigateway' },
  ],
  [
    `${AWS}/secretsmanager/secret?name=shop%2Fdb&region=eu-west-1`,
    { ...IN_IRELAND, service: 'secretsmanager' },
  ],
  [
    `${AWS}/systems-manager/parameters/%252Fshop%252Furl/description?region=eu-west-1`,
    { ...IN_IRELAND, service: 'ssm' },
  ],
  [
    `${AWS}/systems-manager/appconfig/applications?region=eu-west-1`,
    { ...IN_IRELAND, service: 'appconfig' },
  ],
  [`${AWS}/kms/home?region=eu-west-1#/kms/keys/1234`, { ...IN_IRELAND, service: 'kms' }],
  [
    'https://us-east-1.console.aws.amazon.com/iam/home?region=eu-west-1#/roles/details/Admin',
    { service: 'iam' },
  ],
  ['https://us-east-1.console.aws.amazon.com/iamv2/home#/groups', { service: 'iam' }],
  [
    'https://us-east-1.console.aws.amazon.com/route53/v2/hostedzones#ListRecordSets/Z1',
    { service: 'route53' },
  ],
  [
    'https://us-east-1.console.aws.amazon.com/cloudfront/v4/home#/distributions/E1',
    { service: 'cloudfront' },
  ],
  [
    `https://us-east-1.console.aws.amazon.com/billing/home?region=us-east-1#/bills?accountId=${PROD}`,
    { service: 'billing' },
  ],
  [
    `https://us-east-1.console.aws.amazon.com/organizations/v2/home/accounts/${PROD}`,
    { service: 'organizations' },
  ],
  [
    'https://health.aws.amazon.com/health/home#/account/dashboard/open-issues',
    { service: 'health' },
  ],
  ['https://phd.aws.amazon.com/phd/home#/dashboard/open-issues', { service: 'health' }],
  [
    'https://eu-west-1.quicksight.aws.amazon.com/sn/start',
    { ...IN_IRELAND, service: 'quicksight' },
  ],
  [
    'https://lightsail.aws.amazon.com/ls/webapp/eu-west-1/instances/web/connect',
    { ...IN_IRELAND, service: 'lightsail' },
  ],
  [
    'https://support.console.aws.amazon.com/support/home#/case/?displayId=1',
    { service: 'support' },
  ],
  [
    `https://console.aws.amazon.com/go/view?arn=arn:aws:lambda:eu-west-1:${PROD}:function:orders`,
    { ...IN_IRELAND, account: PROD, service: 'lambda' },
  ],
  [
    `${AWS}/guardduty/home?region=eu-west-1#/findings?macros=current&fId=1`,
    { ...IN_IRELAND, service: 'guardduty' },
  ],
  [`${AWS}/glue/home?region=eu-west-1#/v2/data-catalog/tables`, { ...IN_IRELAND, service: 'glue' }],
  [`${AWS}/athena/home?region=eu-west-1#/query-editor`, { ...IN_IRELAND, service: 'athena' }],
  [`${AWS}/redshiftv2/home?region=eu-west-1#dashboard`, { ...IN_IRELAND, service: 'redshift' }],
  [
    `${AWS}/aos/home?region=eu-west-1#opensearch/domains/logs`,
    { ...IN_IRELAND, service: 'opensearch' },
  ],
  [`${AWS}/unheard-of/home?region=eu-west-1#/?accountId=${PROD}`, { ...IN_IRELAND, account: PROD }],
  [
    'https://cn-north-1.console.amazonaws.cn/ec2/home?region=cn-north-1#Instances:',
    { partition: 'aws-cn', region: 'cn-north-1', service: 'ec2' },
  ],
  [
    `https://cn-northwest-1.console.amazonaws.cn/sqs/v3/home?region=cn-northwest-1#/queues/https%3A%2F%2Fsqs.cn-northwest-1.amazonaws.com.cn%2F${PROD}%2Fq`,
    { partition: 'aws-cn', account: PROD, region: 'cn-northwest-1', service: 'sqs' },
  ],
  [
    'https://console.amazonaws.cn/s3/buckets/logs?region=cn-north-1',
    { partition: 'aws-cn', region: 'cn-north-1', service: 's3' },
  ],
  [
    'https://us-gov-west-1.console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1#home:',
    { partition: 'aws-us-gov', region: 'us-gov-west-1', service: 'cloudwatch' },
  ],
  [
    `https://${PROD}-abcd1234.us-gov-east-1.console.amazonaws-us-gov.com/systems-manager/session-manager?region=us-gov-east-1`,
    { partition: 'aws-us-gov', account: PROD, region: 'us-gov-east-1', service: 'ssm' },
  ],
  [
    `https://console.amazonaws-us-gov.com/kms/home?region=us-gov-west-1#/kms/keys/arn:aws-us-gov:kms:us-gov-west-1:${PROD}:key`,
    { partition: 'aws-us-gov', account: PROD, region: 'us-gov-west-1', service: 'kms' },
  ],
  [
    'https://eusc-de-east-1.console.amazonaws-eusc.eu/lambda/home?region=eusc-de-east-1#/functions',
    { partition: 'aws-eusc', region: 'eusc-de-east-1', service: 'lambda' },
  ],
  [
    'https://console.amazonaws-eusc.eu/rds/home?region=eusc-de-east-1#databases:',
    { partition: 'aws-eusc', region: 'eusc-de-east-1', service: 'rds' },
  ],
  // Pages that prepare a change.
  [
    `${AWS}/cloudformation/home?region=eu-west-1#/stacks/quickcreate?templateURL=https://s3.amazonaws.com/evil/t.yaml&stackName=x`,
    { ...IN_IRELAND, service: 'cloudformation', creates: true },
  ],
  [
    `${AWS}/cloudformation/home?region=eu-west-1#/stacks/create/review?templateURL=https://x`,
    { ...IN_IRELAND, service: 'cloudformation', creates: true },
  ],
  [
    `${AWS}/cloudformation/home?region=eu-west-1#/stacks/quick%63%72%65ate?x=1`,
    { ...IN_IRELAND, service: 'cloudformation', creates: true },
  ],
  [
    `${AWS}/ec2/home?region=eu-west-1#LaunchInstances:ami=ami-1`,
    { ...IN_IRELAND, service: 'ec2', creates: true },
  ],
  [
    `${AWS}/ec2/home?region=eu-west-1#launchInstanceWizard:ami=ami-1`,
    { ...IN_IRELAND, service: 'ec2', creates: true },
  ],
  [
    `${AWS}/ec2/home?region=eu-west-1#LaunchTemplates:sort=launchTime`,
    { ...IN_IRELAND, service: 'ec2' },
  ],
  [
    `${AWS}/ec2/home?region=eu-west-1#Instances:sort=desc:launchTime`,
    { ...IN_IRELAND, service: 'ec2' },
  ],
  [
    `${AWS}/lambda/home?region=eu-west-1#/create/function`,
    { ...IN_IRELAND, service: 'lambda', creates: true },
  ],
  [
    'https://console.aws.amazon.com/iam/home#/roles$new?step=type',
    { service: 'iam', creates: true },
  ],
  [
    `${AWS}/rds/home?region=eu-west-1#launch-dbinstance:`,
    { ...IN_IRELAND, service: 'rds', creates: true },
  ],
  [`${AWS}/s3/bucket/create?region=eu-west-1`, { ...IN_IRELAND, service: 's3', creates: true }],
  [
    `${AWS}/systems-manager/run-command/send-command?region=eu-west-1`,
    { ...IN_IRELAND, service: 'ssm', creates: true },
  ],
];

/** An ARN, what it names, and the page that it becomes. */
type ArnRow = readonly [text: string, expected: Expected, destination: string];

const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:eu-west-1:${PROD}:${resource}`;
const HERE = { ...IN_IRELAND, account: PROD };

const ARNS: readonly ArnRow[] = [
  [
    arn('lambda', 'function:orders'),
    { ...HERE, service: 'lambda' },
    `${AWS}/lambda/home?region=eu-west-1#/functions/orders`,
  ],
  [
    arn('lambda', 'function:orders:live'),
    { ...HERE, service: 'lambda' },
    `${AWS}/lambda/home?region=eu-west-1#/functions/orders?qualifier=live`,
  ],
  [
    arn('ec2', 'instance/i-0a'),
    { ...HERE, service: 'ec2' },
    `${AWS}/ec2/home?region=eu-west-1#InstanceDetails:instanceId=i-0a`,
  ],
  [
    arn('ec2', 'vpc/vpc-1'),
    { ...HERE, service: 'vpc' },
    `${AWS}/vpcconsole/home?region=eu-west-1#VpcDetails:VpcId=vpc-1`,
  ],
  [
    arn('ec2', 'dedicated-host/h-1'),
    { ...HERE, service: 'ec2' },
    `${AWS}/ec2/home?region=eu-west-1#Instances:`,
  ],
  ['arn:aws:s3:::logs', { service: 's3' }, 'https://console.aws.amazon.com/s3/buckets/logs'],
  [
    'arn:aws:s3:::logs/a/b c.txt',
    { service: 's3' },
    'https://console.aws.amazon.com/s3/object/logs?prefix=a%2Fb%20c.txt',
  ],
  [
    arn('sqs', 'orders'),
    { ...HERE, service: 'sqs' },
    `${AWS}/sqs/v3/home?region=eu-west-1#/queues/https%3A%2F%2Fsqs.eu-west-1.amazonaws.com%2F${PROD}%2Forders`,
  ],
  [
    arn('sns', 'orders'),
    { ...HERE, service: 'sns' },
    `${AWS}/sns/v3/home?region=eu-west-1#/topic/${arn('sns', 'orders')}`,
  ],
  [
    arn('dynamodb', 'table/orders/index/by-day'),
    { ...HERE, service: 'dynamodb' },
    `${AWS}/dynamodbv2/home?region=eu-west-1#table?name=orders`,
  ],
  [
    arn('rds', 'db:shop'),
    { ...HERE, service: 'rds' },
    `${AWS}/rds/home?region=eu-west-1#database:id=shop;is-cluster=false`,
  ],
  [
    arn('states', 'stateMachine:bill'),
    { ...HERE, service: 'states' },
    `${AWS}/states/home?region=eu-west-1#/statemachines/view/${arn('states', 'stateMachine:bill')}`,
  ],
  [
    arn('logs', 'log-group:/aws/lambda/orders:*'),
    { ...HERE, service: 'cloudwatch' },
    `${AWS}/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Forders`,
  ],
  [
    arn('cloudwatch', 'alarm:Orders are late'),
    { ...HERE, service: 'cloudwatch' },
    `${AWS}/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/Orders%20are%20late`,
  ],
  [
    arn('cloudformation', 'stack/shop/1-2'),
    { ...HERE, service: 'cloudformation' },
    `${AWS}/cloudformation/home?region=eu-west-1#/stacks/stackinfo?stackId=${encodeURIComponent(arn('cloudformation', 'stack/shop/1-2'))}`,
  ],
  [
    arn('ecr', 'repository/shop/web'),
    { ...HERE, service: 'ecr' },
    `${AWS}/ecr/repositories/private/${PROD}/shop/web?region=eu-west-1`,
  ],
  [
    arn('ecs', 'service/shop/web'),
    { ...HERE, service: 'ecs' },
    `${AWS}/ecs/v2/clusters/shop/services/web?region=eu-west-1`,
  ],
  [
    arn('eks', 'cluster/shop'),
    { ...HERE, service: 'eks' },
    `${AWS}/eks/clusters/shop?region=eu-west-1`,
  ],
  [
    arn('kms', 'key/1-2'),
    { ...HERE, service: 'kms' },
    `${AWS}/kms/home?region=eu-west-1#/kms/keys/1-2`,
  ],
  [
    arn('secretsmanager', 'secret:shop/db-main-AbCdEf'),
    { ...HERE, service: 'secretsmanager' },
    `${AWS}/secretsmanager/secret?name=shop%2Fdb-main&region=eu-west-1`,
  ],
  [
    arn('ssm', 'parameter/shop/url'),
    { ...HERE, service: 'ssm' },
    `${AWS}/systems-manager/parameters/shop%2Furl/description?region=eu-west-1`,
  ],
  [
    arn('elasticloadbalancing', 'loadbalancer/app/web/1'),
    { ...HERE, service: 'ec2' },
    `${AWS}/ec2/home?region=eu-west-1#LoadBalancer:loadBalancerArn=${arn('elasticloadbalancing', 'loadbalancer/app/web/1')}`,
  ],
  [
    arn('codebuild', 'project/shop'),
    { ...HERE, service: 'codebuild' },
    `${AWS}/codesuite/codebuild/${PROD}/projects/shop?region=eu-west-1`,
  ],
  [
    arn('codepipeline', 'shop'),
    { ...HERE, service: 'codepipeline' },
    `${AWS}/codesuite/codepipeline/pipelines/shop/view?region=eu-west-1`,
  ],
  [
    arn('acm', 'certificate/1'),
    { ...HERE, service: 'acm' },
    `${AWS}/acm/home?region=eu-west-1#/certificates/1`,
  ],
  [
    `arn:aws:iam::${PROD}:role/team/Admin`,
    { account: PROD, service: 'iam' },
    'https://console.aws.amazon.com/iam/home#/roles/details/Admin',
  ],
  [
    'arn:aws:iam::aws:policy/ReadOnlyAccess',
    { service: 'iam' },
    'https://console.aws.amazon.com/iam/home#/policies/details/arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess',
  ],
  [
    `arn:aws:cloudfront::${PROD}:distribution/E1`,
    { account: PROD, service: 'cloudfront' },
    'https://console.aws.amazon.com/cloudfront/v4/home#/distributions/E1',
  ],
  [
    'arn:aws:route53:::hostedzone/Z1',
    { service: 'route53' },
    'https://console.aws.amazon.com/route53/v2/hostedzones#ListRecordSets/Z1',
  ],
  [
    arn('glacier', 'vaults/old'),
    HERE,
    `${AWS}/go/view?arn=${encodeURIComponent(arn('glacier', 'vaults/old'))}&region=eu-west-1`,
  ],
  [
    `arn:aws-cn:sqs:cn-north-1:${PROD}:q`,
    { partition: 'aws-cn', account: PROD, region: 'cn-north-1', service: 'sqs' },
    `https://cn-north-1.console.amazonaws.cn/sqs/v3/home?region=cn-north-1#/queues/https%3A%2F%2Fsqs.cn-north-1.amazonaws.com.cn%2F${PROD}%2Fq`,
  ],
  [
    `arn:aws-us-gov:lambda:us-gov-west-1:${PROD}:function:f`,
    { partition: 'aws-us-gov', account: PROD, region: 'us-gov-west-1', service: 'lambda' },
    'https://us-gov-west-1.console.amazonaws-us-gov.com/lambda/home?region=us-gov-west-1#/functions/f',
  ],
  [
    `arn:aws-us-gov:iam::${PROD}:user/ada`,
    { partition: 'aws-us-gov', account: PROD, service: 'iam' },
    'https://console.amazonaws-us-gov.com/iam/home#/users/details/ada',
  ],
  [
    `arn:aws-eusc:dynamodb:eusc-de-east-1:${PROD}:table/t`,
    { partition: 'aws-eusc', account: PROD, region: 'eusc-de-east-1', service: 'dynamodb' },
    'https://eusc-de-east-1.console.amazonaws-eusc.eu/dynamodbv2/home?region=eusc-de-east-1#table?name=t',
  ],
];

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
