/* One connection of a mixed crowd: it asks, and writes every answer and all that comes unasked into
 * the crowd's ledger. When it has hung up, what was not answered is written down as lost.
 *
 * The moments of answers and of what comes unasked are in the order in which they came, also where
 * this process stood still and reads several at once.
 */
import type { ClientConnection } from "../../src/client/connection.ts";
import { LostError, NotSentError } from "../../src/client/errors.ts";
import type { Reply } from "../../src/protocol/reply-reader.ts";
import type { Connect } from "../support/connect.ts";
import type { Entry, LostPut, Moments, Put, Settle, Tags } from "./entries.ts";

/** What all clients of a crowd write into. */
export interface Notes {
  readonly entries: Entry[];
  /** What no rule of the ledger is about. */
  readonly problems: string[];
  /** Jobs that were put and are not known to have ended. */
  readonly alive: Set<number>;
}

/** A job as it is put. */
export interface Wanted {
  readonly tube: string;
  readonly pri: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  readonly body: string;
  readonly tags: Tags;
}

/** What is done to a job. */
export interface Deed {
  readonly what: Settle["what"];
  readonly job: number;
  readonly pri?: number;
  readonly tube?: string;
  readonly result?: string;
}

/** An answer with its moments; `reply` is undefined if the connection ended before it came. */
interface Answer extends Moments {
  readonly reply: Reply | undefined;
}

const SUCCESSES: ReadonlySet<string> = new Set([
  "DELETED",
  "RELEASED",
  "BURIED",
  "TOUCHED",
  "FINISHED",
  "HANDED_BACK",
  "MOVED",
  "CANCELLED",
  "CANCELLING",
]);

/** A client of the crowd until it hangs up. */
export class MixedClient {
  readonly client: number;
  /** Jobs that it was given and has not settled, nor lost. */
  readonly held = new Map<number, string>();
  isGone = false;
  #hasHungUp = false;
  /** Jobs in a batch that is on its way: held again if that is refused. */
  readonly #aside = new Map<number, string>();
  readonly #notes: Notes;
  readonly #connection: ClientConnection;
  /** When its first window was opened. */
  #openedAt = Infinity;

  static async with(notes: Notes, client: number, connect: Connect): Promise<MixedClient> {
    const heard: { by?: MixedClient } = {}; // nothing is pushed before it has asked something
    const connection = await connect({
      pushed: (push) => {
        // As many microtasks later as one knows of an answer.
        queueMicrotask(() => {
          if (heard.by !== undefined) heard.by.#push(push);
        });
      },
    });
    heard.by = new MixedClient(notes, client, connection);
    return heard.by;
  }

  private constructor(notes: Notes, client: number, connection: ClientConnection) {
    this.#notes = notes;
    this.client = client;
    this.#connection = connection;
  }

  async ask(command: string, body?: string): Promise<Answer> {
    const from = performance.now();
    try {
      const bytes = body === undefined ? body : Buffer.from(body);
      const reply = await this.#connection.ask(command, bytes);
      return { reply, from, to: performance.now() };
    } catch (error) {
      const isOver = error instanceof LostError || error instanceof NotSentError;
      if (!this.isGone || !isOver) throw error;
      return { reply: undefined, from, to: performance.now() };
    }
  }

  /** Ends the connection without a word; what was asked before this turn has left. */
  hangUp(): void {
    const now = performance.now();
    this.#notes.entries.push({ what: "gone", client: this.client, from: now, to: now });
    this.#hasHungUp = true;
    this.close();
  }

