/** What users of AWS tools do to log in again, as commands of the AWS CLI. */

export const LOG_IN_AGAIN = 'Log in again: aws sso login --profile PROFILE.';
export const LOG_IN_HERE =
  'Log in with the browser of this machine: aws sso login, without --use-device-code.';
