/** IAM SAML providers (IAM API reference; IAM User Guide, "IAM and AWS STS quotas"). */
import { createHash } from 'node:crypto';
import { placeOf } from '../accounts.ts';
import { arns } from '../identifiers.ts';
import { readSamlMetadata, type SamlMetadata } from '../saml-metadata.ts';
import type { SamlProvider } from '../world.ts';
import { membersOf, type XmlTree } from '../xml-writer.ts';
import { type AccountIam, ownedBy, tagMembers, timeOf } from './iam.ts';
import { IamError } from './iam-error.ts';
import type { IamInput } from './iam-shapes.ts';
import { tagsWith, tagsWithout } from './tags.ts';

const MAX_PROVIDERS = 100;
const YEARS_WITHOUT_END = 100;

export async function listSamlProviders(iam: AccountIam): Promise<XmlTree> {
  const providers = ownedBy(iam, iam.world.samlProviders);
  const entries = providers.map(async provider => ({
    Arn: provider.arn,
    ValidUntil: validUntil(provider, await metadataOf(iam, provider)),
    CreateDate: timeOf(provider.createdAt),
  }));
  return { SAMLProviderList: membersOf(await Promise.all(entries)) };
}

export async function getSamlProvider(
  iam: AccountIam,
  { SAMLProviderArn }: IamInput<'GetSAMLProvider'>,
): Promise<XmlTree> {
  const provider = providerAt(iam, SAMLProviderArn);
  const metadata = await metadataOf(iam, provider);
  return {
    SAMLProviderUUID: uuidOf(provider),
    SAMLMetadataDocument: metadata.document,
    CreateDate: timeOf(provider.createdAt),
    ValidUntil: validUntil(provider, metadata),
    Tags: tagMembers(provider.tags) ?? undefined,
  };
}

export interface NewSamlProvider extends Partial<IamInput<'CreateSAMLProvider'>> {
  readonly Name: string;
  readonly SAMLMetadataDocument: string;
}

export function createSamlProvider(iam: AccountIam, input: NewSamlProvider): XmlTree {
  const { world, account, now } = iam;
  refuseEncryption(input);
  const owned = ownedBy(iam, world.samlProviders);
  if (owned.some(({ name }) => name.toLowerCase() === input.Name.toLowerCase()))
    throw new IamError('EntityAlreadyExists', `Provider with name ${input.Name} already exists.`);
  if (owned.length >= MAX_PROVIDERS)
    throw new IamError(
      'LimitExceeded',
      `Cannot exceed quota for SAMLProvidersPerAccount: ${MAX_PROVIDERS}`,
    );
  const arn = arns.samlProvider(placeOf(account), input.Name);
  const tags = tagsWith({}, input.Tags ?? []);
  world.samlProviders.set(arn, {
    account,
    name: input.Name,
    arn,
    metadata: readDocument(input.SAMLMetadataDocument),
    tags,
    createdAt: now(),
  });
  return { SAMLProviderArn: arn, Tags: tagMembers(tags) ?? undefined };
}

export function updateSamlProvider(
  iam: AccountIam,
  input: IamInput<'UpdateSAMLProvider'>,
): XmlTree {
  const provider = providerAt(iam, input.SAMLProviderArn);
  refuseEncryption(input);
  const metadata = readDocument(input.SAMLMetadataDocument);
  iam.world.samlProviders.set(provider.arn, { ...provider, metadata });
  return { SAMLProviderArn: provider.arn };
}

export function deleteSamlProvider(
  iam: AccountIam,
  { SAMLProviderArn }: IamInput<'DeleteSAMLProvider'>,
): undefined {
  iam.world.samlProviders.delete(providerAt(iam, SAMLProviderArn).arn);
}

export function tagSamlProvider(
  iam: AccountIam,
  { SAMLProviderArn, Tags }: IamInput<'TagSAMLProvider'>,
): undefined {
  const provider = providerAt(iam, SAMLProviderArn);
  const tags = tagsWith(provider.tags, Tags);
  iam.world.samlProviders.set(provider.arn, { ...provider, tags });
}

export function untagSamlProvider(
  iam: AccountIam,
  { SAMLProviderArn, TagKeys }: IamInput<'UntagSAMLProvider'>,
): undefined {
  const provider = providerAt(iam, SAMLProviderArn);
  const keys = TagKeys.map(member => member['']);
  const tags = tagsWithout(provider.tags, keys);
  iam.world.samlProviders.set(provider.arn, { ...provider, tags });
}

function providerAt({ world, account }: AccountIam, arn: string): SamlProvider {
  if (!/:saml-provider\/[\w._-]{1,128}$/.test(arn))
    throw new IamError('InvalidInput', `Invalid ARN: ${arn}`, 'it is no ARN of a SAML provider');
  const provider = world.samlProviders.get(arn);
  if (provider === undefined || provider.account.id !== account.id)
    throw new IamError('NoSuchEntity', `Manifest not found for arn ${arn}`);
  return provider;
}

function readDocument(xml: string): { readonly xml: string } {
  try {
    readSamlMetadata(xml);
  } catch (cause) {
    throw new IamError('InvalidInput', 'Could not parse metadata', (cause as Error).message);
  }
  return { xml };
}

/** A world file can name a document that cannot be had, which AWS cannot. */
async function metadataOf(
  { samlMetadata }: AccountIam,
  provider: SamlProvider,
): Promise<SamlMetadata> {
  try {
    return await samlMetadata.of(provider);
  } catch (cause) {
    throw new IamError(
      'ServiceFailure',
      'The request processing has failed because of an unknown error, exception or failure.',
      `metadata of ${provider.arn}: ${(cause as Error).message}`,
    );
  }
}

/** A document without an end is good for a hundred years. */
function validUntil({ createdAt }: SamlProvider, metadata: SamlMetadata): string {
  if (metadata.validUntil !== undefined) return timeOf(metadata.validUntil);
  const end = new Date(createdAt);
  end.setUTCFullYear(end.getUTCFullYear() + YEARS_WITHOUT_END);
  return timeOf(end.getTime());
}

function uuidOf({ arn }: SamlProvider): string {
  const digest = createHash('sha256').update(arn).digest('hex').toUpperCase();
  return `SAML${digest.slice(0, 18)}`;
}

interface Encryption {
  readonly AssertionEncryptionMode?: string | undefined;
  readonly AddPrivateKey?: string | undefined;
  readonly RemovePrivateKey?: string | undefined;
}

function refuseEncryption(input: Encryption): void {
  const { AssertionEncryptionMode, AddPrivateKey, RemovePrivateKey } = input;
  const given = [AssertionEncryptionMode, AddPrivateKey, RemovePrivateKey];
  if (given.some(value => value !== undefined))
    throw new IamError('InvalidInput', 'Encrypted assertions are not simulated here.');
}
