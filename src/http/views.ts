/**
 * One typed model for each view in `views/`. A view decides nothing: whatever it shows is in its
 * model, ready to print.
 */
import type { CredentialFormat } from '../core/credentials.ts';
import type { Fact } from '../core/provider-answer.ts';
import type { AccountMark } from './account-mark.ts';
import type { ApplicationConsentModel } from './application-views.ts';
import type {
  ElevationChoiceModel,
  ElevationModel,
  ElevationRequestModel,
  ElevationsModel,
  LengthChoice,
} from './elevation-views.ts';
import type { AddressModel, GoChoiceModel, GoModel, GoNoneModel } from './go-views.ts';
import type { HelpModel, NamedText, PageFrame, ViewerModel } from './page-frame.ts';
import type { RolesModel } from './role-views.ts';
import type { SessionsModel } from './session-views.ts';
import type { ShownTrace } from './shown-trace.ts';
import type {
  CliConfirmModel,
  CliDecidedModel,
  DeviceCodeModel,
  TerminalModel,
} from './terminal-views.ts';

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
  /** Where the user was going, in words: `the console of prod as Admin`. */
  readonly purpose?: string | undefined;
  /** The user who is signed in already. The connectors then sign in someone else. */
  readonly signedIn?:
    | {
        readonly name: string;
        readonly username: string;
        readonly connectorLabel: string;
        /** ISO 8601; when the session ends at the latest. */
        readonly until: string;
        readonly onward: LinkModel;
      }
    | undefined;
}

/** `GET /` with a session that has no role: how to ask. */
export interface NoRolesModel extends PageFrame {
  /** The user's own groups. */
  readonly groups: readonly string[];
  readonly help?: HelpModel | undefined;
  /** A message that the user can copy and send. */
  readonly request: string;
}

/**
 * Asks before the console is opened: a link from elsewhere, or `POST /console` from a page of an
 * earlier sign-in. Account, role, destination and length as they were asked for.
 */
export interface ConsoleRequestModel extends PageFrame {
  readonly account: string;
  /** Undefined where the account was not looked up. */
  readonly accountId?: string | undefined;
  readonly accountName: string;
  readonly mark?: AccountMark | undefined;
  readonly role: string;
  readonly destination?: string | undefined;
  /** The destination in words. */
  readonly address?: AddressModel | undefined;
  /** As it was asked for, such as `45m`. */
  readonly duration?: string | undefined;
  readonly notice: string;
}

/** `GET /credentials`: asks before credentials are fetched, because a GET changes nothing. */
export interface CredentialsRequestModel extends PageFrame {
  readonly account: string;
  readonly accountId: string;
  readonly mark?: AccountMark | undefined;
  readonly role: string;
  /** `up to 4 h` */
  readonly duration: string;
  /** Empty where there is no choice. */
  readonly lengths: readonly LengthChoice[];
  /** Why the user is asked again. */
  readonly notice?: string | undefined;
}

export interface CredentialsModel extends PageFrame {
  readonly account: string;
  readonly accountId: string;
  readonly mark?: AccountMark | undefined;
  readonly role: string;
  readonly assumedRoleArn: string;
  /** Of an account outside AWS. */
  readonly stsEndpoint?: string | undefined;
  readonly formats: readonly {
    readonly id: CredentialFormat;
    readonly label: string;
    readonly how: string;
    readonly text: string;
  }[];
  /** ISO 8601. */
  readonly expiresAt: string;
  /** `3 h 59 min` */
  readonly timeLeft: string;
  /** Lets the page count down by the server's clock, whatever the reader's clock says. */
  readonly secondsLeft: number;
  /** Set when AWS allowed less than the rule gives. */
  readonly reduced?: string | undefined;
  /** Set when session policies and tags use most of the space that AWS allows. */
  readonly nearlyFull?: string | undefined;
  /** Set when the session lacks optional tags. */
  readonly lacking?: string | undefined;
}

export interface LinkModel {
  readonly label: string;
  readonly href: string;
  /** Seconds before which the link cannot help. */
  readonly afterSeconds?: number | undefined;
}

/** Every refusal and every error. */
export interface RefusalModel extends PageFrame {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly hint: string;
  readonly trace?: ShownTrace | undefined;
  /** What the identity provider answered. */
  readonly facts?: readonly Fact[] | undefined;
  readonly correlationId: string;
  readonly action?: LinkModel | undefined;
  /** A message that the user can copy and send to ask for access. */
  readonly request?: string | undefined;
  /** What the user can do instead of `action`. */
  readonly alternative?: Pick<LinkModel, 'label' | 'href'> | undefined;
  readonly help?: HelpModel | undefined;
}

/** On the way from a form to the identity provider. */
export interface LeavingModel extends PageFrame {
  readonly href: string;
}

/** Brings the request for a sign-in to an identity provider that takes it by POST. */
export interface ProviderFormModel extends PageFrame {
  /** At the identity provider. */
  readonly action: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
}

