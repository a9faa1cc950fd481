/** A mail server on loopback that keeps the mail that it takes, and checks its headers. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { certificateForLoopback } from './tls-proxy.ts';

export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly isEncrypted: boolean;
  /** The user that authenticated. */
  readonly user: string | undefined;
  /** Decoded, by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly html: string;
}

export interface MailServer {
  readonly port: number;
  readonly certificatePem: string;
  readonly taken: readonly TakenMail[];
  readonly faults: readonly string[];
  /** The answer to a recipient, such as `[550, 'no such user']`; undefined takes it. */
  answerTo: (recipient: string) => readonly [code: number, text: string] | undefined;
  close(): Promise<void>;
}

interface MailServerOptions {
  readonly startTls: 'offered' | 'missing';
  readonly password?: string;
}

export async function startMailServer({
  startTls,
  password,
}: MailServerOptions): Promise<MailServer> {
  const taken: TakenMail[] = [];
  const faults: string[] = [];
  const { key, certificatePem } = certificateForLoopback();
  const server = new SMTPServer({
    ...{ key, cert: certificatePem, disableReverseLookup: true, authOptional: true },
    disabledCommands: startTls === 'missing' ? ['STARTTLS'] : [],
    allowInsecureAuth: true,
    closeTimeout: 100,
    onAuth: (auth, _session, done) => {
      if (auth.password === password) done(null, { user: auth.username });
      else done(Object.assign(new Error('wrong password'), { responseCode: 535 }));
    },
    onRcptTo: ({ address }, _session, done) => {
      const [responseCode, text] = mail.answerTo(address) ?? [];
      if (responseCode === undefined) done();
      else done(Object.assign(new Error(text), { responseCode }));
    },
    onData: async (stream, session, done) => {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      try {
        const { mailFrom, rcptTo } = session.envelope;
        assert.ok(mailFrom !== false);
        taken.push({
          ...{ from: mailFrom.address, to: rcptTo.map(({ address }) => address) },
          isEncrypted: session.secure,
          user: session.user as string | undefined,
          ...read(Buffer.concat(chunks).toString('latin1')),
        });
        done();
      } catch (fault) {
        faults.push((fault as Error).message);
        done(Object.assign(new Error('rejected'), { responseCode: 554 }));
      }
    },
  });
  server.on('error', () => {});
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const mail: MailServer = {
    port: (server.server.address() as AddressInfo).port,
    ...{ certificatePem, taken, faults, answerTo: () => undefined },
    close: () => new Promise(resolve => server.close(() => resolve())),
  };
  return mail;
}

const ONCE = ['from', 'to', 'subject', 'date', 'message-id', 'auto-submitted', 'mime-version'];
const EXPECTED = [...ONCE, 'references', 'content-type', 'x-auto-response-suppress'];
const PRIORITY = ['x-priority', 'x-msmail-priority', 'importance'];

/** Throws unless every header is one that is expected, once, in ASCII and of at most 998 bytes. */
function read(raw: string): Pick<TakenMail, 'headers' | 'text' | 'html'> {
  const [head, ...body] = raw.split('\r\n\r\n');
  assert.doesNotMatch(raw, /(?<!\r)\n|\r(?!\n)/, 'a bare line break');
  const headers = new Map<string, string>();
  for (const line of head!.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const [, name, value] = /^([A-Za-z-]+): ([\x20-\x7e]*)$/.exec(line) ?? [];
    assert.ok(name !== undefined && line.length <= 998, `a header like ${line}`);
    const key = name.toLowerCase();
    assert.ok([...EXPECTED, ...PRIORITY].includes(key), `an unexpected header ${name}`);
    assert.ok(!headers.has(key), `${name} comes twice`);
    headers.set(key, decodeWords(value!));
  }
  for (const name of ONCE) assert.ok(headers.has(name), `${name} is missing`);
  return { headers, ...partsOf(headers.get('content-type')!, body.join('\r\n\r\n')) };
}

/** Encoded words of RFC 2047. */
function decodeWords(value: string): string {
  return value
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi, (_word, encoding: string, text: string) =>
      encoding.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString()
        : quotedPrintable(text.replaceAll('_', ' ')),
    );
}

function quotedPrintable(text: string): string {
  const bytes = text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_code, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(bytes, 'latin1').toString();
}

function partsOf(contentType: string, body: string): Pick<TakenMail, 'text' | 'html'> {
  assert.match(contentType, /^multipart\/alternative;/);
  const boundary = /boundary="([^"]+)"/.exec(contentType)![1]!;
  const parts = body.split(`--${boundary}`).slice(1, -1).map(partOf);
  assert.deepEqual(
    parts.map(({ type }) => type),
    ['text/plain', 'text/html'],
  );
  return { text: parts[0]!.content, html: parts[1]!.content };
}

function partOf(part: string): { readonly type: string; readonly content: string } {
  const [head, ...content] = part.trimStart().split('\r\n\r\n');
  const type = /^content-type: ([a-z/]+)/im.exec(head!)![1]!;
  const encoding = /^content-transfer-encoding: (\S+)/im.exec(head!)?.[1]?.toLowerCase();
  const text = content.join('\r\n\r\n');
  if (encoding === 'base64') return { type, content: Buffer.from(text, 'base64').toString() };
  return { type, content: encoding === 'quoted-printable' ? quotedPrintable(text) : text };
}
