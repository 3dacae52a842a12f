/* Direct: a put, a reserve and a delete that are answered before the call returns, where the other
 * end is in this process and nothing else is under way.
 *
 *   call -> bytes of the command -> session -> bytes of the answer -> promise, resolved already
 *
 * What a call costs otherwise, its place in two lists, its deadline, a microtask, a reply as an
 * object, is several times what the engine takes for the command. Invariants: what is asked here
 * means what it means elsewhere; whatever is not the plain case, and whatever is answered later or
 * otherwise, is a call like any other (caller.ts). Used by client.ts.
 */
import type { Call } from "./call.ts";
import type { Caller } from "./caller.ts";
import type { AnyCall } from "./client-call.ts";
import { ByteWriter, CRLF_BYTES, NUMBER_BYTES_MAX } from "./byte-writer.ts";
import type { Body } from "./command-writer.ts";
import { remove } from "./commands/ends.ts";
import { isReadable, put } from "./commands/put.ts";
import type { Inserted, PutOptions } from "./commands/put.ts";
import type { Exchange } from "./connection.ts";
import type { CallOptions, Job } from "./job.ts";
import { isPlain, plainPut } from "./plain-options.ts";
import type { PlainPut } from "./plain-options.ts";
import { ReplyCursor } from "./reply-cursor.ts";
import { Slab } from "./slab.ts";

const ENCODER = new TextEncoder();
const PUT = ENCODER.encode("put ");
const SPACE = ENCODER.encode(" ");
const RESERVE = ENCODER.encode("reserve\r\n");
const DELETE = ENCODER.encode("delete ");
const NOTHING = new Uint8Array(0);
/** Longer bodies are put in the usual way: the call is not what they cost. */
const BODY_BYTES_MAX = 4096;
const COMMAND_BYTES_MAX = BODY_BYTES_MAX + 4 * NUMBER_BYTES_MAX + 2 * CRLF_BYTES + 16;

/** What one client's calls have in common here. */
class Shared {
  readonly caller: Caller;
  readonly writer = new ByteWriter(COMMAND_BYTES_MAX);
  readonly cursor = new ReplyCursor();

  constructor(caller: Caller) {
    this.caller = caller;
  }
}

/** The direct way of one client. */
export class Direct {
  readonly #shared: Shared;
  readonly #put: PutExchange;
  readonly #reserve: ReserveExchange;
  readonly #delete: DeleteExchange;
  readonly #head = new ByteWriter(PUT.length + 3 * (NUMBER_BYTES_MAX + 1));
  #pri = -1;
  #delaySeconds = -1;
  #ttrSeconds = -1;

  constructor(caller: Caller) {
    this.#shared = new Shared(caller);
    this.#put = new PutExchange(this.#shared);
    this.#reserve = new ReserveExchange(this.#shared);
    this.#delete = new DeleteExchange(this.#shared);
  }

  /** Undefined where it has to be put in the usual way, which also says what is wrong with it. */
  put(body: Body, options: PutOptions & CallOptions = {}): Promise<Inserted> | undefined {
    const connection = this.#shared.caller.free;
    const how = plainPut(options);
    if (connection === undefined || how === undefined) return undefined;
    if (!isReadable(body) || body.length > BODY_BYTES_MAX) return undefined;
    this.#writeHead(how);
    const { writer } = this.#shared;
    writer.clear();
    writer.put(this.#head.written, body, NOTHING);
    const exchange = this.#put;
    exchange.body = body;
    exchange.options = options;
    if (connection.exchange(writer.written, exchange)) {
      return Promise.resolve({ id: exchange.id, isNew: true });
    }
    return exchange.later();
  }

  /** Writes the beginning of the line, unless it is the last one's. */
  #writeHead({ pri, delaySeconds, ttrSeconds }: PlainPut): void {
    const isKnown =
      pri === this.#pri && delaySeconds === this.#delaySeconds && ttrSeconds === this.#ttrSeconds;
    if (isKnown) return;
    const head = this.#head;
    head.clear();
    head.bytes(PUT);
    for (const number of [pri, delaySeconds, ttrSeconds]) {
      head.number(number);
      head.bytes(SPACE);
    }
    this.#pri = pri;
    this.#delaySeconds = delaySeconds;
    this.#ttrSeconds = ttrSeconds;
  }

