/** What users of AWS tools do about a login, in the words of the AWS CLI. */

export const LOG_IN_AGAIN = 'Log in again: aws sso login --profile, with the profile that you use.';
export const LOG_IN_HERE =
  'Log in in the browser of the machine that you work on: aws sso login, without --use-device-code.';
