/**
 * Reads the IAM of one account with the credentials of a profile of the AWS CLI. Nothing is
 * changed there.
 *
 * Owns: the calls, their limits, what a denial means. Does not own: what the answers mean
 * (core/iam/output.ts). Credentials come from the SDK's own chain for the profile, the endpoints
 * from AWS_ENDPOINT_URL_IAM and AWS_ENDPOINT_URL_STS where they are set.
 */
import {
  GetOpenIDConnectProviderCommand,
  GetSAMLProviderCommand,
  IAMClient,
  ListOpenIDConnectProvidersCommand,
  ListSAMLProvidersCommand,
  paginateGetAccountAuthorizationDetails,
  paginateListRoles,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { IamOutput, IamReading, UnreadIam } from '../core/iam/output.ts';
import { defaultRegion, partitionOfRegion } from '../core/partitions.ts';
import type { IamReader } from '../core/ports.ts';
import { type AccountId, isAccountId } from '../core/role.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import type { OutboundClient } from '../outbound.ts';
import { TransportFailure, transportOver } from './sdk-transport.ts';

export interface IamReaderOptions {
  readonly profile: string;
  /** Its limits apply to each call; an answer can have some megabytes. */
  readonly outbound: Pick<OutboundClient, 'request'>;
}

/** The global region of the first partition, for profiles that name none. */
const DEFAULT_REGION = 'us-east-1';
const TIME_FOR_ALL: Seconds = 5 * MINUTE;
/** The SDK repeats throttled calls, each time later. */
const MAX_ATTEMPTS = 6;
/** IAM's own limit of the items of a page. */
const PAGE = 1000;
const MOST_PAGES = 100;

export function createIamReader({ profile, outbound }: IamReaderOptions): IamReader {
  return {
    read: async progress => {
      const settings = {
        profile,
        requestHandler: transportOver(outbound),
        maxAttempts: MAX_ATTEMPTS,
        retryMode: 'standard' as const,
      };
      const region = await new STSClient(settings).config.region().catch(() => DEFAULT_REGION);
      const deadline = AbortSignal.timeout(TIME_FOR_ALL * 1000);
      progress('sts get-caller-identity');
      const account = await accountOf(new STSClient({ ...settings, region }), deadline);
      // IAM has one endpoint in each partition, and its region signs.
      const home = defaultRegion(partitionOfRegion(region));
      const iam = new IAMClient({ ...settings, region: home });
      return readAll({ iam, account, name: `profile ${profile}`, deadline, progress });
    },
  };
}

/** Throws an Error for the operator. Texts of the SDK can contain command lines of the profile. */
async function accountOf(sts: STSClient, abortSignal: AbortSignal): Promise<AccountId> {
  try {
    const { Account = '' } = await sts.send(new GetCallerIdentityCommand({}), { abortSignal });
    if (isAccountId(Account)) return Account;
  } catch (error) {
    throw new Error(`STS does not say whose credentials the profile has: ${reasonOf(error)}.`);
  }
  throw new Error('STS does not say whose credentials the profile has: unreadable answer.');
}

// ---------------------------------------------------------------- the calls

interface Reading {
  readonly iam: IAMClient;
  readonly account: AccountId;
  readonly name: string;
  readonly deadline: AbortSignal;
  readonly progress: (step: string) => void;
}

type Values = Readonly<Record<string, unknown>>;

async function readAll(reading: Reading): Promise<IamReading> {
  const outputs: IamOutput[] = [];
  const unread: UnreadIam[] = [];
  const { account, name, progress } = reading;
  /** Undefined if the call was denied or failed, which is noted. */
  const attempt = async <T extends Values>(
    action: string,
    call: () => Promise<T>,
  ): Promise<T | undefined> => {
    progress(action);
    try {
      const content = await call();
      outputs.push({ name, content, account });
      return content;
    } catch (error) {
      const reason = reasonOf(error);
      if (!unread.some(known => known.action === action)) unread.push({ action, reason });
      return undefined;
    }
  };
  await attempt('iam:GetAccountAuthorizationDetails', () => authorizationDetails(reading));
  await attempt('iam:ListRoles', () => roles(reading));
  await readSamlProviders(reading, attempt);
  await readOidcProviders(reading, attempt);
  return { outputs, unread };
}

type Attempt = <T extends Values>(action: string, call: () => Promise<T>) => Promise<T | undefined>;

async function authorizationDetails({ iam: client, deadline }: Reading): Promise<Values> {
  const pages = paginateGetAccountAuthorizationDetails(
    { client, pageSize: PAGE },
    { Filter: ['Role', 'LocalManagedPolicy', 'AWSManagedPolicy'] },
    { abortSignal: deadline },
  );
  const { read, isCutOff } = await firstPages(pages);
  return {
    RoleDetailList: read.flatMap(({ RoleDetailList = [] }) => RoleDetailList),
    Policies: read.flatMap(({ Policies = [] }) => Policies),
    IsTruncated: isCutOff,
  };
}

/** They have MaxSessionDuration, which the details lack. */
async function roles({ iam: client, deadline }: Reading): Promise<Values> {
  const pages = paginateListRoles({ client, pageSize: PAGE }, {}, { abortSignal: deadline });
  const { read, isCutOff } = await firstPages(pages);
  return { Roles: read.flatMap(({ Roles = [] }) => Roles), IsTruncated: isCutOff };
}

async function firstPages<P>(
  pages: AsyncIterable<P>,
): Promise<{ readonly read: readonly P[]; readonly isCutOff: boolean }> {
  const read: P[] = [];
  for await (const page of pages) {
    if (read.length === MOST_PAGES) return { read, isCutOff: true };
    read.push(page);
  }
  return { read, isCutOff: false };
}

async function readSamlProviders(
  { iam, deadline: abortSignal }: Reading,
  attempt: Attempt,
): Promise<void> {
  const list = await attempt('iam:ListSAMLProviders', async () => {
    const { SAMLProviderList = [] } = await iam.send(new ListSAMLProvidersCommand({}), {
      abortSignal,
    });
    return { SAMLProviderList };
  });
  for (const { Arn } of list?.SAMLProviderList ?? [])
    await attempt('iam:GetSAMLProvider', async () => {
      const command = new GetSAMLProviderCommand({ SAMLProviderArn: Arn });
      return { ...(await iam.send(command, { abortSignal })), Arn };
    });
}

async function readOidcProviders(
  { iam, deadline: abortSignal }: Reading,
  attempt: Attempt,
): Promise<void> {
  const list = await attempt('iam:ListOpenIDConnectProviders', async () => {
    const command = new ListOpenIDConnectProvidersCommand({});
    const { OpenIDConnectProviderList = [] } = await iam.send(command, { abortSignal });
    return { OpenIDConnectProviderList };
  });
  for (const { Arn } of list?.OpenIDConnectProviderList ?? [])
    await attempt('iam:GetOpenIDConnectProvider', async () => {
      const command = new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: Arn });
      return { ...(await iam.send(command, { abortSignal })), Arn };
    });
}

// ---------------------------------------------------------------- failures

const REASONS: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'the profile has no usable credentials',
  ProfileNotFoundError: 'unknown profile',
  ExpiredToken: 'its credentials have expired',
  ExpiredTokenException: 'its credentials have expired',
  InvalidClientTokenId: 'AWS does not know its access key',
  TimeoutError: 'it took longer than five minutes',
  AbortError: 'it took longer than five minutes',
};

/** A name of AWS, or a sentence without what the profile contains. */
function reasonOf(error: unknown): string {
  if (error instanceof TransportFailure)
    return error.cause instanceof Error ? error.cause.message : 'no answer';
  const { name = '' } = error as Error;
  return REASONS[name] ?? (/^[A-Za-z]{1,60}$/.test(name) ? name : 'an unknown fault');
}
