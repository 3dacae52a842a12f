/*
 * A client's socket inside which the stream travels as something else: it looks like a socket to
 * the player, which knows nothing of what its voice makes of what it says.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { utter } from "../support/voice.ts";
import type { Voice } from "../support/voice.ts";

type Done = (error?: Error | null) => void;

/** One connection. */
export class WrappedSocket extends Duplex {
  readonly #socket: Socket;
  readonly #voice: Voice;

  /** @param socket connected, without Nagle's delay, and one that may be half-closed */
  constructor(socket: Socket, voice: Voice) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#voice = voice;
    socket.on("data", (bytes: Buffer) => this.#hear(bytes));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    this.#send(voice.greet());
  }

  #hear(bytes: Buffer): void {
    const { data, answers } = this.#voice.hear(bytes);
    this.#send(answers);
    if (data.length > 0) this.push(data);
  }

  #send(pieces: readonly Buffer[]): void {
    utter(pieces, (piece) => this.#socket.write(piece));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: Done): void {
    this.#send(this.#voice.say(bytes));
    done();
  }

  override _final(done: Done): void {
    const words = this.#voice.finish();
    if (words === undefined) this.#socket.end();
    else this.#send(words);
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#socket.destroy();
    done(error);
  }
}
