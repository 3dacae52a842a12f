/* Conversation: one connection of the door: lines in, answers out.
 *
 * Invariants: calls begin in the order in which they came, and are answered as they end. Whoever
 * sends more than is carried out, or does not take the answers, is not read from. What was asked
 * before a caller ended its half of the connection is answered. Pure but for its outlet; made by
 * json-door.ts.
 */
import { HomemakerError } from "../protocol/homemaker-error.ts";
import { answerToNobody, requestsOf } from "./dialects.ts";
import type { Outcome, Request, Requests } from "./dialects.ts";
import { DoorError } from "./door-error.ts";
import { isBlank, jsonOf } from "./json-text.ts";
import { LineReader } from "./line-reader.ts";
import type { LineLimits } from "./line-reader.ts";
import type { Caller, Methods } from "./methods.ts";
import type { Room } from "./room.ts";

/** The other end. */
export interface JsonOutlet {
  /** Sends a line; `left` is called when it has left, or never will. */
  write(line: string, left: () => void): void;
  /** Whether the caller takes what it is sent. */
  readonly hasRoom: boolean;
  pause(): void;
  resume(): void;
  /** Nothing more will be sent. */
  end(): void;
}

/** What all conversations share. */
export interface ConversationParts {
  readonly methods: Methods;
  readonly room: Room;
  readonly limits: LineLimits;
}

/** Lines of one connection that are carried out at a time. */
const UNDER_WAY_MAX = 64;
const SKIPPED = {
  "too-long": new DoorError("HM_LINE_LONG", "the line is too long"),
  "no-room": new DoorError(
    "HM_NO_ROOM",
    "there is no room for so long a line now; try again later",
  ),
};

/** One connection. */
export class Conversation {
  readonly #parts: ConversationParts;
  readonly #caller: Caller;
  readonly #outlet: JsonOutlet;
  readonly #reader: LineReader;
  #underWay = 0;
  #isPumping = false;
  #isEnded = false;
  #isClosed = false;

  constructor(parts: ConversationParts, caller: Caller, outlet: JsonOutlet) {
    this.#parts = parts;
    this.#caller = caller;
    this.#outlet = outlet;
    this.#reader = new LineReader(parts.room, parts.limits);
  }

  /** Whether a line has only begun, and nothing else is waited for. */
  get isStuck(): boolean {
    return this.#underWay === 0 && this.#reader.isInLine;
  }

  /** Takes what came; to be called while it has not paused. */
  push(chunk: Uint8Array): void {
    if (this.#isEnded) return; // it was told to stop
    this.#reader.push(chunk);
    this.#pump();
  }

  /** The outlet has room again. */
  drained(): void {
    this.#pump();
  }

  /** The caller sends no more. */
  ended(): void {
    this.#isEnded = true;
    this.#pump();
  }

  /** Takes no more lines; ends when what is under way has been answered. */
  stop(): void {
    this.#reader.close();
    this.ended();
  }

  /** The connection is gone. */
  close(): void {
    this.#isClosed = true;
    this.#reader.close();
  }

  #pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true; // an answer that comes at once is written in the same turn
    while (this.#mayGoOn && this.#step());
    this.#isPumping = false;
    if (this.#isEnded && this.#underWay === 0 && !this.#reader.hasMore) {
      this.close();
      this.#outlet.end();
    } else if (this.#reader.hasMore || !this.#mayGoOn) this.#outlet.pause();
    else this.#outlet.resume();
  }

  get #mayGoOn(): boolean {
    return !this.#isClosed && this.#underWay < UNDER_WAY_MAX && this.#outlet.hasRoom;
  }

  /** Begins what the next line asks for. False if there is no line. */
  #step(): boolean {
    const line = this.#reader.next();
    if (line === undefined) return false;
    if ("skipped" in line) {
      this.#outlet.write(answerToNobody(SKIPPED[line.skipped]), () => undefined);
      return true;
    }
    if (isBlank(line.bytes)) this.#parts.room.give(line.takenBytes);
    else void this.#carryOut(line.bytes, line.takenBytes);
    return true;
  }

  async #carryOut(bytes: Uint8Array, takenBytes: number): Promise<void> {
    this.#underWay += 1;
    const text = await this.#answerTo(bytes);
    this.#underWay -= 1;
    const left = (): void => this.#parts.room.give(takenBytes);
    if (text === undefined || this.#isClosed) left();
    else this.#outlet.write(text, left); // it may be as long as what was asked
    this.#pump();
  }

  /** The text that answers a line; undefined if nobody waits for one. Never rejects. */
  async #answerTo(bytes: Uint8Array): Promise<string | undefined> {
    let asked: Requests;
    try {
      asked = requestsOf(jsonOf(bytes));
    } catch (error) {
      if (!(error instanceof HomemakerError)) throw error;
      return answerToNobody(new DoorError("HM_JSON", error.message));
    }
    const answers = await Promise.all(asked.requests.map((request) => this.#answer(request)));
    if (!asked.isBatch) return answers[0];
    const told = answers.filter((answer) => answer !== undefined);
    return told.length === 0 ? undefined : `[${told.join(",")}]`;
  }

  async #answer(request: Request): Promise<string | undefined> {
    const { call } = request;
    const outcome: Outcome =
      call instanceof DoorError
        ? { error: call }
        : await this.#parts.methods.run(call, this.#caller);
    return request.answer(outcome);
  }
}
