/**
 * Console addresses and ARNs of many services in all partitions, with what they name, and the page
 * that an ARN becomes.
 */
import type { Partition } from '../../src/core/role.ts';

export const PROD = '111122223333';
export const AWS = 'https://eu-west-1.console.aws.amazon.com';

export interface Expected {
  readonly partition?: Partition;
  readonly account?: string;
  readonly region?: string;
  readonly service?: string;
  readonly creates?: boolean;
}
type AddressRow = readonly [text: string, expected: Expected];

const IN_IRELAND = { region: 'eu-west-1' };

export const ADDRESSES: readonly AddressRow[] = [
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

export const ARNS: readonly ArnRow[] = [
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
