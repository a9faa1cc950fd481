/**
 * What is asked before a console opens: a link from elsewhere can lead into production, or to a
 * page that creates something, and a form can be from an earlier sign-in.
 */
import { isProduction } from '../core/account-details.ts';
import { consolePage } from '../core/console-address.ts';
import type { Account } from '../core/role.ts';
import { accountMark } from './account-mark.ts';
import { type Answer, view } from './answer.ts';
import type { AddressModel } from './go-views.ts';

/** As it was asked for. */
export interface AskedConsole {
  readonly account: string;
  readonly role: string;
  readonly destination?: string | undefined;
  readonly duration?: string | undefined;
}

/** Why the user is asked; undefined if no question is required. */
export function reasonToAsk(account: Account, destination: string | undefined): string | undefined {
  const isCreating = destination !== undefined && consolePage(destination)?.creates === true;
  const what = destination === undefined ? 'the account and the role' : 'the address';
  const check = `Check ${what} before you continue.`;
  if (isCreating)
    return `A link from another site led here, and its page can create or change something in ${account.name}. ${check}`;
  if (isProduction(account))
    return `A link from another site led here, and ${account.name} is production. ${check}`;
  return undefined;
}

/** The question. `account` is undefined where it was not looked up. */
export function consoleQuestion(
  asked: AskedConsole,
  { notice, account }: { readonly notice: string; readonly account?: Account },
): Answer {
  return view('console-request', {
    ...asked,
    accountId: account?.id,
    accountName: account?.name ?? asked.account,
    mark: account && accountMark(account),
    address: asked.destination === undefined ? undefined : addressModel(asked.destination),
    notice,
  });
}

/** An address in words. It is shown as text: it can be any text. */
export function addressModel(address: string): AddressModel {
  const page = consolePage(address);
  return {
    whole: address,
    host: URL.parse(address)?.host,
    service: page?.service?.name,
    region: page?.region,
  };
}
