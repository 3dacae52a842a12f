/* What the load says of the additions to the protocol: puts with a tag, each with a number of its
 * own, and the same commands in batches. The rest of a cycle is as without them (dialect.ts).
 */
import {
  BODY_BYTES,
  FollowingWave,
  LF,
  LineWave,
  ReserveWave,
  SPACE,
  beanstalkConversation,
  latin1,
  lineFeedIn,
  refuse,
  tubeName,
  type Conversation,
  type Wave,
} from "./dialect.ts";

/** What each put is tagged with. */
export interface Tagged {
  /** Behind which a number comes: `con:key-`. Absent: nothing. */
  readonly tag?: string;
  /** How many numbers there are, over all connections. */
  readonly keys: number;
  /**
   * What is set for the one tube that all connections share, in which a job of each number lies
   * beforehand, or the empty text for nothing. Absent: a tube for each, with nothing in it.
   */
  readonly settings?: string;
}

/** A put with the tag of its number. */
export function taggedPut({ tag }: Tagged, number: number): string {
  const tags = tag === undefined ? "" : ` ${tag}${number}`;
  return `put 0 0 60 ${BODY_BYTES}${tags}`;
}

/**
 * put, reserve, delete in waves of `pipelined`; each put with the next of the numbers that are the
 * connection's: those with the same rest when divided by `connections`.
 */
export function taggedConversation(
  connection: number,
  connections: number,
  pipelined: number,
  tagged: Tagged,
): Conversation {
  const tube = tagged.settings === undefined ? connection : 0;
  const reserves = new ReserveWave(pipelined);
  const numbers = Array.from(
    { length: Math.max(pipelined, Math.floor(tagged.keys / connections)) },
    (_, index) => (index * connections + connection) % tagged.keys,
  );
  return {
    prologue: beanstalkConversation(tube, pipelined).prologue,
    waves: [new NumberedPutWave(numbers, pipelined, tagged), reserves, new FollowingWave(reserves)],
  };
}

/** Puts alone, on the tube of the connection: jobs that stay, a number each. */
export function taggedPutConversation(
  connection: number,
  pipelined: number,
  tagged: Tagged,
): Conversation {
  const numbers = Array.from({ length: tagged.keys }, (_, index) => index + 1);
  return {
    prologue: [`use ${tubeName(connection)}`],
    waves: [new NumberedPutWave(numbers, pipelined, tagged)],
  };
}

/**
 * put, reserve, delete without tags, where `size` puts at a time, and as many deletes, are a batch.
 */
export function batchedConversation(
  connection: number,
  pipelined: number,
  size: number,
): Conversation {
  const reserves = new ReserveWave(pipelined);
  return {
    prologue: beanstalkConversation(connection, pipelined).prologue,
    waves: [new BatchedPuts(pipelined, size), reserves, new BatchedDeletes(reserves, size)],
  };
}

/** Puts, wave by wave with other numbers, until all have come; then from the first one on. */
class NumberedPutWave extends LineWave {
  readonly gain = 1;
  readonly #waves: readonly Uint8Array[];
  #next = 0;

  constructor(numbers: readonly number[], count: number, tagged: Tagged) {
    super(new Uint8Array(0), count, "INSERTED ");
    const body = "x".repeat(BODY_BYTES);
    this.#waves = Array.from({ length: Math.floor(numbers.length / count) }, (_, wave) => {
      const own = numbers.slice(wave * count, (wave + 1) * count);
      return latin1(own.map((number) => `${taggedPut(tagged, number)}\r\n${body}\r\n`).join(""));
    });
  }

  override request(): Uint8Array {
    super.request();
    const wave = this.#waves[this.#next] ?? new Uint8Array(0);
    this.#next = (this.#next + 1) % this.#waves.length;
    return wave;
  }
}

/** Commands of one kind, each answered by a line, `size` of them at a time in a batch. */
abstract class BatchWave implements Wave {
  left = 0;
  abstract readonly gain: number;
  readonly #count: number;
  readonly #size: number;
  readonly #head: string;
  readonly #first: number;
  /** Replies of the batch that are still to come; its own line is not one of them. */
  #leftOfBatch = 0;

  constructor(count: number, size: number, head: string) {
    this.#count = count;
    this.#size = size;
    this.#head = head;
    this.#first = head.charCodeAt(0);
  }

  request(): Uint8Array {
    this.left = this.#count;
    return this.commands();
  }

  /** All commands, with the lines of their batches. */
  protected abstract commands(): Uint8Array;

  scan(bytes: Uint8Array, at: number, end: number): number {
    let reply = at;
    while (this.left > 0) {
      const lineFeed = lineFeedIn(bytes, reply + SHORTEST_LINE, end);
      if (lineFeed === end) break;
      this.#take(bytes, reply, end);
      reply = lineFeed + 1;
    }
    return reply;
  }

  #take(bytes: Uint8Array, at: number, end: number): void {
    if (this.#leftOfBatch === 0) {
      if (bytes[at] !== B || bytes[at + BATCH_WORD] !== SPACE) refuse("BATCH n", bytes, at, end);
      this.#leftOfBatch = this.#size;
      return;
    }
    if (bytes[at] !== this.#first) refuse(this.#head, bytes, at, end);
    this.#leftOfBatch -= 1;
    this.left -= 1;
  }
}

class BatchedPuts extends BatchWave {
  readonly gain = 1;
  readonly #bytes: Uint8Array;

  constructor(count: number, size: number) {
    super(count, size, "INSERTED ");
    const put = `put 0 0 60 ${BODY_BYTES}\r\n${"x".repeat(BODY_BYTES)}\r\n`;
    this.#bytes = latin1(`batch ${size}\r\n${put.repeat(size)}`.repeat(count / size));
  }

  protected override commands(): Uint8Array {
    return this.#bytes;
  }
}

/** The deletes of the jobs that the reserves before brought. */
class BatchedDeletes extends BatchWave {
  readonly gain = -1;
  readonly #reserves: ReserveWave;
  readonly #size: number;
  readonly #batch: Uint8Array;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(reserves: ReserveWave, size: number) {
    super(reserves.count, size, "DELETED");
    this.#reserves = reserves;
    this.#size = size;
    this.#batch = latin1(`batch ${size}\r\n`);
    const batches = (reserves.count / size) * this.#batch.length;
    this.#bytes = new Uint8Array(reserves.following.length + batches);
  }

  protected override commands(): Uint8Array {
    const { following, followingLength } = this.#reserves;
    let to = 0;
    for (let at = 0, line = 0; at < followingLength; line += 1) {
      if (line % this.#size === 0) for (const byte of this.#batch) this.#bytes[to++] = byte;
      let byte = 0;
      do this.#bytes[to++] = byte = following[at++] ?? LF;
      while (byte !== LF);
    }
    return this.#bytes.subarray(0, to);
  }
}

const B = "B".charCodeAt(0);
const BATCH_WORD = "BATCH".length;
const SHORTEST_LINE = "BATCH 2".length;
