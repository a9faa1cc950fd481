/**
 * The console page of an ARN: one row a namespace, one line a type of resource.
 *
 * Sources: the ARN formats of the Service Authorization Reference, and the addresses of the console
 * as AWS links them. A resource without a line leads to the start page of its service, and a
 * namespace without a row to the page of the console that finds resources by their ARN
 * (`/go/view`).
 */
import { type ConsoleService, consoleService, type ServiceId } from './console-services.ts';
import { dnsSuffix } from './partitions.ts';
import type { Partition } from './role.ts';

export interface Arn {
  readonly partition: Partition;
  readonly namespace: string;
  /** Empty for resources without a region. */
  readonly region: string;
  /** Empty for resources that name no account, as buckets. `aws` for those of AWS. */
  readonly account: string;
  readonly resource: string;
  readonly text: string;
}

interface Row {
  readonly service: ServiceId;
  /**
   * What follows the account, to the page. `{name}` stands for text without `:` and `/`, `{name*}`
   * for any text. In a page, `{name}` is percent-encoded, `{$name}` encoded as CloudWatch does, and
   * `{:name}` keeps `:` and `/`. Pages also know `arn`, `account` and `region`.
   */
  readonly pages?: Readonly<Record<string, string>>;
}

const EC2 = '/ec2/home#';
const VPC = '/vpcconsole/home#';

