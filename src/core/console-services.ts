/**
 * The services of the AWS console: their names in words, their place in console addresses, and
 * whether they have regions. One row a service.
 *
 * Sources: addresses of the console as AWS documents and links them. What is left out of a
 * partition (`notIn`) follows the region tables of AWS; it affects a menu, and not
 * access.
 */
import type { Partition } from './role.ts';

export interface ConsoleService {
  /** The key of its row. */
  readonly id: string;
  /** As users call it: `Step Functions`. */
  readonly name: string;
  /** Path and fragment of its start page. */
  readonly home: string;
  /** Has one console for all regions. */
  readonly isGlobal: boolean;
  /** Its addresses name accounts that it administers, besides its own. */
  readonly isAboutOthers: boolean;
  /** Stands on the menu of services. */
  readonly isOnMenu: boolean;
  readonly notIn: readonly Partition[];
}

interface Row {
  readonly name: string;
  /** Its first segment, two below `codesuite`, is where the service is recognized. */
  readonly home: string;
  /** Further first segments, or labels of hosts. */
  readonly also?: readonly string[];
  readonly isGlobal?: true;
  readonly isAboutOthers?: true;
  readonly isOnMenu?: true;
  readonly notIn?: readonly Partition[];
}

const ONLY_AWS = ['aws-cn', 'aws-us-gov', 'aws-eusc'] as const satisfies readonly Partition[];

