/** IAM OpenID Connect providers (IAM API reference; IAM User Guide, "IAM and AWS STS quotas"). */
import { placeOf } from '../accounts.ts';
import { arns, withoutScheme } from '../identifiers.ts';
import type { OidcProvider } from '../world.ts';
import { issuerUrl } from '../world-schema.ts';
import { membersOf, type XmlTree } from '../xml-writer.ts';
import { type AccountIam, ownedBy, tagMembers, timeOf } from './iam.ts';
import { IamError } from './iam-error.ts';
import type { IamInput } from './iam-shapes.ts';
import { type Tag, tagsWith, tagsWithout } from './tags.ts';

const MAX_PROVIDERS = 100;
const MAX_CLIENT_IDS = 100;
const MAX_THUMBPRINTS = 5;

export function listOidcProviders(iam: AccountIam): XmlTree {
  const providers = ownedBy(iam, iam.world.oidcProviders);
  return { OpenIDConnectProviderList: membersOf(providers.map(({ arn }) => ({ Arn: arn }))) };
}

export function getOidcProvider(
  iam: AccountIam,
  { OpenIDConnectProviderArn: arn }: IamInput<'GetOpenIDConnectProvider'>,
): XmlTree {
  const provider = providerAt(iam, arn);
  return {
    Url: withoutScheme(provider.issuer),
    ClientIDList: membersOf(provider.clientIds),
    ThumbprintList: membersOf(provider.thumbprints),
    CreateDate: timeOf(provider.createdAt),
    Tags: tagMembers(provider.tags) ?? undefined,
  };
}

export interface NewOidcProvider {
  readonly Url: string;
  readonly ClientIDList: readonly { readonly '': string }[];
  readonly ThumbprintList: readonly { readonly '': string }[];
  readonly Tags: readonly Tag[];
}

export function createOidcProvider(iam: AccountIam, input: NewOidcProvider): XmlTree {
  const { world, account, now } = iam;
  const issuer = readUrl(input.Url);
  const arn = arns.oidcProvider(placeOf(account), issuer);
  const owned = ownedBy(iam, world.oidcProviders);
  if (owned.some(provider => provider.arn === arn))
    throw new IamError('EntityAlreadyExists', `Provider with url ${issuer} already exists.`);
  refuseOver(MAX_PROVIDERS, owned.length + 1, 'OpenIdConnectProvidersPerAccount');
  const clientIds = textsOf(input.ClientIDList);
  refuseOver(MAX_CLIENT_IDS, clientIds.length, 'ClientIdsPerOpenIdConnectProvider');
  const tags = tagsWith({}, input.Tags);
  const thumbprints = readThumbprints(textsOf(input.ThumbprintList));
  world.oidcProviders.set(arn, {
    account,
    issuer,
    arn,
    clientIds,
    thumbprints,
    tags,
    createdAt: now(),
  });
  return { OpenIDConnectProviderArn: arn, Tags: tagMembers(tags) ?? undefined };
}

/** A client id that is there already stays there once. */
export function addClientId(
  iam: AccountIam,
  { OpenIDConnectProviderArn: arn, ClientID }: IamInput<'AddClientIDToOpenIDConnectProvider'>,
): undefined {
  const provider = providerAt(iam, arn);
  const clientIds = [...new Set([...provider.clientIds, ClientID])];
  refuseOver(MAX_CLIENT_IDS, clientIds.length, 'ClientIdsPerOpenIdConnectProvider');
  iam.world.oidcProviders.set(arn, { ...provider, clientIds });
}

/** No error for a client id that is not there (IAM API reference: the operation is idempotent). */
export function removeClientId(
  iam: AccountIam,
  { OpenIDConnectProviderArn: arn, ClientID }: IamInput<'RemoveClientIDFromOpenIDConnectProvider'>,
): undefined {
  const provider = providerAt(iam, arn);
  const clientIds = provider.clientIds.filter(id => id !== ClientID);
  iam.world.oidcProviders.set(arn, { ...provider, clientIds });
}

export function updateThumbprints(
  iam: AccountIam,
  input: IamInput<'UpdateOpenIDConnectProviderThumbprint'>,
): undefined {
  const provider = providerAt(iam, input.OpenIDConnectProviderArn);
  const thumbprints = readThumbprints(textsOf(input.ThumbprintList));
  iam.world.oidcProviders.set(provider.arn, { ...provider, thumbprints });
}

/** No error for a provider that does not exist (IAM API reference: the operation is idempotent). */
export function deleteOidcProvider(
  { world, account }: AccountIam,
  { OpenIDConnectProviderArn: arn }: IamInput<'DeleteOpenIDConnectProvider'>,
): undefined {
  requireArn(arn);
  if (world.oidcProviders.get(arn)?.account.id === account.id) world.oidcProviders.delete(arn);
}

export function tagOidcProvider(
  iam: AccountIam,
  { OpenIDConnectProviderArn: arn, Tags }: IamInput<'TagOpenIDConnectProvider'>,
): undefined {
  const provider = providerAt(iam, arn);
  iam.world.oidcProviders.set(arn, { ...provider, tags: tagsWith(provider.tags, Tags) });
}

export function untagOidcProvider(
  iam: AccountIam,
  { OpenIDConnectProviderArn: arn, TagKeys }: IamInput<'UntagOpenIDConnectProvider'>,
): undefined {
  const provider = providerAt(iam, arn);
  const keys = TagKeys.map(member => member['']);
  iam.world.oidcProviders.set(arn, { ...provider, tags: tagsWithout(provider.tags, keys) });
}

function providerAt({ world, account }: AccountIam, arn: string): OidcProvider {
  requireArn(arn);
  const provider = world.oidcProviders.get(arn);
  if (provider === undefined || provider.account.id !== account.id)
    throw new IamError('NoSuchEntity', `OpenIDConnect Provider not found for arn ${arn}`);
  return provider;
}

function requireArn(arn: string): void {
  if (!/:oidc-provider\/.+$/.test(arn))
    throw new IamError('InvalidInput', `Invalid ARN: ${arn}`, 'it is no ARN of an OIDC provider');
}

/** As in a world file, http and a port are accepted on loopback only. */
function readUrl(url: string): string {
  const parsed = issuerUrl.safeParse(url);
  if (parsed.success) return parsed.data;
  throw new IamError(
    'ValidationError',
    'Invalid Open ID Connect Provider URL',
    parsed.error.issues.map(({ message }) => message).join('; '),
  );
}

function readThumbprints(thumbprints: readonly string[]): readonly string[] {
  if (thumbprints.length > MAX_THUMBPRINTS)
    throw new IamError('InvalidInput', 'Thumbprint list must contain fewer than 5 entries.');
  if (thumbprints.some(text => !/^[0-9a-fA-F]{40}$/.test(text)))
    throw new IamError('InvalidInput', 'Thumbprints must be 40 hexadecimal digits.');
  return thumbprints;
}

function refuseOver(max: number, count: number, quota: string): void {
  if (count > max) throw new IamError('LimitExceeded', `Cannot exceed quota for ${quota}: ${max}`);
}

function textsOf(members: readonly { readonly '': string }[]): readonly string[] {
  return [...new Set(members.map(member => member['']))];
}
