/* Many: puts, reserves and deletes that are sent as one, each a command of the protocol like any
 * other, and so known to all servers.
 *
 * Whoever has a thousand jobs in hand pays for one call. The common answers are read at sight, from
 * the bytes, without a line that is told by the table of replies; at any other the reader takes
 * over (connection.ts), so that the table alone says what the protocol is. Used by client.ts.
 */
import { BadReplyError } from "../../protocol/reply-line.ts";
import type { Reply } from "../../protocol/reply-reader.ts";
import { jobId, MANY_MAX } from "../command.ts";
import type { Answers, Command } from "../command.ts";
import type { Body } from "../command-writer.ts";
import { asError, SomeFailedError } from "../errors.ts";
import type { Job } from "../job.ts";
import { refusalOf, wrongAnswer } from "../refused-error.ts";
import type { DeletedBatch, Gone } from "./ends.ts";
import { checkBody, put } from "./put.ts";
import type { Inserted, PutOptions } from "./put.ts";
import type { Receiver } from "./reserves.ts";
import { ByteWriter, CRLF_BYTES, NUMBER_BYTES_MAX } from "../byte-writer.ts";
import { ReplyCursor } from "../reply-cursor.ts";

const ENCODER = new TextEncoder();
const RESERVE = "reserve-with-timeout 0\r\n";
/** As many as one call may ask for. */
const RESERVES = ENCODER.encode(RESERVE.repeat(MANY_MAX));
const DELETE = ENCODER.encode("delete ");

/** Puts of these bodies, in their order. */
export function putMany(
  bodies: readonly Body[],
  options?: PutOptions,
): Command<readonly Inserted[]> {
  const one = put("", options);
  const head = ENCODER.encode(one.head);
  const tail = ENCODER.encode(one.tail ?? "");
  const around = head.length + NUMBER_BYTES_MAX + tail.length + 2 * CRLF_BYTES;
  const encoded = Array.from(bodies, bytesOf); // also of places where there is nothing
  const bytes = encoded.reduce((sum, body) => sum + body.length, around * bodies.length);
  const writer = new ByteWriter(bytes);
  const line = new ByteWriter(around);
  let length = -1;
  for (const body of encoded) {
    if (body.length !== length) {
      length = body.length; // mostly as that of the one before
      line.clear();
      line.putLine(head, length, tail);
    }
    writer.bytes(line.written);
    writer.body(body);
  }
  return {
    head: one.head.trimEnd(),
    written: writer.written,
    needs: one.needs,
    many: new PutAnswers(bodies.length, one),
    read: (reply) => [one.read(reply)],
  };
}

/** Reserves of so many jobs, none of which waits. */
export function reserveMany(count: number, to: Receiver): Command<readonly Job[]> {
  return {
    head: "reserve-with-timeout 0",
    written: RESERVES.subarray(0, RESERVE.length * count),
    isSafe: true,
    bringsJobs: true,
    many: new JobAnswers(count, to),
    read: (reply) => [to.take(reply)],
    discard: (jobs) => {
      for (const job of jobs) to.leave(job);
    },
  };
}

/** Deletes of these jobs, in their order. */
export function deleteMany(ids: readonly number[], gone: Gone): Command<DeletedBatch> {
  const each = DELETE.length + NUMBER_BYTES_MAX + CRLF_BYTES;
  const writer = new ByteWriter(each * ids.length);
  const own = [...ids]; // the array is the caller's again
  for (const id of own) {
    writer.bytes(DELETE);
    writer.number(jobId(id));
    writer.crlf();
  }
  return {
    head: "delete",
    written: writer.written,
    jobs: own,
    many: new DeleteAnswers(own, gone),
    read: () => ({ deleted: 0, notFound: 0 }),
  };
}

function bytesOf(body: Body): Uint8Array {
  checkBody(body);
  return typeof body === "string" ? ENCODER.encode(body) : body;
}

/** What the answers to so many commands have in common. */
abstract class ManyAnswers<One, Result> implements Answers<Result> {
  readonly #count: number;
  readonly #what: string;
  #left = 0;
  #hasErrors = false;
  /** What each came to, of those that are answered. */
  protected results: (One | Error)[] = [];
  protected readonly cursor = new ReplyCursor();

  constructor(what: string, count: number) {
    this.#what = what;
    this.#count = count;
  }

  get left(): number {
    return this.#left;
  }

  begin(): void {
    this.#left = this.#count;
    this.#hasErrors = false;
    this.results = [];
  }

  skim(bytes: Uint8Array, from: number, bodyBytesMax: number): number {
    const { cursor } = this;
    let next = from;
    while (this.#left > 0 && next < bytes.length) {
      cursor.begin(bytes, next);
      if (!this.skimOne(bodyBytesMax)) break;
      next = cursor.at;
      this.#left--;
    }
    return next;
  }

  take(reply: Reply): void {
    this.#left--;
    try {
      this.results.push(this.takeOne(reply));
    } catch (error) {
      if (error instanceof BadReplyError) throw error;
      this.#hasErrors = true;
      this.results.push(asError(error));
    }
  }

