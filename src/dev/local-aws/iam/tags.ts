/** Tags of IAM entities (IAM User Guide, "Tags for IAM resources"). */
import { IamError } from './iam-error.ts';

const MAX_TAGS = 50;

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export type Tags = Readonly<Record<string, string>>;

/** Keys are compared without regard to case. Throws `IamError`. */
export function tagsWith(tags: Tags, added: readonly Tag[]): Tags {
  const keys = added.map(({ Key }) => Key.toLowerCase());
  if (new Set(keys).size < keys.length)
    throw new IamError(
      'InvalidInput',
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    );
  if (keys.some(key => key.startsWith('aws:')))
    throw new IamError('InvalidInput', 'Tag keys with the prefix aws: are reserved.');
  const all = {
    ...tagsWithout(tags, keys),
    ...Object.fromEntries(added.map(({ Key, Value }) => [Key, Value])),
  };
  if (Object.keys(all).length > MAX_TAGS)
    throw new IamError('LimitExceeded', `Cannot exceed quota for TagsPerResource: ${MAX_TAGS}`);
  return all;
}

export function tagsWithout(tags: Tags, keys: readonly string[]): Tags {
  const gone = new Set(keys.map(key => key.toLowerCase()));
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key.toLowerCase())));
}
