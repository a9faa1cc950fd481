/**
 * One typed model for each view in `views/`. A view decides nothing: whatever it shows is in its model, ready to print.
 */
import type { CredentialFormat } from '../core/credentials.ts';

/** On every page. `viewer` is the signed-in person. */
export interface PageFrame {
  readonly viewer?: ViewerModel | undefined;
}

export interface ViewerModel {
  readonly name: string;
  readonly username: string;
  readonly connectorLabel: string;
  readonly csrfToken: string;
  /** ISO 8601; when the session ends at the latest. */
  readonly sessionEndsAt: string;
}

export interface ConnectorChoice {
  readonly label: string;
  readonly protocol: 'SAML' | 'OpenID Connect';
  /** Where to begin. */
  readonly href: string;
  readonly unavailable?: { readonly reason: string; readonly since: string } | undefined;
}

/** `GET /sign-in`, and `GET /` without a session. */
export interface SignInModel extends PageFrame {
  readonly connectors: readonly ConnectorChoice[];
  /** What the person was on the way to, in words: `the console of prod as Admin`. */
  readonly purpose?: string | undefined;
}

export interface RoleRow {
  readonly role: string;
  /** The account as forms and links name it. */
  readonly account: string;
  /** `4 h` */
  readonly credentialsDuration: string;
  /** `8 h`; undefined when the console follows the credentials. */
  readonly consoleDuration?: string | undefined;
  readonly rule: string;
  readonly group: string;
  /** What the person must still prove, one sentence each; empty when the role can be used now. */
  readonly missing: readonly string[];
}

export interface AccountRows {
  readonly id: string;
  readonly name: string;
  readonly partition: string;
  readonly region: string;
  /** `through prod/BridgeHub` for accounts behind a hub. */
  readonly via?: string | undefined;
  readonly roles: readonly RoleRow[];
}

/** `GET /` with a session that has roles. */
export interface RolesModel extends PageFrame {
  readonly accounts: readonly AccountRows[];
  readonly roleCount: number;
  readonly accountCount: number;
  /** The search text, as typed; the rows are filtered already. */
  readonly query: string;
  readonly totalRoleCount: number;
  readonly reauthenticateHref: string;
}

/** `GET /` with a session that has no role: how to ask. */
export interface NoRolesModel extends PageFrame {
  /** The person's own groups. */
  readonly groups: readonly string[];
  readonly help?: HelpModel | undefined;
  /** A message that the person can copy and send. */
  readonly request: string;
}

export interface HelpModel {
  readonly text: string;
  readonly url?: string | undefined;
}

/** `GET /credentials`: asks before credentials are fetched, because a GET changes nothing. */
export interface CredentialsRequestModel extends PageFrame {
  readonly account: string;
  readonly accountId: string;
  readonly role: string;
  readonly duration: string;
}

export interface CredentialsModel extends PageFrame {
  readonly account: string;
  readonly accountId: string;
  readonly role: string;
  readonly assumedRoleArn: string;
  readonly formats: readonly { readonly id: CredentialFormat; readonly label: string; readonly how: string; readonly text: string }[];
  /** ISO 8601. */
  readonly expiresAt: string;
  /** `3 h 59 min` */
  readonly timeLeft: string;
  /** Lets the page count down by the server's clock, whatever the reader's clock says. */
  readonly secondsLeft: number;
  /** Set when AWS allowed less than the rule gives. */
  readonly reduced?: string | undefined;
}

/** One rule's answer, in words. */
export interface TraceLine {
  readonly rule: string;
  readonly outcome: 'grants' | 'proof-missing' | 'group-missing';
  readonly sentence: string;
}

/** Every refusal and every error. */
export interface RefusalModel extends PageFrame {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly hint: string;
  readonly trace?: { readonly account: string; readonly role: string; readonly lines: readonly TraceLine[] } | undefined;
  readonly correlationId: string;
  readonly action?: { readonly label: string; readonly href: string } | undefined;
  readonly help?: HelpModel | undefined;
}

/** Posts an IdP's answer once more from our own site, so that the browser sends the attempt cookie along. */
export interface RepostModel extends PageFrame {
  readonly action: string;
  readonly samlResponse: string;
  readonly relayState: string;
}

export interface SignedOutModel extends PageFrame {
  readonly connectorLabel?: string | undefined;
  /** Ends the session at the identity provider too. */
  readonly idpSignOutHref?: string | undefined;
}

/** The file name in `views/` of each model. */
export interface Views {
  readonly 'sign-in': SignInModel;
  readonly roles: RolesModel;
  readonly 'no-roles': NoRolesModel;
  readonly 'credentials-request': CredentialsRequestModel;
  readonly credentials: CredentialsModel;
  readonly refusal: RefusalModel;
  readonly repost: RepostModel;
  readonly 'signed-out': SignedOutModel;
}
