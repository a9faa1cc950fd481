/** What `check` says of a file of SAML metadata: the judgement of the connector itself. */
import type { JudgeMetadata } from '../config/metadata-files.ts';
import type { Problem } from '../config/problems.ts';
import { type IdpMetadata, parseIdpMetadata } from '../connectors/saml/idp-metadata.ts';
import { explained } from '../connectors/saml/metadata-fault.ts';
import { entityIn } from '../connectors/saml/metadata-loading.ts';
import { BridgeError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { daysUntil, formatDay, type Instant } from '../core/time.ts';

const ENDS_SOON_DAYS = 14;
const FIX = 'Replace it with the current metadata of the identity provider.';

export function metadataJudge({ now }: Clock): JudgeMetadata {
  return async (bytes, entityId) => {
    try {
      const metadata = parseIdpMetadata(await entityIn({ bytes }, entityId));
      return [...endOf(metadata, now()), ...skippedKeysOf(metadata)];
    } catch (thrown) {
      if (!(thrown instanceof BridgeError)) throw thrown;
      const message = `cannot be used: ${explained(thrown)}`;
      return [{ message, fix: 'Correct it, or get the metadata of the identity provider again.' }];
    }
  };
}

function endOf({ validUntil }: IdpMetadata, now: Instant): readonly Problem[] {
  if (validUntil === undefined) return [];
  const day = formatDay(validUntil);
  if (validUntil <= now) return [{ message: `has expired (validUntil ${day})`, fix: FIX }];
  if (daysUntil(validUntil, now) >= ENDS_SOON_DAYS) return [];
  return [
    { message: `ends soon (validUntil ${day}); sign-ins fail afterwards`, fix: FIX, warning: true },
  ];
}

function skippedKeysOf({ skippedKeys }: IdpMetadata): readonly Problem[] {
  return skippedKeys.map(key => ({
    message: `has a signing key that is not used: ${key}`,
    fix: 'Responses signed with it are rejected; the others can be used.',
    warning: true,
  }));
}