const ROWS = {
  acm: { name: 'Certificate Manager', home: '/acm/home#/certificates/list', isOnMenu: true },
  amplify: { name: 'Amplify', home: '/amplify/apps', notIn: ONLY_AWS },
  apigateway: { name: 'API Gateway', home: '/apigateway/main/apis', isOnMenu: true },
  appconfig: { name: 'AppConfig', home: '/systems-manager/appconfig' },
  apprunner: { name: 'App Runner', home: '/apprunner/home', notIn: ONLY_AWS },
  appsync: { name: 'AppSync', home: '/appsync/home' },
  athena: { name: 'Athena', home: '/athena/home', isOnMenu: true },
  backup: { name: 'Backup', home: '/backup/home' },
  batch: { name: 'Batch', home: '/batch/home' },
  bedrock: { name: 'Bedrock', home: '/bedrock/home', isOnMenu: true, notIn: ['aws-cn'] },
  billing: {
    name: 'Billing and Cost Management',
    home: '/billing/home',
    also: ['costmanagement', 'cost-management', 'cost-reports', 'cost-explorer'],
    ...{ isGlobal: true, isAboutOthers: true, isOnMenu: true, notIn: ['aws-us-gov'] },
  },
  cloud9: { name: 'Cloud9', home: '/cloud9control/home', also: ['cloud9'], notIn: ONLY_AWS },
  cloudformation: { name: 'CloudFormation', home: '/cloudformation/home', isOnMenu: true },
  cloudfront: {
    name: 'CloudFront',
    home: '/cloudfront/v4/home',
    ...{ isGlobal: true, isOnMenu: true, notIn: ['aws-us-gov', 'aws-eusc'] },
  },
  cloudshell: { name: 'CloudShell', home: '/cloudshell/home' },
  cloudtrail: {
    name: 'CloudTrail',
    home: '/cloudtrailv2/home',
    ...{ also: ['cloudtrail'], isOnMenu: true },
  },
  cloudwatch: { name: 'CloudWatch', home: '/cloudwatch/home', isOnMenu: true },
  codeartifact: { name: 'CodeArtifact', home: '/codesuite/codeartifact/start' },
  codebuild: { name: 'CodeBuild', home: '/codesuite/codebuild/projects' },
  codecommit: { name: 'CodeCommit', home: '/codesuite/codecommit/repositories' },
  codedeploy: { name: 'CodeDeploy', home: '/codesuite/codedeploy/applications' },
  codepipeline: { name: 'CodePipeline', home: '/codesuite/codepipeline/pipelines' },
  cognito: { name: 'Cognito', home: '/cognito/v2/home' },
  config: { name: 'Config', home: '/config/home' },
  console: { name: 'Console Home', home: '/console/home' },
  controltower: { name: 'Control Tower', home: '/controltower/home', isAboutOthers: true },
  datasync: { name: 'DataSync', home: '/datasync/home' },
  dms: { name: 'Database Migration Service', home: '/dms/v2/home' },
  docdb: { name: 'DocumentDB', home: '/docdb/home' },
  dynamodb: {
    name: 'DynamoDB',
    home: '/dynamodbv2/home#tables',
    ...{ also: ['dynamodb'], isOnMenu: true },
  },
  ec2: { name: 'EC2', home: '/ec2/home#Instances:', isOnMenu: true },
  ecr: { name: 'Container Registry', home: '/ecr/private-registry/repositories', isOnMenu: true },
  ecs: { name: 'Elastic Container Service', home: '/ecs/v2/clusters', isOnMenu: true },
  efs: { name: 'Elastic File System', home: '/efs/home' },
  eks: { name: 'Elastic Kubernetes Service', home: '/eks/clusters', isOnMenu: true },
  elasticache: { name: 'ElastiCache', home: '/elasticache/home' },
  elasticbeanstalk: { name: 'Elastic Beanstalk', home: '/elasticbeanstalk/home' },
  emr: { name: 'EMR', home: '/emr/home', also: ['elasticmapreduce'] },
  events: { name: 'EventBridge', home: '/events/home#/rules', also: ['scheduler'], isOnMenu: true },
  firehose: { name: 'Data Firehose', home: '/firehose/home' },
  fsx: { name: 'FSx', home: '/fsx/home' },
  glue: { name: 'Glue', home: '/glue/home', also: ['gluestudio'], isOnMenu: true },
  grafana: { name: 'Managed Grafana', home: '/grafana/home' },
  guardduty: { name: 'GuardDuty', home: '/guardduty/home' },
  health: {
    name: 'Health Dashboard',
    home: '/health/home#/account/dashboard/open-issues',
    ...{ also: ['phd'], isGlobal: true, isAboutOthers: true },
  },
  iam: { name: 'IAM', home: '/iam/home#/roles', also: ['iamv2'], isGlobal: true, isOnMenu: true },
  imagebuilder: { name: 'Image Builder', home: '/imagebuilder/home' },
  inspector: { name: 'Inspector', home: '/inspector/v2/home' },
  iot: { name: 'IoT Core', home: '/iot/home' },
  kafka: { name: 'Managed Kafka', home: '/msk/home' },
  kinesis: { name: 'Kinesis Data Streams', home: '/kinesis/home#/streams/list' },
  kms: { name: 'Key Management Service', home: '/kms/home#/kms/keys', isOnMenu: true },
  lakeformation: { name: 'Lake Formation', home: '/lakeformation/home' },
  lambda: { name: 'Lambda', home: '/lambda/home#/functions', isOnMenu: true },
  lightsail: { name: 'Lightsail', home: '/ls/webapp/home', also: ['lightsail'], notIn: ONLY_AWS },
  macie: { name: 'Macie', home: '/macie/home' },
  mq: { name: 'Amazon MQ', home: '/amazon-mq/home' },
  mwaa: { name: 'Managed Airflow', home: '/mwaa/home' },
  neptune: { name: 'Neptune', home: '/neptune/home' },
  networkmanager: { name: 'Network Manager', home: '/networkmanager/home', isGlobal: true },
  opensearch: { name: 'OpenSearch Service', home: '/aos/home', also: ['es', 'esv3'] },
  organizations: {
    name: 'Organizations',
    home: '/organizations/v2/home',
    ...{ isGlobal: true, isAboutOthers: true },
  },
  quicksight: { name: 'QuickSight', home: '/sn/start', also: ['quicksight'] },
  ram: { name: 'Resource Access Manager', home: '/ram/home', isAboutOthers: true },
  rds: { name: 'RDS', home: '/rds/home#databases:', isOnMenu: true },
  redshift: { name: 'Redshift', home: '/redshiftv2/home', also: ['redshift', 'sqlworkbench'] },
  'resource-explorer': { name: 'Resource Explorer', home: '/resource-explorer/home' },
  'resource-groups': { name: 'Resource Groups', home: '/resource-groups/home' },
  route53: {
    name: 'Route 53',
    home: '/route53/v2/hostedzones',
    ...{ isGlobal: true, isOnMenu: true },
  },
  s3: { name: 'S3', home: '/s3/buckets', isOnMenu: true },
  sagemaker: { name: 'SageMaker', home: '/sagemaker/home' },
  secretsmanager: { name: 'Secrets Manager', home: '/secretsmanager/listsecrets', isOnMenu: true },
  securityhub: { name: 'Security Hub', home: '/securityhub/home', isAboutOthers: true },
  servicecatalog: { name: 'Service Catalog', home: '/servicecatalog/home' },
  servicequotas: { name: 'Service Quotas', home: '/servicequotas/home' },
  ses: { name: 'Simple Email Service', home: '/ses/home' },
  singlesignon: { name: 'IAM Identity Center', home: '/singlesignon/home', isAboutOthers: true },
  sns: { name: 'SNS', home: '/sns/v3/home#/topics', isOnMenu: true },
  sqs: { name: 'SQS', home: '/sqs/v3/home#/queues', isOnMenu: true },
  ssm: { name: 'Systems Manager', home: '/systems-manager/home', isOnMenu: true },
  states: { name: 'Step Functions', home: '/states/home#/statemachines', isOnMenu: true },
  storagegateway: { name: 'Storage Gateway', home: '/storagegateway/home' },
  support: { name: 'Support', home: '/support/home', isGlobal: true },
  transfer: { name: 'Transfer Family', home: '/transfer/home' },
  trustedadvisor: { name: 'Trusted Advisor', home: '/trustedadvisor/home', isGlobal: true },
  vpc: { name: 'VPC', home: '/vpcconsole/home#vpcs:', also: ['vpc'], isOnMenu: true },
  wafv2: { name: 'WAF', home: '/wafv2/homev2/web-acls', also: ['waf'] },
  workspaces: { name: 'WorkSpaces', home: '/workspaces/v2/home' },
  xray: { name: 'X-Ray', home: '/xray/home' },
} as const satisfies Readonly<Record<string, Row>>;