const ROWS: Readonly<Record<string, Row>> = {
  acm: { service: 'acm', pages: { 'certificate/{id}': '/acm/home#/certificates/{id}' } },
  apigateway: {
    service: 'apigateway',
    pages: {
      '/restapis/{id}': '/apigateway/main/apis/{id}/resources?api={id}',
      '/restapis/{id}/{rest*}': '/apigateway/main/apis/{id}/resources?api={id}',
    },
  },
  athena: {
    service: 'athena',
    pages: { 'workgroup/{name}': '/athena/home#/workgroups/details/{name}' },
  },
  autoscaling: {
    service: 'ec2',
    pages: {
      'autoScalingGroup:{id}:autoScalingGroupName/{name*}':
        '/ec2/home#AutoScalingGroupDetails:id={name}',
    },
  },
  backup: {
    service: 'backup',
    pages: { 'backup-vault:{name}': '/backup/home#/backupvaults/details/{name}' },
  },
  batch: { service: 'batch' },
  bedrock: { service: 'bedrock' },
  cloudformation: {
    service: 'cloudformation',
    pages: {
      'stack/{name}/{id}': '/cloudformation/home#/stacks/stackinfo?stackId={arn}',
      'stackset/{name}': '/cloudformation/home#/stacksets/{name}/info',
    },
  },
  cloudfront: {
    service: 'cloudfront',
    pages: { 'distribution/{id}': '/cloudfront/v4/home#/distributions/{id}' },
  },
  cloudtrail: { service: 'cloudtrail' },
  cloudwatch: {
    service: 'cloudwatch',
    pages: {
      'alarm:{name*}': '/cloudwatch/home#alarmsV2:alarm/{name}',
      'dashboard/{name}': '/cloudwatch/home#dashboards/dashboard/{name}',
    },
  },
  codebuild: {
    service: 'codebuild',
    pages: {
      'project/{name}': '/codesuite/codebuild/{account}/projects/{name}',
      'build/{name}:{id}': '/codesuite/codebuild/{account}/projects/{name}/build/{name}%3A{id}',
    },
  },
  codecommit: {
    service: 'codecommit',
    pages: { '{name}': '/codesuite/codecommit/repositories/{name}/browse' },
  },
  codepipeline: {
    service: 'codepipeline',
    pages: { '{name}': '/codesuite/codepipeline/pipelines/{name}/view' },
  },
  'cognito-idp': {
    service: 'cognito',
    pages: { 'userpool/{id}': '/cognito/v2/idp/user-pools/{id}/info' },
  },
  config: { service: 'config' },
  dynamodb: {
    service: 'dynamodb',
    pages: {
      'table/{name}': '/dynamodbv2/home#table?name={name}',
      'table/{name}/{rest*}': '/dynamodbv2/home#table?name={name}',
    },
  },
  ec2: {
    service: 'ec2',
    pages: {
      'instance/{id}': `${EC2}InstanceDetails:instanceId={id}`,
      'volume/{id}': `${EC2}VolumeDetails:volumeId={id}`,
      'snapshot/{id}': `${EC2}SnapshotDetails:snapshotId={id}`,
      'image/{id}': `${EC2}ImageDetails:imageId={id}`,
      'security-group/{id}': `${EC2}SecurityGroup:groupId={id}`,
      'launch-template/{id}': `${EC2}LaunchTemplateDetails:launchTemplateId={id}`,
      'network-interface/{id}': `${EC2}NetworkInterface:networkInterfaceId={id}`,
      'vpc/{id}': `${VPC}VpcDetails:VpcId={id}`,
      'subnet/{id}': `${VPC}SubnetDetails:subnetId={id}`,
      'route-table/{id}': `${VPC}RouteTableDetails:RouteTableId={id}`,
      'natgateway/{id}': `${VPC}NatGatewayDetails:natGatewayId={id}`,
      'internet-gateway/{id}': `${VPC}InternetGateway:internetGatewayId={id}`,
      'vpc-endpoint/{id}': `${VPC}EndpointDetails:vpcEndpointId={id}`,
    },
  },
  ecr: {
    service: 'ecr',
    pages: { 'repository/{name*}': '/ecr/repositories/private/{account}/{:name}' },
  },
  ecs: {
    service: 'ecs',
    pages: {
      'cluster/{cluster}': '/ecs/v2/clusters/{cluster}',
      'service/{cluster}/{name}': '/ecs/v2/clusters/{cluster}/services/{name}',
      'task/{cluster}/{id}': '/ecs/v2/clusters/{cluster}/tasks/{id}',
      'task-definition/{name}:{revision}': '/ecs/v2/task-definitions/{name}/{revision}',
    },
  },
  eks: { service: 'eks', pages: { 'cluster/{name}': '/eks/clusters/{name}' } },
  elasticache: { service: 'elasticache' },
  elasticbeanstalk: { service: 'elasticbeanstalk' },
  elasticfilesystem: {
    service: 'efs',
    pages: { 'file-system/{id}': '/efs/home#/file-systems/{id}' },
  },
  elasticloadbalancing: {
    service: 'ec2',
    pages: {
      'targetgroup/{rest*}': `${EC2}TargetGroup:targetGroupArn={:arn}`,
      'loadbalancer/app/{rest*}': `${EC2}LoadBalancer:loadBalancerArn={:arn}`,
      'loadbalancer/net/{rest*}': `${EC2}LoadBalancer:loadBalancerArn={:arn}`,
    },
  },
  elasticmapreduce: { service: 'emr' },
  es: {
    service: 'opensearch',
    pages: { 'domain/{name}': '/aos/home#opensearch/domains/{name}' },
  },
  events: {
    service: 'events',
    pages: {
      'rule/{name}': '/events/home#/eventbus/default/rules/{name}',
      'rule/{bus}/{name}': '/events/home#/eventbus/{bus}/rules/{name}',
    },
  },
  'execute-api': { service: 'apigateway' },
  firehose: {
    service: 'firehose',
    pages: { 'deliverystream/{name}': '/firehose/home#/details/{name}/monitoring' },
  },
  glue: {
    service: 'glue',
    pages: { 'job/{name}': '/gluestudio/home#/editor/job/{name}/details' },
  },
  guardduty: { service: 'guardduty' },
  iam: {
    service: 'iam',
    pages: {
      'role/{path*}/{name}': '/iam/home#/roles/details/{name}',
      'role/{name}': '/iam/home#/roles/details/{name}',
      'user/{path*}/{name}': '/iam/home#/users/details/{name}',
      'user/{name}': '/iam/home#/users/details/{name}',
      'group/{name}': '/iam/home#/groups/details/{name}',
      'policy/{name*}': '/iam/home#/policies/details/{arn}',
      'oidc-provider/{name*}': '/iam/home#/identity_providers/details/OPENID/{arn}',
      'saml-provider/{name}': '/iam/home#/identity_providers/details/SAML/{arn}',
    },
  },
  kafka: { service: 'kafka', pages: { 'cluster/{rest*}': '/msk/home#/cluster/{arn}/view' } },
  kinesis: {
    service: 'kinesis',
    pages: { 'stream/{name}': '/kinesis/home#/streams/details/{name}/monitoring' },
  },
  kms: {
    service: 'kms',
    pages: { 'key/{id}': '/kms/home#/kms/keys/{id}' },
  },
  lambda: {
    service: 'lambda',
    pages: {
      'function:{name}': '/lambda/home#/functions/{name}',
      'function:{name}:{qualifier}': '/lambda/home#/functions/{name}?qualifier={qualifier}',
      'layer:{name}:{version}': '/lambda/home#/layers/{name}/versions/{version}',
    },
  },
  logs: {
    service: 'cloudwatch',
    pages: {
      'log-group:{name*}:*': '/cloudwatch/home#logsV2:log-groups/log-group/{$name}',
      'log-group:{name*}:log-stream:{stream*}':
        '/cloudwatch/home#logsV2:log-groups/log-group/{$name}/log-events/{$stream}',
      'log-group:{name*}': '/cloudwatch/home#logsV2:log-groups/log-group/{$name}',
    },
  },
  organizations: { service: 'organizations' },
  rds: {
    service: 'rds',
    pages: {
      'db:{name}': '/rds/home#database:id={name};is-cluster=false',
      'cluster:{name}': '/rds/home#database:id={name};is-cluster=true',
      'snapshot:{name*}': '/rds/home#db-snapshot:id={name}',
    },
  },
  redshift: {
    service: 'redshift',
    pages: { 'cluster:{name}': '/redshiftv2/home#/cluster-details?cluster={name}' },
  },
  route53: {
    service: 'route53',
    pages: { 'hostedzone/{id}': '/route53/v2/hostedzones#ListRecordSets/{id}' },
  },
  s3: {
    service: 's3',
    pages: {
      '{bucket}': '/s3/buckets/{bucket}',
      '{bucket}/{key*}': '/s3/object/{bucket}?prefix={key}',
    },
  },
  sagemaker: {
    service: 'sagemaker',
    pages: {
      'endpoint/{name}': '/sagemaker/home#/endpoints/{name}',
      'notebook-instance/{name}': '/sagemaker/home#/notebook-instances/{name}',
    },
  },
  // Six characters that AWS adds end the ARN of a secret, and are no part of its name.
  secretsmanager: {
    service: 'secretsmanager',
    pages: { 'secret:{name*}-{random}': '/secretsmanager/secret?name={name}' },
  },
  securityhub: { service: 'securityhub' },
  ses: { service: 'ses', pages: { 'identity/{name}': '/ses/home#/identities/{name}' } },
  sns: { service: 'sns', pages: { '{name}': '/sns/v3/home#/topic/{:arn}' } },
  sqs: {
    service: 'sqs',
    pages: {
      '{name}': '/sqs/v3/home#/queues/https%3A%2F%2Fsqs.{region}.{suffix}%2F{account}%2F{name}',
    },
  },
  ssm: {
    service: 'ssm',
    pages: {
      'parameter/{name*}': '/systems-manager/parameters/{name}/description',
      'document/{name}': '/systems-manager/documents/{name}/description',
    },
  },
  states: {
    service: 'states',
    pages: {
      'stateMachine:{name}': '/states/home#/statemachines/view/{:arn}',
      'execution:{rest*}': '/states/home#/v2/executions/details/{:arn}',
    },
  },
  wafv2: { service: 'wafv2' },
};

