/**
 * Every URL of the product: a list of rows. `npm run routes` prints it, and docs/routes.md is made
 * of it.
 */
import { backChannelLogout } from './apis/back-channel-logout.ts';
import { CREDENTIALS_API } from './apis/credentials-api.ts';
import { doctorArrival } from './apis/doctor.ts';
import { ELEVATIONS_API } from './apis/elevations-api.ts';
import {
  jwks,
  openIdConfiguration,
  samlIdpMetadata,
  samlServiceProviderMetadata,
} from './apis/federation-metadata.ts';
import { liveness, readiness } from './apis/health.ts';
import {
  awsAccounts,
  awsCredentials,
  awsDeviceAuthorization,
  awsLogout,
  awsRoles,
  awsToken,
  clientRegistration,
} from './apis/identity-center.ts';
import {
  deviceAuthorization,
  oauthMetadata,
  oauthMetadataOf,
  revocation,
  token,
} from './apis/oauth.ts';
import { openApi, openApiDocument, unknownOperation } from './apis/openapi.ts';
import { createPollQueue, type PollQueue } from './apis/poll-queue.ts';
import { WORKLOADS_API } from './apis/workloads-api.ts';
import type { Bridge } from './compose/compose.ts';
import { awsConfigPage, startUrl, startUrlHead } from './flows/aws-config.ts';
import {
  arrivalPage,
  oidcCallback,
  samlAssertionConsumer,
  signInInitiation,
  signInPage,
  signInStart,
} from './flows/browser-sso.ts';
import {
  authorizationForm,
  authorizationPage,
  awsAuthorizationPage,
} from './flows/cli-browser-login.ts';
import { deviceForm, devicePage, terminalSignedInPage } from './flows/cli-device-login.ts';
import { consoleDeepLink, consoleForm } from './flows/console-link.ts';
import { credentialsForm, credentialsPage } from './flows/credentials-page.ts';
import { elevationForm, elevationPage } from './flows/elevation.ts';
import { newElevationForm, newElevationPage } from './flows/elevation-request.ts';
import { elevationsPage } from './flows/elevations.ts';
import { favourites } from './flows/favourites.ts';
import { goPage } from './flows/go.ts';
import { mySessionsForm, mySessionsPage } from './flows/my-sessions.ts';
import { portal } from './flows/portal.ts';
import { signInTestForm, signInTestPage } from './flows/sign-in-test.ts';
import { providerSignOut, signedOutPage, signOut } from './flows/sign-out.ts';
import { steppedUpPage, stepUpForm, stepUpPage } from './flows/step-up.ts';
import { assets } from './http/assets.ts';
import { type Compress, onceEach } from './http/compression.ts';
import { type ForwardedWatch, watchForwarded } from './http/forwarded-watch.ts';
import { mount } from './http/mount.ts';
import type { Route } from './http/route.ts';

/** What handlers need: the bridge, and what is made once for each snapshot of it. */
interface AppParts extends Bridge {
  readonly forwarded: ForwardedWatch;
  readonly pollQueue: PollQueue;
  readonly oauthMetadata: string;
  readonly openApi: { readonly json: string; readonly compress: Compress };
}

/** Those that are asked most come first. */
export const ROUTES: readonly Route<AppParts>[] = [
  // AWS tools, which are answered as IAM Identity Center would.
  ...[clientRegistration, awsDeviceAuthorization, awsToken],
  ...[awsAccounts, awsRoles, awsCredentials, awsLogout],

  // What anyone may read.
  ...[liveness, readiness],
  ...[samlIdpMetadata, openIdConfiguration, jwks, samlServiceProviderMetadata],
  ...[oauthMetadata, openApi, assets],

  // Programs that log in, and programs with a login.
  ...[deviceAuthorization, token, revocation],
  ...CREDENTIALS_API,
  ...ELEVATIONS_API,
  ...WORKLOADS_API,
  unknownOperation,

  // Identity providers that end sessions.
  backChannelLogout,

  // The operator's command `doctor`.
  doctorArrival,

  // Users in a browser.
  ...[signInTestPage, signInTestForm],
  ...[signInPage, signInStart, signInInitiation, samlAssertionConsumer, oidcCallback, arrivalPage],
  ...[signOut, providerSignOut, signedOutPage],
  ...[portal, favourites],
  ...[consoleDeepLink, consoleForm, goPage],
  ...[credentialsPage, credentialsForm],
  ...[stepUpPage, stepUpForm, steppedUpPage],
  ...[devicePage, deviceForm, terminalSignedInPage],
  ...[authorizationPage, authorizationForm, awsAuthorizationPage],
  ...[startUrl, startUrlHead, awsConfigPage],
  ...[mySessionsPage, mySessionsForm],
  ...[elevationsPage, newElevationPage, newElevationForm, elevationPage, elevationForm],
];

const POLLS = { atOnce: 1, mostWaiting: 10_000 };

export function createApp(bridge: Bridge): ReturnType<typeof mount> {
  return mount(ROUTES, {
    ...bridge,
    forwarded: watchForwarded(bridge),
    pollQueue: createPollQueue(POLLS),
    oauthMetadata: JSON.stringify(oauthMetadataOf(bridge)),
    openApi: {
      json: JSON.stringify(openApiDocument(ROUTES, bridge.baseUrl)),
      compress: onceEach(),
    },
  });
}
