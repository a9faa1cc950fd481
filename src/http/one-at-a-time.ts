/**
 * The requests of one connection, one after the other. Node.js hands over all that a client
 * pipelines in one turn, and hundreds of them would make every other client wait.
 */
import type { Socket } from 'node:net';
import type { RequestHandler } from 'express';

/** What waits on each connection while another request of it is answered. */
const waiting = new WeakMap<Socket, (() => void)[]>();

/**
 * Lets a request pass when the one before it on its connection is answered, and then only after
 * others had a turn. Nothing passes behind an answer that closes the connection.
 */
export const oneAtATime: RequestHandler = ({ socket }, response, next) => {
  response.once('close', () => {
    // Not at once: what has arrived meanwhile on other connections comes first.
    setImmediate(passNext, socket);
  });
  const queue = waiting.get(socket);
  if (queue === undefined) {
    waiting.set(socket, []);
    next();
    return;
  }
  // No more is read than what waits already.
  socket.pause();
  queue.push(next);
};

function passNext(socket: Socket): void {
  const queue = waiting.get(socket);
  const next = socket.writable ? queue?.shift() : undefined;
  if (next !== undefined) {
    // Its body can be one that has not arrived yet.
    if (queue?.length === 0) socket.resume();
    next();
    return;
  }
  waiting.delete(socket);
  if (socket.writable) socket.resume();
}
