/* A connection that repeats a conversation: sends a wave in one write, waits for all its replies,
 * sends the next.
 *
 * All talkers of a process read into one buffer: a read is handled before the next one begins. A
 * reply that is cut by the end of a read is kept aside and completed by the next.
 */
import { connect, type Socket } from "node:net";
import { REPLY_BYTES_MAX, type Conversation, type Wave } from "./dialect.ts";

const input = new Uint8Array(256 * 1024);

/** What a talker reports to whoever started it. */
export interface Listener {
  /** `count` more commands of the wave have been answered. */
  answered(count: number, wave: Wave): void;
  /**
   * A wave is complete after `micros`; false ends the talk once the conversation is back at its
   * first wave.
   */
  completed(micros: number): boolean;
}

/** One connection of the load. */
export class Talker {
  readonly #socket: Socket;
  readonly #waves: readonly Wave[];
  readonly #listener: Listener;
  /** The beginning of a reply whose end has not come yet. */
  readonly #cut = new Uint8Array(REPLY_BYTES_MAX * 2);
  #cutLength = 0;
  #index = 0;
  #wave: Wave;
  #sentAt = 0;
  #goesOn = true;
  readonly #done = Promise.withResolvers<void>();

  private constructor(socket: Socket, conversation: Conversation, listener: Listener, first: Wave) {
    this.#socket = socket;
    this.#waves = conversation.waves;
    this.#listener = listener;
    this.#wave = first;
  }

  /** Connects and says the prologue; resolves when it is answered. */
  static async open(port: number, conversation: Conversation, listener: Listener): Promise<Talker> {
    const [first] = conversation.waves;
    if (first === undefined) throw new Error("a conversation has at least one wave");
    const opened = Promise.withResolvers<Talker>();
    const linesWanted = conversation.prologue.length;
    let prepared = linesWanted === 0;
    let heard = "";
    const socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: input,
        callback(count, bytes) {
          if (prepared) talker.#receive(bytes, count);
          else {
            heard += Buffer.from(bytes.buffer, bytes.byteOffset, count).toString("latin1");
            prepared = countLines(heard) === linesWanted;
            if (prepared) finishPrologue(heard, opened, talker);
          }
          return true;
        },
      },
    });
    const talker = new Talker(socket, conversation, listener, first);
    const { promise, reject } = talker.#done;
    promise.catch(opened.reject);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed the connection")));
    socket.on("connect", () => {
      if (prepared) opened.resolve(talker);
      else socket.write(`${conversation.prologue.join("\r\n")}\r\n`);
    });
    return opened.promise;
  }

  /**
   * Talks until the listener says stop; rejects if the server says what was not expected or goes
   * away.
   */
  talk(): Promise<void> {
    this.#send();
    return this.#done.promise;
  }

  #send(): void {
    const bytes = this.#wave.request();
    this.#sentAt = performance.now();
    this.#socket.write(bytes);
  }

  #receive(bytes: Uint8Array, count: number): void {
    try {
      const before = this.#wave.left;
      this.#take(bytes, count);
      this.#listener.answered(before - this.#wave.left, this.#wave);
      if (this.#wave.left === 0) this.#advance();
    } catch (error) {
      this.#done.reject(error);
      this.#socket.destroy();
    }
  }

  #take(bytes: Uint8Array, count: number): void {
    const at = this.#cutLength === 0 ? 0 : this.#completeCut(bytes, count);
    const next = this.#wave.scan(bytes, at, count);
    const rest = count - next;
    if (rest === 0) return;
    if (this.#wave.left === 0) throw new Error(`${rest} bytes more than the replies expected`);
    if (this.#cutLength + rest > REPLY_BYTES_MAX)
      throw new Error("a reply is longer than any expected");
    this.#cut.set(bytes.subarray(next, count), this.#cutLength);
    this.#cutLength += rest;
  }

  /**
   * Finishes the reply that was cut, with the first bytes of this read; returns where the next
   * reply begins in it.
   */
  #completeCut(bytes: Uint8Array, count: number): number {
    const kept = this.#cutLength;
    const added = Math.min(count, REPLY_BYTES_MAX);
    this.#cut.set(bytes.subarray(0, added), kept);
    const next = this.#wave.scan(this.#cut, 0, kept + added);
    if (next === 0) {
      if (added < count) throw new Error("a reply is longer than any expected");
      this.#cutLength = kept + count;
      return count;
    }
    this.#cutLength = 0;
    return next - kept;
  }

  #advance(): void {
    if (!this.#listener.completed((performance.now() - this.#sentAt) * 1000)) this.#goesOn = false;
    this.#index = (this.#index + 1) % this.#waves.length;
    this.#wave = this.#waves[this.#index] ?? this.#wave;
    if (this.#goesOn || this.#index !== 0) this.#send();
    else {
      this.#done.resolve();
      this.#socket.destroy();
    }
  }
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}

/**
 * All lines of a prologue choose tubes; any other answer means that the load would not be the one
 * asked for.
 */
function finishPrologue(heard: string, opened: PromiseWithResolvers<Talker>, talker: Talker): void {
  const wrong = heard
    .split("\r\n")
    .find((line) => line !== "" && !/^(USING|WATCHING|WINDOW) /.test(line));
  if (wrong === undefined) opened.resolve(talker);
  else
    opened.reject(
      new Error(`the server answered ${JSON.stringify(wrong)} while tubes were chosen`),
    );
}
