/** One mail address without a name, as the HTML Standard accepts it: it cannot name two. */
const MAIL_ADDRESS =
  /^(?=.{3,254}$)[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

export function isMailAddress(text: string): boolean {
  return MAIL_ADDRESS.test(text);
}
