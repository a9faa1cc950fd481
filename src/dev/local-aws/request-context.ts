/** The condition keys of one request. Names are compared without regard to case. */
export class RequestContext {
  readonly #values = new Map<string, readonly string[]>();

  /** An undefined value leaves the key absent. */
  set(key: string, value: string | readonly string[] | undefined): this {
    if (value !== undefined)
      this.#values.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
    return this;
  }

  get(key: string): readonly string[] | undefined {
    return this.#values.get(key.toLowerCase());
  }
}

/** The keys that every request has. */
export function requestContext({
  now,
  sourceIp,
}: {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly sourceIp: string;
}): RequestContext {
  return new RequestContext()
    .set('aws:CurrentTime', new Date(now).toISOString())
    .set('aws:EpochTime', String(Math.floor(now / 1000)))
    .set('aws:SecureTransport', 'false')
    .set('aws:SourceIp', sourceIp);
}
