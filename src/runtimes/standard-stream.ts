/* Standard stream: standard output or standard error of this process, written to without ever
 * waiting for whoever reads it.
 *
 * Invariant: `write` returns at once, and what waits to be read is bounded: beyond
 * WAITING_BYTES_MAX lines are dropped and counted. For that a pipe, a FIFO or a terminal is opened
 * anew in non-blocking mode, which leaves the mode of those alone who share it; a socket cannot be
 * opened anew, so there the mode is set. A file needs neither. Used by node.ts for the server, and
 * for the last words of die.ts.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import type { LineSink } from "../runtime.ts";
import { codeOf } from "../system-error.ts";

const WAITING_BYTES_MAX = 262_144;
const TRY_AGAIN_MS = 20;

/** One of the two streams. */
export class StandardStream implements LineSink {
  readonly #fd: number;
  /** Lines that nobody has read, in order; of the first, what is left of it. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #retry: NodeJS.Timeout | undefined;
  #roomAgain: () => void = () => undefined;
  dropped = 0;

  /** @param fd what `nonBlocking` gave for 1 or 2 */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Where it is written to, for other threads of the process. */
  get fd(): number {
    return this.#fd;
  }

  get hasRoom(): boolean {
    return this.#waiting.length === 0;
  }

  onRoom(call: () => void): void {
    this.#roomAgain = call;
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    if (!this.hasRoom && this.#waitingBytes + bytes.length > WAITING_BYTES_MAX) {
      this.dropped++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#retry === undefined) this.#push();
  }

  async finish(withinMillis: number): Promise<void> {
    const deadline = performance.now() + withinMillis;
    while (!this.hasRoom && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
    clearTimeout(this.#retry);
  }

  /** Writes what can be written now. What fails for another reason than that is lost. */
  #push(): void {
    this.#retry = undefined;
    try {
      while (this.#waiting.length > 0) this.#pushFirst();
    } catch (error) {
      if (codeOf(error) === "EAGAIN") {
        this.#retry = setTimeout(() => this.#pushAgain(), TRY_AGAIN_MS).unref();
      } else {
        this.dropped += this.#waiting.length; // nobody is there any more, or the disk is full
        this.#waiting = [];
        this.#waitingBytes = 0;
      }
    }
  }

  #pushFirst(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const written = writeSync(this.#fd, first);
    this.#waitingBytes -= written;
    if (written < first.length) this.#waiting[0] = first.subarray(written);
    else this.#waiting.shift();
  }

  #pushAgain(): void {
    this.#push();
    if (this.hasRoom) this.#roomAgain();
  }
}

/** A descriptor for the same file as `fd`, 1 or 2, on which writing does not wait for a reader. */
export function nonBlocking(fd: number): number {
  try {
    const kind = fstatSync(fd);
    if (kind.isFIFO() || kind.isCharacterDevice()) {
      return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    }
    if (kind.isSocket()) new Socket({ fd, readable: false }).unref();
    return fd;
  } catch {
    return fd; // it is closed, somebody else's, or this is not Linux: then writing may wait
  }
}

/** Writes once, for a caller that ends now. What does not go at once is lost. */
export function writeOnce(fd: number, text: string): void {
  const own = nonBlocking(fd);
  try {
    writeSync(own, text);
  } catch {
    return; // nobody reads it
  } finally {
    if (own !== fd) closeSync(own);
  }
}