  /** As `hangUp`, at the end of all: it counts as there. */
  close(): void {
    this.isGone = true;
    queueMicrotask(() => this.#connection.close());
  }

  #push({ word, args, body }: Reply): void {
    if (this.#hasHungUp) return;
    const now = performance.now();
    const { client } = this;
    const { entries } = this.#notes;
    const job = Number(args[0]);
    if (word === "JOB") this.#take(job, textOf(body), { from: this.#openedAt, to: now }, [], true);
    else if (word === "DONE") {
      const end = args[1] ?? "";
      entries.push({ what: "done", client, job, end, text: textOf(body), from: now, to: now });
    } else if (word === "LOST" || word === "CANCEL") {
      if (word === "LOST") {
        this.held.delete(job);
        this.#aside.delete(job);
      }
      entries.push({ what: "told", word, client, job, from: now, to: now });
    }
  }

  #take(
    job: number,
    body: string,
    { from, to }: Moments,
    tubes: readonly string[],
    isPushed = false,
  ): void {
    this.held.set(job, body);
    const { client } = this;
    this.#notes.entries.push({
      what: "reserve",
      client,
      job,
      body,
      tubes,
      isPushed,
      from: Math.min(from, to),
      to,
    });
  }

  /* Puts. */

  /** Returns the job's id, unless it met another one or was lost. */
  async put(wanted: Wanted): Promise<number | undefined> {
    const using = this.ask(`use ${wanted.tube}`);
    const answer = await this.ask(putLine(wanted), wanted.body);
    await using;
    return this.#notePut(wanted, answer);
  }

  #notePut(wanted: Wanted, answer: Answer, batch?: number): number | undefined {
    const { reply, from, to } = answer;
    const inBatch = batch === undefined ? {} : { batch };
    const { tube, pri, body, tags } = wanted;
    if (reply === undefined) {
      const lost: LostPut = { what: "lost put", body, tags, ...inBatch, from, to };
      this.#notes.entries.push(lost);
      return undefined;
    }
    const job = Number(reply.args[0]);
    if (reply.word !== "INSERTED") this.#complain(`put was answered ${reply.line}`);
    else if (reply.args.length > 1) {
      this.#notes.entries.push({ what: "met", job, tube, idp: tags.idp ?? "", from, to });
    } else {
      const ready = wanted.delaySeconds === 0;
      const ttrMs = wanted.ttrSeconds * 1000;
      const known = { job, tube, pri, body, ready, ttrMs, tags, ...inBatch, from, to };
      const put: Put = { what: "put", ...known };
      this.#notes.entries.push(put);
      this.#notes.alive.add(job);
      return job;
    }
    return undefined;
  }

  /* Jobs that are held. */

  /** Reserves by a command that does not wait long, several perhaps; `tubes` are those watched. */
  async reserve(command: string, tubes: readonly string[]): Promise<void> {
    const { reply, ...moments } = await this.ask(command);
    if (reply === undefined) {
      this.#notes.entries.push({ what: "lost reserve", tubes, ...moments });
      return;
    }
    const judged = command.startsWith("reserve-with-timeout") ? tubes : [];
    for (const { word, args, body } of reply.replies ?? [reply]) {
      if (word === "RESERVED") this.#take(Number(args[0]), textOf(body), moments, judged);
    }
    if (reply.word === "TIMED_OUT") {
      const { client } = this;
      const nothing = { job: undefined, body: undefined };
      this.#notes.entries.push({ what: "reserve", client, ...nothing, tubes: judged, ...moments });
    }
  }

  /** Does it, outside a batch. */
  async settle(deed: Deed): Promise<void> {
    if (deed.what !== "touch" && deed.what !== "cancel") this.held.delete(deed.job);
    const answer = await this.ask(deedLine(deed), deed.result);
    this.#noteDeed(deed, answer);
  }

  #noteDeed(deed: Deed, { reply, from, to }: Answer, batch?: number): void {
    const { client } = this;
    const { entries, alive } = this.#notes;
    const ok = reply === undefined ? undefined : SUCCESSES.has(reply.word);
    if (ok === false && reply?.line !== "NOT_FOUND")
      this.#complain(`${deed.what} was answered ${reply?.line}`);
    const isLater = reply?.word === "CANCELLING";
    const inBatch = batch === undefined ? {} : { batch };
    entries.push({ ...deed, client, ok, isLater, ...inBatch, from, to });
    const isEnd = deed.what === "delete" || deed.what === "finish" || deed.what === "cancel";
    if (ok !== false && isEnd) alive.delete(deed.job);
  }

  /**
   * Several deeds and puts, all or none. A refused one leaves what it holds; what refused it, if it
   * was a deed, is written down as refused.
   */
  async batch(number: number, deeds: readonly Deed[], puts: readonly Wanted[]): Promise<void> {
    for (const { job } of deeds) this.#keepAside(job);
    const lines = [
      ...deeds.map((deed) => lineOf(deedLine(deed), deed.result)),
      ...puts.map((put) => `use ${put.tube}\r\n${lineOf(putLine(put), put.body)}`),
    ];
    const { reply, ...moments } = await this.ask(
      `batch ${deeds.length + 2 * puts.length}`,
      lines.join("\r\n"),
    );
    const replies = reply?.replies ?? [];
    if (reply !== undefined && reply.word !== "BATCH") this.#noteRefusal(reply, moments, deeds);
    else {
      for (const [index, deed] of deeds.entries())
        this.#noteDeed(deed, { reply: replies[index], ...moments }, number);
      for (const [index, put] of puts.entries())
        this.#notePut(put, { reply: replies[deeds.length + 2 * index + 1], ...moments }, number);
    }
    for (const { job } of deeds) this.#aside.delete(job);
  }

  #keepAside(job: number): void {
    const body = this.held.get(job);
    if (body !== undefined) this.#aside.set(job, body);
    this.held.delete(job);
  }

  #noteRefusal({ line }: Reply, moments: Moments, deeds: readonly Deed[]): void {
    const [, index, why] = /^BATCH_REFUSED (\d+) (.*)$/.exec(line) ?? [];
    const culprit = deeds[Number(index) - 1];
    if (why === undefined) this.#complain(`batch was answered ${line}`);
    for (const { job } of deeds) {
      const body = this.#aside.get(job);
      if (body !== undefined && job !== culprit?.job) this.held.set(job, body);
    }
    if (why === "NOT_FOUND" && culprit !== undefined)
      this.#notes.entries.push({ ...culprit, client: this.client, ok: false, ...moments });
  }

  /* The rest. */

  async window(size: number): Promise<void> {
    this.#openedAt = Math.min(this.#openedAt, performance.now());
    const { reply, from } = await this.ask(`window ${size}`);
    const to = reply === undefined ? Infinity : performance.now();
    this.#notes.entries.push({ what: "window", client: this.client, size, from, to });
    if (reply !== undefined && reply.line !== `WINDOW ${size}`)
      this.#complain(`window was answered ${reply.line}`);
  }

  async awaitEnd(job: number): Promise<void> {
    const { reply, from, to } = await this.ask(`await ${job}`);
    const ok = reply === undefined ? undefined : reply.line === "AWAITING";
    this.#notes.entries.push({ what: "await", client: this.client, job, ok, from, to });
  }

  async look(job: number): Promise<void> {
    const { reply, from, to } = await this.ask(`peek ${job}`);
    const isThere = reply?.word === "FOUND";
    if (reply !== undefined) this.#notes.entries.push({ what: "look", job, isThere, from, to });
  }

  async lookAtGroup(group: string): Promise<void> {
    const { reply, from, to } = await this.ask(`stats-group ${group}`);
    if (reply === undefined) return;
    const pending = Number(/^pending: (\d+)$/m.exec(textOf(reply.body))?.[1] ?? 0);
    this.#notes.entries.push({ what: "group look", group, pending, from, to });
  }

  #complain(problem: string): void {
    this.#notes.problems.push(`client ${this.client}: ${problem}`);
  }
}

function lineOf(line: string, body?: string): string {
  return body === undefined ? line : `${line}\r\n${body}`;
}

function putLine({ pri, delaySeconds, ttrSeconds, body, tags }: Wanted): string {
  const { con, idp, grp, aft } = tags;
  const words = [
    con === undefined ? "" : ` con:${con.key}:${con.limit}`,
    idp === undefined ? "" : ` idp:${idp}`,
    grp === undefined ? "" : ` grp:${grp}`,
    aft === undefined ? "" : ` aft:${aft}`,
  ];
  return `put ${pri} ${delaySeconds} ${ttrSeconds} ${body.length}${words.join("")}`;
}

function deedLine({ what, job, pri = 0, tube = "", result = "" }: Deed): string {
  const words = {
    delete: "",
    touch: "",
    cancel: "",
    bury: ` ${pri}`,
    release: ` ${pri} 0`,
    "hand-back": " 0",
    move: ` ${tube}`,
    finish: ` 60 ${result.length}`,
  };
  return `${what} ${job}${words[what]}`;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
