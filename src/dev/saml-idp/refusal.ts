/**
 * A request that is not answered with a SAML response: the person sees a page, the service provider
 * hears nothing.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}
