/** The library has no types. */
declare module 'xml-encryption' {
  import type { KeyObject } from 'node:crypto';

  /** The content key in the EncryptedKey of the document. Throws if it cannot be decrypted. */
  export function decryptKeyInfo(
    document: string,
    options: { readonly key: KeyObject | string | Buffer },
  ): Buffer;
}
