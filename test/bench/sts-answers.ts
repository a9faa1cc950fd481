import type { RequestListener } from 'node:http';

/** STS without its checks: the cost of AWS is not that of the bridge. */
export function answeringAssumeRole(otherwise: RequestListener): RequestListener {
  return (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(parts).toString());
      const action = form.get('Action') ?? '';
      if (!action.startsWith('AssumeRoleWith')) return otherwise(request, response);
      const expires = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z/, 'Z');
      response.setHeader('content-type', 'text/xml').end(answerFor(action, form, expires));
    });
  };
}

function answerFor(action: string, form: URLSearchParams, expires: string): string {
  const session = form.get('RoleSessionName') ?? 'session';
  // arn:aws:iam::ACCOUNT:role/NAME
  const [, , , , account, role] = (form.get('RoleArn') ?? '').split(':');
  const arn = `arn:aws:sts::${account}:assumed-${role}/${session}`;
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <${action}Result>
    <AssumedRoleUser><AssumedRoleId>AROAEXAMPLEEXAMPLEEX1:${session}</AssumedRoleId><Arn>${arn}</Arn></AssumedRoleUser>
    <Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE00</AccessKeyId><SecretAccessKey>${'s'.repeat(40)}</SecretAccessKey><SessionToken>${'t'.repeat(400)}</SessionToken><Expiration>${expires}</Expiration></Credentials>
  </${action}Result>
  <ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>
</${action}Response>`;
}