export type ServiceId = keyof typeof ROWS;

const SERVICES: ReadonlyMap<string, ConsoleService> = new Map(
  Object.entries(ROWS).map(([id, row]) => [id, serviceOf(id, row)]),
);

const BY_PLACE: ReadonlyMap<string, ConsoleService> = new Map(
  Object.entries(ROWS).flatMap(([id, row]) =>
    placesOf(row).map(place => [place, SERVICES.get(id)!] as const),
  ),
);

function serviceOf(id: string, row: Row): ConsoleService {
  const { name, home, isGlobal = false, isAboutOthers = false, isOnMenu = false, notIn = [] } = row;
  return { id, name, home, isGlobal, isAboutOthers, isOnMenu, notIn };
}

function placesOf({ home, also = [] }: Row): readonly string[] {
  return [placeOf(home), ...also];
}

/** The first segment of a path, or two where services share the first. */
function placeOf(path: string): string {
  const [, first = '', second = ''] = path.split(/[/?#]/, 3);
  const isShared = first === 'codesuite' || second === 'appconfig';
  return isShared ? `${first}/${second}` : first;
}

/** Undefined for a service that is unknown here. */
export function consoleService(id: string): ConsoleService | undefined {
  return SERVICES.get(id);
}

/** The service that a console address belongs to, by its path, else by its host. */
export function serviceAt({
  pathname,
  hostname,
}: Pick<URL, 'pathname' | 'hostname'>): ConsoleService | undefined {
  const byPath = BY_PLACE.get(placeOf(pathname));
  if (byPath !== undefined) return byPath;
  const labels = hostname.split('.', 4).filter(label => label !== 'console');
  return labels.flatMap(label => BY_PLACE.get(label) ?? [])[0];
}

/** The services that people use most, by name. */
export function menuOf(partition: Partition): readonly ConsoleService[] {
  return [...SERVICES.values()]
    .filter(({ isOnMenu, notIn }) => isOnMenu && !notIn.includes(partition))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
}
