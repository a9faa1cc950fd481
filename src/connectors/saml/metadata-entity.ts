/**
 * One entity of a metadata document (saml-metadata 2.3): the document is read in pieces, and only
 * the EntityDescriptor that is wanted is kept, as a document of its own.
 *
 * A federation publishes tens of megabytes. Between pieces, other work of the process goes on.
 */
import { setImmediate } from 'node:timers/promises';
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { listed } from '../../core/listed.ts';
import { nearest } from '../../core/nearest.ts';
import { printableExcerpt } from '../../core/printable.ts';
import { metadataFault, readingXml } from './metadata-fault.ts';
import { earliestEnd } from './metadata-times.ts';
import { SAML_PROTOCOL } from './response.ts';
import { forbid, type XmlParser, XmlRefusal, xmlRefusal } from './strict-xml.ts';

export const SAML_METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';
/** AD FS describes every claim it knows: some hundred kilobytes. */
const MAX_CHARACTERS = 2_000_000;
const MAX_DEPTH = 40;
const MAX_SHOWN = 200;
const XMLNS = 'http://www.w3.org/2000/xmlns/';
export const NO_SINGLE = 'describes no single SAML 2.0 identity provider';
const KEY = 'saml.metadata.entityId';

/**
 * The entity with this entityID, or the only identity provider, as XML text whose root is its
 * EntityDescriptor. Its validUntil is the earliest of its own and the enclosing ones. Throws
 * `connector_unavailable`.
 */
export async function chosenEntity(
  pieces: Iterable<string>,
  entityId: string | undefined,
): Promise<string> {
  const scan = new EntityScan(entityId);
  let isFirst = true;
  for (const piece of pieces) {
    if (!isFirst) await setImmediate();
    isFirst = false;
    scan.write(piece);
  }
  return scan.end();
}

/**
 * The only identity provider of a document; the same text if that is the root. Throws
 * `connector_unavailable`.
 */
export function onlyEntity(text: string): string {
  const scan = new EntityScan(undefined);
  scan.write(text);
  return scan.end();
}

/** Throws `connector_unavailable` for a document that is too large without a choice. */
export function requireSize(characters: number): void {
  if (characters > MAX_CHARACTERS)
    throw metadataFault(
      `is larger than ${MAX_CHARACTERS} characters; if it describes several entities, choose one with ${KEY}`,
    );
}

export function isSamlIdp({ attributes }: { attributes: ReadonlyMap<string, string> }): boolean {
  return supportsSaml(attributes.get('protocolSupportEnumeration'));
}

function supportsSaml(protocols = ''): boolean {
  return protocols.split(/\s+/).includes(SAML_PROTOCOL);
}

/** What encloses entities. */
interface Enclosing {
  /** Declarations of namespaces, as attributes. */
  readonly namespaces: ReadonlyMap<string, string>;
  readonly ends: readonly string[];
}

/** The entity that is being read. */
interface OpenEntity {
  readonly entityId: string;
  /** Stands before the text that is kept. */
  readonly start: string;
  isIdp: boolean;
}

interface Found {
  readonly entityId: string;
  readonly isIdp: boolean;
  /** Only of an identity provider that is wanted. */
  readonly xml: () => string;
}

class EntityScan {
  readonly #wanted: string | undefined;
  readonly #parser: XmlParser = new SaxesParser({ xmlns: true });
  readonly #enclosing: Enclosing[] = [];
  readonly #found: Found[] = [];
  #depth = 0;
  #entity: OpenEntity | undefined;
  /** Characters before the current piece. */
  #before = 0;
  #piece = '';
  /** The text that is kept, and where it begins. Until the root is known, it may be that one. */
  #kept: { text: string; readonly from: number } | undefined = { text: '', from: 0 };

