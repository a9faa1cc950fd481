import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import * as z from 'zod';
import { json } from '../../src/http/answer.ts';
import { text } from '../../src/http/read.ts';
import { api } from '../../src/http/route.ts';
import { mounted } from '../support/mounted.ts';

const PIPELINED = 900;

/** A server whose one operation takes as many turns as it is told, and notes who began when. */
function serving() {
  const begun: string[] = [];
  let atOnce = 0;
  let most = 0;
  const operation = api({
    method: 'post',
    path: '/work',
    who: 'anyone',
    limit: 'api',
    face: 'problem',
    reads: { json: z.object({ name: text(32) }) },
    handle: async ({ name }) => {
      begun.push(name);
      atOnce += 1;
      most = Math.max(most, name.startsWith('pipelined') ? atOnce : 0);
      await new Promise(resolve => setImmediate(resolve));
      atOnce -= 1;
      return json({ name });
    },
  });
  const server = createServer(mounted([operation])).listen(0, '127.0.0.1');
  return { server, begun, most: () => most };
}

function requestOf(name: string, more = ''): string {
  const body = JSON.stringify({ name });
  return `POST /work HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
}

async function namesIn(socket: Socket): Promise<string[]> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  const all = Buffer.concat(chunks).toString();
  return [...all.matchAll(/"name":"([\w ]+)"/g)].map(([, name]) => name!);
}

describe('requests of one connection', () => {
  it('are answered one after the other and in order, and let others pass', async () => {
    const { server, begun, most } = serving();
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const names = Array.from({ length: PIPELINED }, (_, index) => `pipelined ${index}`);
      const greedy = connect(port, '127.0.0.1');
      const other = connect(port, '127.0.0.1');
      await Promise.all([once(greedy, 'connect'), once(other, 'connect')]);
      const last = requestOf('pipelined last', 'Connection: close\r\n');
      greedy.write(names.map(name => requestOf(name)).join('') + last);
      const answered = namesIn(greedy);
      await once(greedy, 'data');
      const before = begun.length;
      other.write(requestOf('other', 'Connection: close\r\n'));
      assert.deepEqual(await namesIn(other), ['other']);
      const between = begun.indexOf('other') - before;
      assert.ok(between >= 0 && between <= 20, `${between} others were handled first`);
      assert.deepEqual(await answered, [...names, 'pipelined last']);
      assert.ok(most() <= 2, `${most()} at once`);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('are not begun when the connection is lost', async () => {
    const { server, begun } = serving();
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const lost = connect(port, '127.0.0.1');
      lost.write(requestOf('three') + requestOf('four') + requestOf('five'));
      await once(lost, 'data');
      lost.destroy();
      const after = connect(port, '127.0.0.1');
      after.write(requestOf('six', 'Connection: close\r\n'));
      assert.deepEqual(await namesIn(after), ['six']);
      assert.ok(!begun.includes('five'), begun.join());
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('wait for a body that arrives after others', async () => {
    const { server } = serving();
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const socket = connect(port, '127.0.0.1');
      const second = requestOf('two', 'Connection: close\r\n');
      socket.write(requestOf('one') + second.slice(0, -5));
      const answered = namesIn(socket);
      await once(socket, 'data');
      socket.write(second.slice(-5));
      assert.deepEqual(await answered, ['one', 'two']);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