  result(): Result {
    if (this.#hasErrors) throw this.#failure(this.results);
    return this.whole(this.results as One[]);
  }

  /** Answers that come later are still read, so this is told of a copy. */
  lost(reason: unknown): unknown {
    const owed = this.#count - this.results.length;
    const rest = Array.from({ length: owed }, () => asError(reason));
    return this.#failure([...this.results, ...rest]);
  }

  #failure(results: readonly (One | Error)[]): Error {
    return new SomeFailedError(this.#what, results);
  }

  /** Reads an answer at the cursor; false where it is not whole, or not one of the common ones. */
  protected abstract skimOne(bodyBytesMax: number): boolean;
  /** Reads any answer. Throws what the command alone would have rejected with. */
  protected abstract takeOne(reply: Reply): One;
  protected abstract whole(results: readonly One[]): Result;
}

/** Those of puts. */
class PutAnswers extends ManyAnswers<Inserted, readonly Inserted[]> {
  readonly #one: Command<Inserted>;

  constructor(count: number, one: Command<Inserted>) {
    super("put", count);
    this.#one = one;
  }

  protected skimOne(): boolean {
    const id = this.cursor.inserted();
    if (id < 0) return false;
    this.results.push({ id, isNew: true });
    return true;
  }

  /** What does not take the line has run the body as commands: nothing can be told any more. */
  protected takeOne(reply: Reply): Inserted {
    const isUnread = reply.word === "UNKNOWN_COMMAND" || reply.word === "BAD_FORMAT";
    if (isUnread && (this.#one.tail ?? "") === "") throw wrongAnswer("put", reply);
    return this.#one.read(reply);
  }

  protected whole(results: readonly Inserted[]): readonly Inserted[] {
    return results;
  }
}

/** Those of reserves that do not wait: jobs, and TIMED_OUT for each that is not there. */
class JobAnswers extends ManyAnswers<Job | undefined, readonly Job[]> {
  readonly #to: Receiver;
  /** A copy of what is read, from `#copiedFrom` on; -1 where there is none yet. */
  #copy = new Uint8Array(0);
  #copiedFrom = -1;

  constructor(count: number, to: Receiver) {
    super("reserve", count);
    this.#to = to;
  }

  override skim(bytes: Uint8Array, from: number, bodyBytesMax: number): number {
    this.#copiedFrom = -1;
    return super.skim(bytes, from, bodyBytesMax);
  }

  protected skimOne(bodyBytesMax: number): boolean {
    const { cursor } = this;
    const id = cursor.reserved(bodyBytesMax);
    if (id < 0) return false;
    if (this.#copiedFrom < 0) this.#copyRest(cursor.bytes, cursor.bodyFrom);
    const from = cursor.bodyFrom - this.#copiedFrom;
    const to = cursor.bodyTo - this.#copiedFrom;
    this.results.push(this.#to.hold(id, this.#copy.subarray(from, to)));
    return true;
  }

  /** One copy for all bodies: memory for each would cost more than all else here. */
  #copyRest(bytes: Uint8Array, from: number): void {
    this.#copy = new Uint8Array(bytes.subarray(from));
    this.#copiedFrom = from;
  }

  protected takeOne(reply: Reply): Job | undefined {
    if (reply.word === "RESERVED") return this.#to.take(reply);
    if (reply.word === "TIMED_OUT") return undefined;
    throw refusalOf("reserve-with-timeout 0", reply);
  }

  /** Jobs that have come are the caller's, whatever the others came to. */
  override result(): readonly Job[] {
    const jobs = this.results.filter((one) => one !== undefined && !(one instanceof Error));
    return jobs.length > 0 ? (jobs as Job[]) : super.result();
  }

  protected whole(results: readonly (Job | undefined)[]): readonly Job[] {
    return results.filter((job) => job !== undefined);
  }

  /** What had come goes back, so none is known. */
  override lost(reason: unknown): unknown {
    return reason;
  }
}

/** Those of deletes. */
class DeleteAnswers extends ManyAnswers<"deleted" | "not-found", DeletedBatch> {
  readonly #ids: readonly number[];
  readonly #gone: Gone;

  constructor(ids: readonly number[], gone: Gone) {
    super("delete", ids.length);
    this.#ids = ids;
    this.#gone = gone;
  }

  protected skimOne(): boolean {
    if (!this.cursor.deleted()) return false;
    this.#end();
    this.results.push("deleted");
    return true;
  }

  protected takeOne(reply: Reply): "deleted" | "not-found" {
    if (reply.word !== "DELETED" && reply.word !== "NOT_FOUND") throw refusalOf("delete", reply);
    this.#end();
    return reply.word === "DELETED" ? "deleted" : "not-found";
  }

  /** This client does not hold the job that comes next any more. */
  #end(): void {
    const id = this.#ids[this.results.length];
    if (id !== undefined) this.#gone(id);
  }

  protected whole(results: readonly ("deleted" | "not-found")[]): DeletedBatch {
    const deleted = results.filter((one) => one === "deleted").length;
    return { deleted, notFound: results.length - deleted };
  }
}