  constructor(wanted: string | undefined) {
    this.#wanted = wanted;
    forbid(this.#parser, 'any');
    this.#parser.on('opentag', tag => this.#open(tag));
    this.#parser.on('closetag', () => this.#close());
  }

  write(piece: string): void {
    if (this.#wanted === undefined) requireSize(this.#before + piece.length);
    this.#piece = piece;
    if (this.#kept !== undefined) {
      this.#kept.text += piece;
      if (this.#kept.text.length > MAX_CHARACTERS + piece.length)
        throw metadataFault(`describes an entity in more than ${MAX_CHARACTERS} characters`);
    }
    readingXml(() => this.#parse(() => this.#parser.write(piece)));
    this.#before += piece.length;
  }

  end(): string {
    readingXml(() => this.#parse(() => this.#parser.close()));
    return this.#wanted === undefined ? this.#only() : this.#chosen(this.#wanted);
  }

  #parse(step: () => unknown): void {
    try {
      step();
    } catch (cause) {
      throw xmlRefusal(this.#parser, cause);
    }
  }

  #open(tag: SaxesTagNS): void {
    const isDirect = this.#depth === this.#enclosing.length;
    if (++this.#depth > MAX_DEPTH)
      throw new XmlRefusal(`is nested deeper than ${MAX_DEPTH} elements`);
    if (tag.uri === SAML_METADATA) {
      if (isDirect && tag.local === 'EntitiesDescriptor') this.#enclosing.push(enclosingOf(tag));
      else if (isDirect && tag.local === 'EntityDescriptor') this.#openEntity(tag);
      else if (this.#depth === this.#enclosing.length + 2 && tag.local === 'IDPSSODescriptor')
        this.#openRole(tag);
    }
    if (this.#entity === undefined) this.#kept = undefined;
  }

  #openEntity(tag: SaxesTagNS): void {
    const entityId = copied(tag.attributes.entityID?.value.trim() ?? '');
    const isWanted = this.#wanted === undefined || this.#wanted === entityId;
    const isRoot = this.#enclosing.length === 0;
    const start = isRoot ? '' : this.#startOf(tag);
    this.#entity = { entityId, start, isIdp: false };
    if (!isWanted) this.#kept = undefined;
    else if (!isRoot) {
      const from = this.#parser.position;
      this.#kept = { text: this.#piece.slice(from - this.#before), from };
    }
  }

  #openRole(tag: SaxesTagNS): void {
    if (
      this.#entity !== undefined &&
      supportsSaml(tag.attributes.protocolSupportEnumeration?.value)
    )
      this.#entity.isIdp = true;
  }

  #close(): void {
    this.#depth -= 1;
    if (this.#depth === this.#enclosing.length && this.#entity !== undefined) this.#closeEntity();
    else if (this.#depth < this.#enclosing.length) this.#enclosing.pop();
  }

  #closeEntity(): void {
    const { entityId, isIdp, start } = this.#entity!;
    const kept = this.#kept;
    const end = this.#parser.position;
    this.#entity = undefined;
    // A root is kept with all that surrounds it.
    if (this.#enclosing.length === 0) {
      this.#found.push({ entityId, isIdp, xml: () => kept!.text });
      return;
    }
    const xml = isIdp && kept !== undefined ? start + kept.text.slice(0, end - kept.from) : '';
    this.#found.push({ entityId, isIdp, xml: () => xml });
    this.#kept = undefined;
  }

  /** The start tag, with what the enclosing elements say of the entity. */
  #startOf(tag: SaxesTagNS): string {
    const attributes = new Map(this.#enclosing.flatMap(({ namespaces }) => [...namespaces]));
    for (const { name, value } of Object.values(tag.attributes)) attributes.set(name, value);
    const own = attributes.get('validUntil');
    const ends = this.#enclosing.flatMap(enclosing => enclosing.ends);
    const end = earliestEnd(own === undefined ? ends : [...ends, own]);
    if (end !== undefined) attributes.set('validUntil', end);
    const version = this.#parser.xmlDecl.version === '1.1' ? '<?xml version="1.1"?>' : '';
    const written = [...attributes].map(([name, value]) => ` ${name}="${escaped(value)}"`);
    return `${version}<${tag.name}${written.join('')}${tag.isSelfClosing ? '/' : ''}>`;
  }

  #only(): string {
    const idps = this.#found.filter(({ isIdp }) => isIdp);
    const [idp, ...more] = idps;
    if (idp === undefined) throw metadataFault(NO_SINGLE, { detail: this.#namesOf(this.#found) });
    if (this.#found.filter(({ entityId }) => entityId === idp.entityId).length > 1)
      throw metadataFault(`${NO_SINGLE}, but one entityID twice`, { detail: this.#namesOf([idp]) });
    if (more.length > 0)
      throw metadataFault(`${NO_SINGLE}; choose one with ${KEY}`, { detail: this.#namesOf(idps) });
    return idp.xml();
  }

  #chosen(wanted: string): string {
    const [entity, ...more] = this.#found.filter(({ entityId }) => entityId === wanted);
    const idps = this.#found.filter(({ isIdp }) => isIdp);
    if (entity === undefined) {
      const near = nearest(
        wanted,
        idps.map(({ entityId }) => entityId),
      );
      throw metadataFault(`does not describe the entity of ${KEY}`, {
        detail: near === undefined ? this.#namesOf(idps) : `did you mean ${excerpt(near)}`,
      });
    }
    if (more.length > 0) throw metadataFault(`describes the entity of ${KEY} twice`);
    if (!entity.isIdp)
      throw metadataFault(
        `describes the entity of ${KEY}, which is not a SAML 2.0 identity provider`,
      );
    return entity.xml();
  }

  #namesOf(found: readonly Found[]): string | undefined {
    if (found.length === 0) return undefined;
    return `it describes ${listed(found.map(({ entityId }) => excerpt(entityId)))}`;
  }
}

function enclosingOf(tag: SaxesTagNS): Enclosing {
  const attributes = Object.values(tag.attributes);
  const isEnd = ({ name }: { readonly name: string }): boolean => name === 'validUntil';
  return {
    namespaces: new Map(
      attributes.filter(({ uri }) => uri === XMLNS).map(({ name, value }) => [name, value]),
    ),
    ends: attributes.filter(isEnd).map(({ value }) => value),
  };
}

function escaped(value: string): string {
  return value.replaceAll(/[&<"\p{Cc}]/gu, character => `&#${character.codePointAt(0)};`);
}

/** A copy that does not keep the whole document in memory, as a slice of it would. */
function copied(text: string): string {
  return Buffer.from(text).toString();
}

function excerpt(entityId: string): string {
  return `"${printableExcerpt(entityId, MAX_SHOWN)}"`;
}
