/* Backlog client: one connection that puts a long backlog into a tube of its own, many commands at
 * a time, and drains it again.
 *
 * It knows each body from the number of its job in the tube, and keeps the id of each job in the
 * order in which they were put, so what a drain has to hear is known byte for byte: the right ids
 * and bodies, in order, each once. After a crash it asks for the jobs of puts that had no answer.
 * Called by backlog.long.test.ts.
 */
import type { Socket } from "node:net";
import { connectTo } from "./server-with-data.ts";

/** Bytes of each body. */
export const BODY_BYTES = 100;
/** Commands of one write, whose replies are awaited before the next. */
const WAVE = 250;
const LF = 10;

/** The connection has ended before all replies came. */
class CutError extends Error {
  override readonly name = "CutError";
  readonly code = "HM_TEST_CUT";
}

/** Who puts and drains the jobs of one tube. */
export class BacklogClient {
  /** Jobs that were put and are there, as far as is known: their ids, the first one first. */
  readonly ids: number[] = [];
  /** What was heard that must not be; the first of each drain. */
  readonly problems: string[] = [];
  readonly #tube: string;
  #socket: Socket | undefined;
  #heard: Buffer[] = [];
  #lines = 0;
  #isCut = false;
  #wake = (): void => undefined;

  constructor(tube: string) {
    this.#tube = tube;
  }

  /** Connects, anew behind a crash. */
  async connect(port: number): Promise<void> {
    const socket = await connectTo(port);
    this.#socket = socket;
    this.#isCut = false;
    this.#taken();
    socket.on("data", (bytes: Buffer) => this.#hear(bytes));
    socket.on("error", () => undefined); // it closes then
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      this.#isCut = true;
      this.#wake();
    });
    socket.write(`use ${this.#tube}\r\nwatch ${this.#tube}\r\nignore default\r\n`);
    await this.#linesCame(3);
  }

  close(): void {
    this.#socket?.destroy();
  }

  /** Puts until there are `most`; false when the connection was cut before that. */
  async putUpTo(most: number): Promise<boolean> {
    try {
      while (this.ids.length < most) await this.#putWave(Math.min(WAVE, most - this.ids.length));
      return true;
    } catch (error) {
      if (error instanceof CutError) return false;
      throw error;
    }
  }

  async #putWave(count: number): Promise<void> {
    const puts = Array.from({ length: count }, (_, at) => this.#body(this.ids.length + at));
    this.#socket?.write(puts.map((body) => `put 0 0 60 ${BODY_BYTES}\r\n${body}\r\n`).join(""));
    const replies = (await this.#linesCame(count)).trimEnd().split("\r\n");
    for (const reply of replies) {
      const [word, id] = reply.split(" ");
      if (word !== "INSERTED") throw new Error(`a put was answered: ${reply}`);
      this.ids.push(Number(id));
    }
  }

  /** Learns of the jobs of puts that had no answer: a wave at most. Returns how many there are. */
  async findUnanswered(): Promise<number> {
    this.#socket?.write(`list-jobs ${this.#tube} ready ${this.ids.at(-1) ?? 0} ${WAVE + 1}\r\n`);
    let text = await this.#linesCame(1);
    const [header = "", bytes] = /^OK (\d+)\r\n/.exec(text) ?? [];
    while (text.length < header.length + Number(bytes) + "\r\n".length) {
      await this.#more();
      text += this.#taken();
    }
    const found = [...text.matchAll(/^- \{id: (\d+),/gm)].map(([, id]) => Number(id));
    this.ids.push(...found);
    return found.length;
  }

  /** Reserves and deletes all jobs; what is heard that is not expected is a problem. */
  async drain(): Promise<void> {
    for (let from = 0; from < this.ids.length && this.problems.length === 0; from += WAVE)
      await this.#drainWave(from, this.ids.slice(from, from + WAVE));
  }

  async #drainWave(from: number, ids: readonly number[]): Promise<void> {
    this.#socket?.write(ids.map((id) => `reserve\r\ndelete ${id}\r\n`).join(""));
    const replies = ids.map((id, at) => {
      const body = this.#body(from + at);
      return `RESERVED ${id} ${BODY_BYTES}\r\n${body}\r\nDELETED\r\n`;
    });
    const heard = await this.#linesCame(3 * ids.length);
    if (heard === replies.join("")) return;
    const wrong = replies.findIndex((reply, at) => !heard.startsWith(reply, at * reply.length));
    this.problems.push(`${this.#tube}: expected ${replies[wrong]}; heard ${heard}`);
  }

  /** The body of the job of that number: only it has it. */
  #body(number: number): string {
    return `${this.#tube} ${number} `.padEnd(BODY_BYTES, "homemaker ");
  }

  #hear(bytes: Buffer): void {
    this.#heard.push(bytes);
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) this.#lines++;
    this.#wake();
  }

  /** Resolves when more was heard. Throws a CutError. */
  async #more(): Promise<void> {
    if (this.#isCut) throw new CutError("the connection was cut");
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** All that was heard, once it has so many lines; what was asked for has no more. */
  async #linesCame(lines: number): Promise<string> {
    while (this.#lines < lines) await this.#more();
    return this.#taken();
  }

  /** All that was heard since this was called last. */
  #taken(): string {
    const text = Buffer.concat(this.#heard).toString("latin1");
    [this.#heard, this.#lines] = [[], 0];
    return text;
  }
}
