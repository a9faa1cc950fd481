/** Models of the pages of terminals: a login that is confirmed. */
import type { NamedClient } from '../core/oauth-client.ts';
import type { AccountMark } from './account-mark.ts';
import type { HelpModel, PageFrame, ViewerModel } from './page-frame.ts';

/** A terminal as it named itself, or an application. */
export interface TerminalModel {
  /** Of an application, its kind: `Web application`. */
  readonly device: string;
  readonly isApplication: boolean;
  readonly client: NamedClient;
  /** `confirmed by a code` */
  readonly how: string;
  readonly address: string;
  /** ISO 8601, as the other times. */
  readonly since: string;
  readonly lastUsedAt?: string | undefined;
  readonly lastUsedAddress: string;
}

/** `GET /device`, and again when a code was wrong. */
export interface DeviceCodeModel extends PageFrame {
  /** False where logins by a code are turned off. */
  readonly enabled: boolean;
  /**
   * The code of the link that the user opened; it goes with the form and is never filled in.
   */
  readonly linkCode?: string | undefined;
  readonly problem?: { readonly title: string; readonly hint: string } | undefined;
  /** Why the user is asked again. */
  readonly notice?: string | undefined;
}

/** The production accounts that a terminal would reach. */
export interface ProductionModel {
  readonly mark: AccountMark;
  /** Their names. */
  readonly accounts: string;
}

/**
 * A terminal asks: by a user code (`/device`), or from the machine of the browser
 * (`/oauth/authorize`).
 */
export interface CliConfirmModel extends PageFrame {
  readonly viewer: ViewerModel;
  /** Where the decision is posted. */
  readonly action: string;
  /** `WDJB-MJHT` */
  readonly code?: string | undefined;
  readonly client: NamedClient;
  /** As the terminal calls itself. */
  readonly deviceName?: string | undefined;
  readonly where: string;
  /** ISO 8601. */
  readonly askedAt?: string | undefined;
  /** What it would get, in words. */
  readonly gets: string;
  /** Set if production is among it. */
  readonly production?: ProductionModel | undefined;
  /** ISO 8601; when the session would end. */
  readonly until: string;
  readonly warning?: { readonly title: string; readonly text: string } | undefined;
  /** What goes with the decision. */
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  /** Set if the user must sign in again before they can approve. */
  readonly freshSignInHref?: string | undefined;
  /** Why the user is asked again. */
  readonly notice?: string | undefined;
}

/** After a decision about a login. */
export interface CliDecidedModel extends PageFrame {
  readonly viewer: ViewerModel;
  /**
   * Undefined when the user did not start the login. `session` is its public id, `until` ISO
   * 8601.
   */
  readonly approved?:
    | {
        readonly session: string;
        readonly until: string;
        /** The name of the application; undefined for a terminal. */
        readonly application?: string | undefined;
      }
    | undefined;
  readonly help?: HelpModel | undefined;
}