/** `GET /step-up` for a terminal: asks before the user is sent to their identity provider. */
export interface StepUpModel extends PageFrame {
  readonly viewer: ViewerModel;
  readonly terminal: TerminalModel;
  readonly session: string;
  readonly account?: string | undefined;
  readonly role?: string | undefined;
  /** The longest time since the sign-in, in seconds, where no role is named. */
  readonly within?: number | undefined;
  /** What the identity provider is asked for; undefined if nothing must be proved. */
  readonly asks?: string | undefined;
  /** Why the user is asked again. */
  readonly notice?: string | undefined;
}

/** `GET /step-up/done` */
export interface SteppedUpModel extends PageFrame {
  readonly viewer: ViewerModel;
  readonly terminal: Pick<TerminalModel, 'device' | 'isApplication' | 'client' | 'how'>;
}

/**
 * Posts an IdP's answer once more from our own site, so that the browser sends the attempt cookie
 * along.
 */
export interface RepostModel extends PageFrame {
  readonly action: string;
  readonly samlResponse: string;
  readonly relayState: string;
}

/** A piece of a sentence. */
export interface Phrase {
  readonly words: string;
  readonly isTyped: boolean;
}

/** `GET /aws-config` */
export interface AwsConfigModel extends PageFrame {
  readonly viewer: ViewerModel;
  /** Without any, there is nothing to show. */
  readonly roleCount: number;
  readonly help?: HelpModel | undefined;
  /** How to get and use the client, step by step. */
  readonly client: readonly (readonly Phrase[])[];
  /** The dialects; one of them is shown. */
  readonly choices: readonly {
    readonly label: string;
    readonly href: string;
    readonly isShown: boolean;
  }[];
  readonly dialect: {
    readonly how: readonly Phrase[];
    /** What goes wrong. */
    readonly traps: readonly (readonly Phrase[])[];
    readonly text: string;
    readonly downloadHref: string;
  };
}

export interface SignedOutModel extends PageFrame {
  readonly ended: 'nothing' | 'this browser' | 'everywhere';
  /** The identity provider of the session that has ended; undefined when there was none. */
  readonly connectorLabel?: string | undefined;
  /**
   * The session there: it can be ended by the link, the browser goes there by itself, it was there,
   * or the bridge knows no way. Undefined when no session has ended.
   */
  readonly atProvider?: 'offered' | 'led' | 'left' | 'not offered' | undefined;
  readonly providerHref: string;
  /** Which terminals stay signed in, in a sentence; undefined for none. */
  readonly terminals?: string | undefined;
  /** Where they can be ended. */
  readonly sessionsHref: string;
}

/** `GET /sign-in/test/{connector}`: an administrator begins to try a sign-in. */
export interface SignInTestModel extends PageFrame {
  readonly label: string;
  /** The page itself. */
  readonly action: string;
  readonly notice?: string | undefined;
}

/** What the test has shown; the values stay closed until the administrator opens them. */
export interface SignInTestedModel extends PageFrame {
  readonly label: string;
  readonly action: string;
  readonly claims: readonly { readonly name: string; readonly values: readonly string[] }[];
  /** Why no identity could be made. */
  readonly fault?: string | undefined;
  readonly tested?:
    | {
        readonly facts: readonly NamedText[];
        readonly attributes: readonly NamedText[];
        readonly groupCount: number;
        readonly leftOut: readonly string[];
        readonly suggestion?: string | undefined;
        readonly isBlocked: boolean;
        readonly rules: readonly {
          readonly rule: string;
          readonly outcome: string;
          readonly sentence: string;
        }[];
        readonly unnamedCount: number;
        readonly unnamed: readonly string[];
      }
    | undefined;
}

/** The file name in `views/` of each model. */
export interface Views {
  readonly 'sign-in-test': SignInTestModel;
  readonly 'sign-in-tested': SignInTestedModel;
  readonly 'sign-in': SignInModel;
  readonly roles: RolesModel;
  readonly 'no-roles': NoRolesModel;
  readonly 'console-request': ConsoleRequestModel;
  readonly go: GoModel;
  readonly 'go-choice': GoChoiceModel;
  readonly 'go-none': GoNoneModel;
  readonly 'credentials-request': CredentialsRequestModel;
  readonly credentials: CredentialsModel;
  readonly refusal: RefusalModel;
  readonly leaving: LeavingModel;
  readonly 'provider-form': ProviderFormModel;
  readonly 'step-up': StepUpModel;
  readonly 'stepped-up': SteppedUpModel;
  readonly repost: RepostModel;
  readonly 'signed-out': SignedOutModel;
  readonly 'device-code': DeviceCodeModel;
  readonly 'cli-confirm': CliConfirmModel;
  readonly 'cli-decided': CliDecidedModel;
  readonly 'application-consent': ApplicationConsentModel;
  readonly sessions: SessionsModel;
  readonly 'aws-config': AwsConfigModel;
  readonly elevations: ElevationsModel;
  readonly 'elevation-choice': ElevationChoiceModel;
  readonly 'elevation-request': ElevationRequestModel;
  readonly elevation: ElevationModel;
}