interface CompiledRow {
  readonly service: ConsoleService;
  readonly pages: readonly CompiledPage[];
}

interface CompiledPage {
  readonly matches: RegExp;
  readonly page: string;
}

const COMPILED: ReadonlyMap<string, CompiledRow> = new Map(
  Object.entries(ROWS).map(([namespace, { service, pages = {} }]) => [
    namespace,
    { service: consoleService(service)!, pages: Object.entries(pages).map(compiledPage) },
  ]),
);

function compiledPage([pattern, page]: readonly [string, string]): CompiledPage {
  const source = pattern
    .split(/(\{\w+\*?\})/)
    .map(part => {
      const [, name, isAnyText] = /^\{(\w+)(\*?)\}$/.exec(part) ?? [];
      if (name === undefined) return part.replace(/[*+?.^$()|/]/g, '\\$&');
      return `(?<${name}>${isAnyText === '*' ? '.+' : '[^:/]+'})`;
    })
    .join('');
  return { matches: new RegExp(`^${source}$`, 's'), page };
}

/** Path and fragment of the page of an ARN, without the region. */
export function arnPage(arn: Arn): string {
  const row = COMPILED.get(arn.namespace);
  if (row === undefined) return `/go/view?arn=${encodeURIComponent(arn.text)}`;
  for (const { matches, page } of row.pages) {
    const found = matches.exec(arn.resource);
    if (found !== null) return filled(page, { ...valuesOf(arn), ...found.groups });
  }
  return row.service.home;
}

function valuesOf({ text, region, account, partition }: Arn): Readonly<Record<string, string>> {
  return { arn: text, region, account, suffix: dnsSuffix(partition) };
}

function filled(page: string, values: Readonly<Record<string, string>>): string {
  return page.replace(/\{([:$]?)(\w+)\}/g, (_, how: string, name: string) =>
    ENCODINGS[how]!(values[name]!),
  );
}

const ENCODINGS: Readonly<Record<string, (value: string) => string>> = {
  '': encodeURIComponent,
  ':': value => encodeURIComponent(value).replace(/%(?:3A|2F)/g, decodeURIComponent),
  // The fragment of CloudWatch is encoded twice, with `$` for `%`.
  $: value => encodeURIComponent(encodeURIComponent(value)).replaceAll('%', '$'),
};