  /**
   * Undefined as with `put`. A reserve that waits and comes to nothing is gone on with by `again`.
   */
  reserve(options: CallOptions, again: () => Promise<Job>): Promise<Job> | undefined {
    const connection = this.#shared.caller.free;
    if (connection === undefined || !isPlain(options)) return undefined;
    if (this.#shared.caller.state.window > 0) return undefined;
    const exchange = this.#reserve;
    if (!connection.exchange(RESERVE, exchange) || exchange.job === undefined) {
      return exchange.later().then((job) => job ?? again());
    }
    return Promise.resolve(exchange.job);
  }

  /** Undefined as with `put`. */
  delete(id: number, options: CallOptions = {}): Promise<void> | undefined {
    const connection = this.#shared.caller.free;
    if (connection === undefined || !isPlain(options)) return undefined;
    if (!Number.isSafeInteger(id) || id < 0) return undefined;
    const { writer } = this.#shared;
    writer.clear();
    writer.bytes(DELETE);
    writer.number(id);
    writer.crlf();
    const exchange = this.#delete;
    exchange.id = id;
    if (connection.exchange(writer.written, exchange)) return DONE;
    return exchange.later();
  }
}

const DONE = Promise.resolve();

/** One command, used again and again; what it is asked for stands in fields. */
abstract class DirectExchange<Result> implements Exchange {
  protected readonly shared: Shared;
  #promise: Promise<Result> | undefined;

  constructor(shared: Shared) {
    this.shared = shared;
  }

  abstract read(bytes: Uint8Array, bodyBytesMax: number): boolean;

  /** Makes the call; `resolve` and `reject` tell what comes of it. */
  protected abstract make(
    resolve: (result: Result) => void,
    reject: (reason: unknown) => void,
  ): AnyCall;

  call(): Call {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#promise = promise;
    return this.make(resolve, reject);
  }

  /** What comes of the call that was made. */
  later(): Promise<Result> {
    const promise = this.#promise ?? Promise.reject(new Error("no call was made"));
    this.#promise = undefined;
    return promise;
  }
}

class PutExchange extends DirectExchange<Inserted> {
  body: Uint8Array = NOTHING;
  options: PutOptions = {};
  id = 0;

  read(bytes: Uint8Array): boolean {
    const { cursor } = this.shared;
    cursor.begin(bytes, 0);
    this.id = cursor.inserted();
    return this.id >= 0 && cursor.isAtEnd;
  }

  protected make(resolve: (result: Inserted) => void, reject: (reason: unknown) => void): AnyCall {
    return this.shared.caller.sent(put(this.body, this.options), resolve, reject);
  }
}

class ReserveExchange extends DirectExchange<Job | undefined> {
  job: Job | undefined;
  readonly #slab = new Slab();

  read(bytes: Uint8Array, bodyBytesMax: number): boolean {
    const { cursor, caller } = this.shared;
    cursor.begin(bytes, 0);
    const id = cursor.reserved(bodyBytesMax);
    if (id < 0 || !cursor.isAtEnd) return false;
    this.job = caller.receiving.hold(id, this.#slab.copy(bytes, cursor.bodyFrom, cursor.bodyTo));
    return true;
  }

  protected make(
    resolve: (job: Job | undefined) => void,
    reject: (reason: unknown) => void,
  ): AnyCall {
    return this.shared.caller.sentReserve(resolve, reject);
  }
}

class DeleteExchange extends DirectExchange<void> {
  id = 0;

  read(bytes: Uint8Array): boolean {
    const { cursor, caller } = this.shared;
    cursor.begin(bytes, 0);
    if (!cursor.deleted() || !cursor.isAtEnd) return false;
    caller.gone(this.id);
    return true;
  }

  protected make(resolve: () => void, reject: (reason: unknown) => void): AnyCall {
    const { caller } = this.shared;
    return caller.sent(remove(this.id, caller.gone), resolve, reject);
  }
}
