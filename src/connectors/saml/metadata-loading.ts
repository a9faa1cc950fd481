/**
 * Where the metadata of an IdP comes from: a file of the operator or an address, as bytes, and the
 * text of the one entity that is wanted.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MIMEType } from 'node:util';
import { BridgeError } from '../../core/errors.ts';
import { type MetadataLocation, MOST_AGGREGATE_BYTES } from '../../core/provider-facts.ts';
import type { Outbound } from '../../outbound.ts';
import { chosenEntity } from './metadata-entity.ts';
import { type MetadataBytes, metadataPieces } from './metadata-text.ts';

interface Loading {
  readonly location: MetadataLocation;
  readonly outbound: Outbound;
}

export const UNREADABLE = 'the metadata of the identity provider cannot be read';
const ACCEPT = 'application/samlmetadata+xml, application/xml;q=0.9, */*;q=0.1';

/**
 * The metadata of one entity as XML text: without an encoding in its declaration, and with an
 * EntityDescriptor as its root. Throws `connector_unavailable`; its cause names the address or the
 * file.
 */
export async function loadMetadata({ location, outbound }: Loading): Promise<string> {
  return entityIn(await bytesAt({ location, outbound }), location.entityId);
}

/** The same of a document that was read. Throws `connector_unavailable`. */
export function entityIn(document: MetadataBytes, entityId: string | undefined): Promise<string> {
  return chosenEntity(metadataPieces(document), entityId);
}

async function bytesAt({ location, outbound }: Loading): Promise<MetadataBytes> {
  try {
    if ('file' in location) return { bytes: await bytesOfFile(location.file) };
    const response = await outbound.fetch(location.url, { headers: { accept: ACCEPT } });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    const charset = charsetOf(response.headers.get('content-type'));
    return { bytes: new Uint8Array(await response.arrayBuffer()), charset };
  } catch (cause) {
    // Address and path stay in the log: the sign-in page shows the reason to anyone.
    throw new BridgeError('connector_unavailable', UNREADABLE, { cause });
  }
}

/** A file that became a pipe or a device would keep the bridge waiting. */
async function bytesOfFile(file: string): Promise<Uint8Array> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new Error(`${file} is not a regular file`);
    if (status.size > MOST_AGGREGATE_BYTES)
      throw new Error(`${file} is larger than ${MOST_AGGREGATE_BYTES} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function charsetOf(contentType: string | null): string | undefined {
  try {
    return new MIMEType(contentType ?? '').params.get('charset') ?? undefined;
  } catch {
    return undefined;
  }
}
