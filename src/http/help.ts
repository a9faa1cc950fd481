/** The operator's help, for what a page is about. */
import { type HelpValues, helpAddress } from '../core/help-address.ts';
import type { HelpModel } from './page-frame.ts';

/** As a model, it is the help about nothing in particular. */
export interface Help extends HelpModel {
  about(values: HelpValues): HelpModel;
}

export function createHelp(configured: HelpModel): Help {
  const about = (values: HelpValues): HelpModel => ({
    text: configured.text,
    url: configured.url === undefined ? undefined : helpAddress(configured.url, values),
  });
  return { ...about({}), about };
}
