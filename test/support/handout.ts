/** How users copy credentials from the page and use them, and how auditors find a refusal. */
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Page } from './visitor.ts';
import type { World } from './world.ts';

type Refusal = Extract<AuditEvent, { type: 'access.refused' | 'sign-in.refused' }>;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The selector of a role's button in the portal. */
export function button(what: 'Console' | 'Credentials', account: string, role: string): string {
  return `button[aria-label="${what}: ${account} as ${role}"]`;
}

/** Reads the credentials as a user does who copies the JSON. */
export function credentialsOn(page: Page): Credentials {
  const json = page
    .$('pre, code, textarea')
    .toArray()
    .map(element => page.$(element).text().trim())
    .find(text => text.startsWith('{'));
  if (json === undefined)
    throw new Error(`no credentials on ${page.url} (${page.status}): ${page.text.slice(0, 300)}`);
  const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(json) as Record<string, string>;
  return {
    accessKeyId: AccessKeyId!,
    secretAccessKey: SecretAccessKey!,
    sessionToken: SessionToken!,
  };
}

/** The caller identity of the credentials, as an ARN. */
export async function callerOf(
  endpoint: string,
  credentials: Credentials,
  region = 'eu-west-1',
): Promise<string> {
  return withSts(
    endpoint,
    credentials,
    region,
    async sts => (await sts.send(new GetCallerIdentityCommand({}))).Arn!,
  );
}

/** The same of credentials in the format of credential_process. */
export function callerOfPrinted(endpoint: string, printed: string): Promise<string> {
  const keys = JSON.parse(printed) as Record<string, string>;
  return callerOf(endpoint, {
    accessKeyId: keys.AccessKeyId!,
    secretAccessKey: keys.SecretAccessKey!,
    sessionToken: keys.SessionToken!,
  });
}

/** Assumes another role with the credentials and returns its ARN. Rejects as the SDK does. */
export async function assumeWith(
  endpoint: string,
  credentials: Credentials,
  role: { readonly arn: string; readonly externalId?: string },
): Promise<string> {
  const command = new AssumeRoleCommand({
    RoleArn: role.arn,
    RoleSessionName: 'onward',
    ExternalId: role.externalId,
  });
  return withSts(
    endpoint,
    credentials,
    'eu-west-1',
    async sts => (await sts.send(command)).AssumedRoleUser!.Arn!,
  );
}

/** The event that has the reference of the refusal page. */
export async function refusalOn(world: World, page: Page): Promise<Refusal> {
  const reference = page.headers.get('x-correlation-id');
  const event = (await world.audit()).find(({ origin }) => origin.correlationId === reference);
  if (event?.type === 'access.refused' || event?.type === 'sign-in.refused') return event;
  throw new Error(
    `no refusal of reference ${reference} in the audit trail, but ${event?.type ?? 'nothing'}`,
  );
}

async function withSts<T>(
  endpoint: string,
  credentials: Credentials,
  region: string,
  use: (sts: STSClient) => Promise<T>,
): Promise<T> {
  const sts = new STSClient({ region, endpoint, credentials, maxAttempts: 1 });
  try {
    return await use(sts);
  } finally {
    sts.destroy();
  }
}
