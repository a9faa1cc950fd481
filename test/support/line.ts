import { once } from 'node:events';
import { connect } from 'node:net';
import { parseAnswer, type RawAnswer } from './raw-http.ts';

/** A whole conversation on one connection, for what depends on the connection itself. */
export class Line {
  readonly #socket;
  #received = Buffer.alloc(0);
  readonly closed: Promise<unknown>;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', chunk => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#socket.emit('heard');
    });
    this.#socket.on('error', () => undefined);
    this.closed = once(this.#socket, 'close');
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** The next answer; its length must be said. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      const length = Number(
        /content-length: (\d+)/i.exec(
          this.#received.subarray(0, Math.max(0, end)).toString(),
        )?.[1] ?? 0,
      );
      if (end >= 0 && this.#received.length >= end + 4 + length) {
        const whole = this.#received.subarray(0, end + 4 + length);
        this.#received = this.#received.subarray(end + 4 + length);
        return parseAnswer(whole);
      }
      await Promise.race([
        once(this.#socket, 'heard'),
        this.closed.then(() =>
          Promise.reject(new Error('the connection was closed without an answer')),
        ),
      ]);
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
