/**
 * The floor of a hand-out, as a process of its own: `node bare-hand-out.ts KEY.pem URL`. For each
 * hand-out that it is told of by a message, one RSA-SHA256 signature and one POST.
 */
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

const [file, url] = process.argv.slice(2) as [string, string];
const key = createPrivateKey(
  /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(readFileSync(file, 'utf8'))![0],
);
const toSign = Buffer.alloc(2048, 'a');
const form = `Action=AssumeRoleWithSAML&RoleArn=arn:aws:iam::111122223333:role/Developer&SAMLAssertion=${'a'.repeat(8000)}`;
const headers = {
  'content-type': 'application/x-www-form-urlencoded',
  'content-length': form.length,
};

function post(agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent }, response => {
      if (response.statusCode !== 200) reject(new Error(`HTTP ${response.statusCode}`));
      response.resume();
      response.once('end', resolve);
    });
    sent.once('error', reject);
    sent.end(form);
  });
}

process.on('message', ({ connections, requests }: { connections: number; requests: number }) => {
  let left = requests;
  const one = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (left-- > 0) {
      sign('sha256', toSign, key);
      await post(agent);
    }
    agent.destroy();
  };
  void Promise.all(Array.from({ length: connections }, one)).then(() => process.send!('done'));
});
process.stdout.write('ready\n');
