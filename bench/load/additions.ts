/* What the load says of the additions to the protocol: puts with a tag, each with a number of its
 * own, and the same commands in batches. The rest of a cycle is as without them (dialect.ts).
 */
import {
  BODY_BYTES,
  FollowingWave,
  LineWave,
  ReserveWave,
  beanstalkConversation,
  latin1,
  refuse,
  tubeName,
  type Conversation,
  type Wave,
} from "./dialect.ts";

const LF = 10;

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

/** The same without tags, where `size` puts at a time, and as many deletes, are a batch. */
export function batchedConversation(
  connection: number,
  pipelined: number,
  size: number,
): Conversation {
  const reserves = new ReserveWave(pipelined);
  const put = latin1(`put 0 0 60 ${BODY_BYTES}\r\n${"x".repeat(BODY_BYTES)}\r\n`);
  const puts = Array.from({ length: pipelined }, () => put);
  return {
    prologue: [`use ${tubeName(connection)}`, `watch ${tubeName(connection)}`, "ignore default"],
    waves: [
      new BatchWave(() => puts, size, "INSERTED ", 1),
      reserves,
      new BatchWave(() => linesOf(new FollowingWave(reserves).request()), size, "DELETED", -1),
    ],
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
class BatchWave implements Wave {
  left = 0;
  readonly gain: number;
  readonly #commands: () => readonly Uint8Array[];
  readonly #size: number;
  readonly #head: Uint8Array;
  readonly #headText: string;
  readonly #batch: Uint8Array;
  /** Replies of the batch that are still to come; its own line is not one of them. */
  #leftOfBatch = 0;

  constructor(commands: () => readonly Uint8Array[], size: number, head: string, gain: number) {
    this.#commands = commands;
    this.#size = size;
    this.#headText = head;
    this.#head = latin1(head);
    this.#batch = latin1(`batch ${size}\r\n`);
    this.gain = gain;
  }

  request(): Uint8Array {
    const commands = this.#commands();
    this.left = commands.length;
    return Buffer.concat(
      commands.flatMap((command, at) =>
        at % this.#size === 0 ? [this.#batch, command] : [command],
      ),
    );
  }

  scan(bytes: Uint8Array, at: number, end: number): number {
    let reply = at;
    while (this.left > 0) {
      const next = bytes.indexOf(LF, reply) + 1;
      if (next === 0 || next > end) break;
      this.#take(bytes, reply, end);
      reply = next;
    }
    return reply;
  }

  #take(bytes: Uint8Array, at: number, end: number): void {
    if (this.#leftOfBatch === 0) {
      if (bytes[at] !== B || bytes[at + BATCH_WORD] !== SPACE) refuse("BATCH n", bytes, at, end);
      this.#leftOfBatch = this.#size;
      return;
    }
    if (bytes[at] !== this.#head[0]) refuse(this.#headText, bytes, at, end);
    this.#leftOfBatch -= 1;
    this.left -= 1;
  }
}

const B = "B".charCodeAt(0);
const SPACE = " ".charCodeAt(0);
const BATCH_WORD = "BATCH".length;

/** The lines of pipelined commands, each with its end. */
function linesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const next = bytes.indexOf(LF, at) + 1;
    lines.push(bytes.subarray(at, next));
    at = next;
  }
  return lines;
}
