/* A connection that repeats a conversation: sends a wave in one write, waits for all its replies,
 * sends the next.
 *
 * A reply that is cut by the end of a read is kept aside and completed by the next.
 */
import { REPLY_BYTES_MAX, type Conversation, type Wave } from "./dialect.ts";
import { Link } from "./link.ts";
import type { Scheme } from "./order.ts";

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
  readonly #link: Link;
  readonly #waves: readonly Wave[];
  readonly #listener: Listener;
  /** The beginning of a reply whose end has not come yet. */
  readonly #cut: Uint8Array<ArrayBuffer>;
  readonly #replyBytesMax: number;
  #cutLength = 0;
  #index = 0;
  #wave: Wave;
  #sentAt = 0;
  #goesOn = true;
  readonly #done = Promise.withResolvers<void>();

  private constructor(link: Link, conversation: Conversation, listener: Listener, first: Wave) {
    this.#link = link;
    const { waves, replyBytesMax = REPLY_BYTES_MAX } = conversation;
    this.#waves = waves;
    this.#replyBytesMax = replyBytesMax;
    this.#cut = new Uint8Array(replyBytesMax * 2);
    this.#listener = listener;
    this.#wave = first;
  }

  /** Connects and says the prologue; resolves when it is answered. */
  static async open(
    port: number,
    conversation: Conversation,
    listener: Listener,
    scheme: Scheme = "tcp",
  ): Promise<Talker> {
    const [first] = conversation.waves;
    if (first === undefined) throw new Error("a conversation has at least one wave");
    const opened = Promise.withResolvers<Talker>();
    const linesWanted = conversation.prologue.length;
    let prepared = linesWanted === 0;
    let heard = "";
    const link = new Link(port, scheme, {
      opened: () => {
        if (prepared) opened.resolve(talker);
        else link.send(Buffer.from(`${conversation.prologue.join("\r\n")}\r\n`));
      },
      came: (bytes, count) => {
        if (prepared) {
          talker.#receive(bytes, count);
          return;
        }
        heard += Buffer.from(bytes.buffer, bytes.byteOffset, count).toString("latin1");
        prepared = countLines(heard) === linesWanted;
        if (prepared) finishPrologue(heard, opened, talker);
      },
      failed: (error) => talker.#done.reject(error),
    });
    const talker = new Talker(link, conversation, listener, first);
    talker.#done.promise.catch(opened.reject);
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
    this.#link.send(bytes);
  }

  #receive(bytes: Uint8Array, count: number): void {
    try {
      const before = this.#wave.left;
      this.#take(bytes, count);
      this.#listener.answered(before - this.#wave.left, this.#wave);
      if (this.#wave.left === 0) this.#advance();
    } catch (error) {
      this.#done.reject(error);
      this.#link.destroy();
    }
  }

  #take(bytes: Uint8Array, count: number): void {
    const at = this.#cutLength === 0 ? 0 : this.#completeCut(bytes, count);
    const next = this.#wave.scan(bytes, at, count);
    const rest = count - next;
    if (rest === 0) return;
    if (this.#wave.left === 0) throw new Error(`${rest} bytes more than the replies expected`);
    if (this.#cutLength + rest > this.#replyBytesMax)
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
    const added = Math.min(count, this.#replyBytesMax);
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
      this.#link.destroy();
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
