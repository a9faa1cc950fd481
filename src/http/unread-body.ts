/**
 * What becomes of a body that no route reads, or that is larger than the route allows: it is not
 * read to its end, and the client still gets its answer.
 *
 * The answer says `Connection: close`. The connection is closed for writing, a little more is read
 * and dropped, and then it is destroyed: to destroy it at once would send a reset, and a client
 * that is still writing would lose the answer (RFC 9112, section 9.6).
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { RequestHandler } from 'express';

/** A body that Node.js may read and drop, so that the connection can stay. */
const HARMLESS_BYTES: number = 8 * 1024;
/** What is read of a body after the answer; then reading stops, and only time is left. */
const LINGER_BYTES: number = 256 * 1024;
const LINGER_MILLISECONDS = 2_000;

/** Requests whose client waits for `100 Continue` before it sends the body. */
const expecting = new WeakSet<IncomingMessage>();

/** Lets routes answer `Expect: 100-continue`: Node.js itself would ask for every body. */
export function leaveExpectations(server: Server): void {
  server.on('checkContinue', (request, response) => {
    expecting.add(request);
    server.emit('request', request, response);
  });
}

/** Asks for the body, if the client waits for that. */
export function askForBody(request: IncomingMessage, response: ServerResponse): void {
  if (expecting.delete(request)) response.writeContinue();
}

/** Stands first: it is decided by what was read when the answer is written. */
export const leaveUnread: RequestHandler = (request, response, next) => {
  if (isHarmless(request)) return next();
  const { socket } = request;
  const { shouldKeepAlive } = response;
  response.shouldKeepAlive = false;
  socket.destroySoon = () => {
    if (request.complete) Socket.prototype.destroySoon.call(socket);
    else linger(socket);
  };
  request.once('end', () => {
    socket.destroySoon = Socket.prototype.destroySoon;
    response.shouldKeepAlive = shouldKeepAlive;
  });
  next();
};

function isHarmless(request: IncomingMessage): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length = '0' } = request.headers;
  return encoding === undefined && Number(length) <= HARMLESS_BYTES && !expecting.has(request);
}

function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MILLISECONDS);
  let left = LINGER_BYTES;
  const drop = (chunk: Buffer): void => {
    left -= chunk.byteLength;
    if (left <= 0) socket.pause();
  };
  // The parser gets no more, so no request behind this one begins.
  socket.removeAllListeners('data');
  socket.on('data', drop);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.end();
  socket.resume();
}
