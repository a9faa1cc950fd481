/** The model of the consent page of web and mobile applications. */
import type { PageFrame, ViewerModel } from './page-frame.ts';

/** A role that an application asks for. */
export interface ConsentedRole {
  readonly role: string;
  /** Why the application cannot use it now. */
  readonly lacks?: string | undefined;
}

/** `GET /oauth/authorize` for an application. */
export interface ApplicationConsentModel extends PageFrame {
  readonly viewer: ViewerModel;
  /** Where the decision is posted. */
  readonly action: string;
  readonly application: { readonly name: string };
  /** `Web application` */
  readonly kind: string;
  /** Every role that it asks for. */
  readonly accounts: readonly {
    readonly name: string;
    readonly roles: readonly ConsentedRole[];
  }[];
  /** Whether the user has one of the roles now, or after a proof. */
  readonly isUseful: boolean;
  /** ISO 8601; when the session would end. */
  readonly until: string;
  /** The origin to which the browser goes after the decision. */
  readonly returnsTo: string;
  /** What goes with the decision. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  /** Set if the user must sign in again before they can allow it. */
  readonly freshSignInHref?: string | undefined;
  /** Why the user is asked again. */
  readonly notice?: string | undefined;
}
