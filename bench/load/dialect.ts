/* What the load says and hears, byte for byte: one wave is a run of pipelined commands of one kind,
 * sent in one write.
 *
 * A wave finds the ends of its replies without looking at more bytes than it must, and throws at
 * the first reply of another kind: a server that answers OUT_OF_MEMORY quickly must not look fast.
 * Ids come back in RESERVED and go out again in the wave that follows, copied digit by digit.
 * Nothing here allocates per command. Called by the pipelined load, and by the server that answers
 * without thinking, which needs the same sizes.
 */

/** Bytes of every job's body. */
export const BODY_BYTES = 100;
/** Digits of a tube's name after its prefix, fixed so that the name can be replaced in place. */
const TUBE_DIGITS = 5;
const TUBE_PREFIX = "tube-";
export const LF = 10;
export const SPACE = 32;

/** Bytes of the longest reply that the load expects, with room. */
export const REPLY_BYTES_MAX = 512;

/** A run of pipelined commands of one kind. */
export interface Wave {
  /** Replies that are still to come; the number of commands just after `request`. */
  left: number;
  /** By how much each reply changes the number of jobs: 1, -1, or absent for not at all. */
  readonly gain?: number;
  /** Of commands that follow a reservation: the ids of their jobs, in the order of the commands. */
  jobs?(): readonly string[];
  /** The bytes to send; they stay untouched until all replies are in. Sets `left`. */
  request(): Uint8Array;
  /**
   * Takes the complete replies that lie in [at, end) and lowers `left`; returns where the first
   * incomplete one begins.
   */
  scan(bytes: Uint8Array, at: number, end: number): number;
}

/**
 * A repeated cycle of waves, and the lines that prepare the connection for it, each answered by one
 * line.
 */
export interface Conversation {
  readonly prologue: readonly string[];
  readonly waves: readonly Wave[];
  /** Bytes of the longest reply, with room; if absent, REPLY_BYTES_MAX. */
  readonly replyBytesMax?: number;
}

/** The name of tube number `index`: all have the same length. */
export function tubeName(index: number): string {
  return TUBE_PREFIX + String(index).padStart(TUBE_DIGITS, "0");
}

/** The whole put command of one job, in `count` copies. */
function putBytes(count: number, bodyBytes = BODY_BYTES): Uint8Array<ArrayBuffer> {
  return latin1(`put 0 0 60 ${bodyBytes}\r\n${"x".repeat(bodyBytes)}\r\n`.repeat(count));
}

/**
 * put, reserve, delete on a tube of the connection's own, `pipelined` commands a wave.
 * @param connection number of the connection, names its tube
 */
export function beanstalkConversation(connection: number, pipelined: number): Conversation {
  const tube = tubeName(connection);
  const reserves = new ReserveWave(pipelined);
  return {
    prologue: [`use ${tube}`, `watch ${tube}`, "ignore default"],
    waves: [new PutWave(pipelined), reserves, new FollowingWave(reserves)],
  };
}

/**
 * The same by a client that never says `ignore default`: it watches that tube too, and other
 * connections may have the same tube as this one. Each reserves exactly as many as it has put, so
 * none ever waits.
 */
export function besideDefaultConversation(tube: number, pipelined: number): Conversation {
  const { prologue, waves } = beanstalkConversation(tube, pipelined);
  return { prologue: prologue.filter((line) => line !== "ignore default"), waves };
}

/** The same by a client that is sent its jobs unasked: each put brings one. */
export function windowConversation(connection: number, pipelined: number): Conversation {
  const { prologue } = beanstalkConversation(connection, pipelined);
  const jobs = new PutAndJobWave(pipelined);
  return { prologue: [...prologue, `window ${pipelined}`], waves: [jobs, new FollowingWave(jobs)] };
}

/** The same, but each job is released once, and reserved again, before it is deleted. */
export function releaseConversation(connection: number, pipelined: number): Conversation {
  const { prologue } = beanstalkConversation(connection, pipelined);
  const returning = new ReserveWave(pipelined, BODY_BYTES, RELEASE);
  const taking = new ReserveWave(pipelined);
  const giveBack = [returning, new FollowingWave(returning)];
  return {
    prologue,
    waves: [new PutWave(pipelined), ...giveBack, taking, new FollowingWave(taking)],
  };
}

/**
 * A backlog that rises and falls, on a tube of the connection's own: `height` waves of puts, as
 * many rounds of everything, and as many of reserve and delete. After it the tube is empty again.
 * @param bodyBytes at most 300: a reply must fit where a talker keeps a cut one
 */
export function tideConversation(
  connection: number,
  pipelined: number,
  { height, bodyBytes }: { height: number; bodyBytes: number },
): Conversation {
  const tube = tubeName(connection);
  const puts = new PutWave(pipelined, bodyBytes);
  const taking = new ReserveWave(pipelined, bodyBytes);
  const burying = new ReserveWave(pipelined, bodyBytes, BURY);
  const returning = new ReserveWave(pipelined, bodyBytes, RELEASE);
  const take = [taking, new FollowingWave(taking)];
  const bury = [burying, new FollowingWave(burying), new KickWave(pipelined)];
  const giveBack = [returning, new FollowingWave(returning)];
  return {
    prologue: [`use ${tube}`, `watch ${tube}`, "ignore default"],
    waves: [
      ...repeated(height, [puts]),
      ...repeated(height, [puts, ...bury, ...giveBack, ...take]),
      ...repeated(height, take),
    ],
  };
}

function repeated(times: number, waves: readonly Wave[]): Wave[] {
  return Array.from({ length: times }, () => waves).flat();
}

/** Puts alone, on the tube of the connection: jobs that stay. */
export function putConversation(
  connection: number,
  pipelined: number,
  bodyBytes = BODY_BYTES,
): Conversation {
  const waves = [new PutWave(pipelined, bodyBytes)];
  return { prologue: [`use ${tubeName(connection)}`], waves };
}

/**
 * The same over many tubes: every connection watches all of them and each wave of puts goes to
 * another one, named by a `use` in front. All connections share the jobs; each reserves exactly as
 * many as it has put, so none ever waits.
 */
export function manyTubesConversation(
  connection: number,
  pipelined: number,
  tubes: number,
): Conversation {
  const reserves = new ReserveWave(pipelined);
  const watches = Array.from({ length: tubes }, (_, index) => `watch ${tubeName(index)}`);
  return {
    prologue: [...watches, "ignore default"],
    waves: [new UseAndPutWave(pipelined, tubes, connection), reserves, new FollowingWave(reserves)],
  };
}

/** What the server that answers without thinking expects: the same commands, no preparation. */
export function mirrorConversation(pipelined: number): Conversation {
  const reserves = new ReserveWave(pipelined);
  return { prologue: [], waves: [new PutWave(pipelined), reserves, new FollowingWave(reserves)] };
}

/**
 * The sizes and canned replies of `mirrorConversation`, wave by wave. Each reply names the same
 * job, so that each delete has the same length.
 */
export const MIRROR_WAVES: readonly { readonly requestBytes: number; readonly reply: string }[] = [
  { requestBytes: putBytes(1).length, reply: "INSERTED 12345678\r\n" },
  {
    requestBytes: "reserve\r\n".length,
    reply: `RESERVED 12345678 ${BODY_BYTES}\r\n${"x".repeat(BODY_BYTES)}\r\n`,
  },
  { requestBytes: "delete 12345678\r\n".length, reply: "DELETED\r\n" },
];

/**
 * LPUSH and RPOP on a list of the connection's own: Redis has no reserve, so a job takes two
 * commands and is lost if its taker dies.
 */
export function redisConversation(connection: number, pipelined: number): Conversation {
  const list = tubeName(connection);
  const key = `$${list.length}\r\n${list}\r\n`;
  const body = `$${BODY_BYTES}\r\n${"x".repeat(BODY_BYTES)}\r\n`;
  const push = latin1(`*3\r\n$5\r\nLPUSH\r\n${key}${body}`.repeat(pipelined));
  const pop = latin1(`*2\r\n$4\r\nRPOP\r\n${key}`.repeat(pipelined));
  return {
    prologue: [],
    waves: [new LineWave(push, pipelined, ":"), new FixedWave(pop, pipelined, body)],
  };
}

export function latin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/** Throws with what the server said instead. */
export function refuse(expected: string, bytes: Uint8Array, at: number, end: number): never {
  const said = Buffer.from(bytes.subarray(at, Math.min(end, at + 80))).toString("latin1");
  throw new Error(
    `expected a reply that begins with ${JSON.stringify(expected)}, got ${JSON.stringify(said)}`,
  );
}

/** Where the first line feed in [from, end) is; `end` if there is none. */
export function lineFeedIn(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== LF) at += 1;
  return at < end ? at : end;
}

/** Commands that are answered by one line of any length, known by its first byte. */
export class LineWave implements Wave {
  left = 0;
  readonly #bytes: Uint8Array;
  readonly #count: number;
  readonly #head: string;
  readonly #first: number;

  constructor(bytes: Uint8Array, count: number, head: string) {
    this.#bytes = bytes;
    this.#count = count;
    this.#head = head;
    this.#first = head.charCodeAt(0);
  }

  request(): Uint8Array {
    this.left = this.#count;
    return this.#bytes;
  }

  scan(bytes: Uint8Array, at: number, end: number): number {
    const head = this.#head.length;
    let reply = at;
    let left = this.left;
    while (left > 0 && reply + head < end) {
      if (bytes[reply] !== this.#first) refuse(this.#head, bytes, reply, end);
      const lineFeed = lineFeedIn(bytes, reply + head, end);
      if (lineFeed === end) break;
      reply = lineFeed + 1;
      left -= 1;
    }
    this.left = left;
    return reply;
  }
}

/** Commands whose replies are the same bytes each time. */
class FixedWave implements Wave {
  left = 0;
  readonly #bytes: Uint8Array;
  readonly #count: number;
  readonly #reply: string;

  constructor(bytes: Uint8Array, count: number, reply: string) {
    this.#bytes = bytes;
    this.#count = count;
    this.#reply = reply;
  }

  request(): Uint8Array {
    this.left = this.#count;
    return this.#bytes;
  }

  scan(bytes: Uint8Array, at: number, end: number): number {
    return skipFixed(this, this.#reply, bytes, at, end);
  }
}

/** Steps over replies of one known length, looking at the first and the last byte of each. */
function skipFixed(wave: Wave, text: string, bytes: Uint8Array, at: number, end: number): number {
  const size = text.length;
  const first = text.charCodeAt(0);
  let reply = at;
  let left = wave.left;
  while (left > 0 && reply + size <= end) {
    if (bytes[reply] !== first || bytes[reply + size - 1] !== LF) refuse(text, bytes, reply, end);
    reply += size;
    left -= 1;
  }
  wave.left = left;
  return reply;
}

class PutWave extends LineWave {
  readonly gain = 1;

  constructor(count: number, bodyBytes = BODY_BYTES) {
    super(putBytes(count, bodyBytes), count, "INSERTED ");
  }
}

/** One kick of as many buried jobs as a wave has buried. */
class KickWave extends FixedWave {
  constructor(jobs: number) {
    super(latin1(`kick ${jobs}\r\n`), 1, `KICKED ${jobs}\r\n`);
  }
}

/** A `use` of the next tube, then the puts. */
class UseAndPutWave implements Wave {
  left = 0;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #puts: PutWave;
  readonly #tubes: number;
  readonly #using: string;
  #tube: number;

  constructor(count: number, tubes: number, connection: number) {
    const use = latin1(`use ${tubeName(0)}\r\n`);
    this.#puts = new PutWave(count);
    const puts = this.#puts.request();
    this.#bytes = new Uint8Array(use.length + puts.length);
    this.#bytes.set(use);
    this.#bytes.set(puts, use.length);
    this.#tubes = tubes;
    this.#using = `USING ${tubeName(0)}\r\n`;
    this.#tube = connection;
  }

  request(): Uint8Array {
    // A step prime to any round number of tubes visits all of them, far from the one before.
    this.#tube = (this.#tube + 617) % this.#tubes;
    let rest = this.#tube;
    for (
      let digit = "use ".length + TUBE_PREFIX.length + TUBE_DIGITS - 1, n = 0;
      n < TUBE_DIGITS;
      n += 1, digit -= 1
    ) {
      this.#bytes[digit] = 48 + (rest % 10);
      rest = Math.trunc(rest / 10);
    }
    this.#puts.request();
    this.left = this.#puts.left + 1;
    return this.#bytes;
  }

  scan(bytes: Uint8Array, at: number, end: number): number {
    let reply = at;
    if (this.left > this.#puts.left) {
      if (reply + this.#using.length > end) return reply;
      if (bytes[reply] !== this.#using.charCodeAt(0)) refuse(this.#using, bytes, reply, end);
      reply += this.#using.length;
    }
    reply = this.#puts.scan(bytes, reply, end);
    this.left = this.#puts.left;
    return reply;
  }
}

/**
 * What is done with a job that was reserved: the command around its id, its reply, and what that
 * changes.
 */
interface FollowUp {
  readonly before: Uint8Array;
  readonly behind: Uint8Array;
  readonly reply: string;
  readonly gain: number;
}

const DELETE = followUp("delete ", "\r\n", "DELETED\r\n", -1);
const BURY = followUp("bury ", " 5\r\n", "BURIED\r\n", 0);
const RELEASE = followUp("release ", " 7 0\r\n", "RELEASED\r\n", 0);

function followUp(before: string, behind: string, reply: string, gain: number): FollowUp {
  return { before: latin1(before), behind: latin1(behind), reply, gain };
}

/** Reserves, whose ids are copied into the commands to come. */
export class ReserveWave implements Wave {
  left = 0;
  readonly count: number;
  readonly followUp: FollowUp;
  readonly following: Uint8Array<ArrayBuffer>;
  followingLength = 0;
  readonly #bytes: Uint8Array;
  /** What follows the id in a reply. */
  readonly #tail: number;

  constructor(count: number, bodyBytes = BODY_BYTES, following: FollowUp = DELETE) {
    this.count = count;
    this.followUp = following;
    const around = following.before.length + following.behind.length;
    this.following = new Uint8Array(count * (around + "18446744073709551615".length));
    this.#bytes = latin1("reserve\r\n".repeat(count));
    this.#tail = ` ${bodyBytes}\r\n`.length + bodyBytes + "\r\n".length;
  }

  request(): Uint8Array {
    this.left = this.count;
    this.followingLength = 0;
    return this.#bytes;
  }

  scan(bytes: Uint8Array, at: number, end: number): number {
    const head = "RESERVED ".length;
    const tail = this.#tail;
    let reply = at;
    while (this.left > 0 && reply + head + tail < end) {
      if (bytes[reply] !== 82 || bytes[reply + 2] !== 83) refuse("RESERVED ", bytes, reply, end);
      let cursor = reply + head;
      while (cursor < end && bytes[cursor] !== SPACE) cursor += 1;
      if (cursor + tail > end) break;
      if (bytes[cursor + tail - 1] !== LF) refuse("RESERVED id bytes", bytes, reply, end);
      this.appendFollowing(bytes, reply + head, cursor);
      reply = cursor + tail;
      this.left -= 1;
    }
    return reply;
  }

  protected appendFollowing(bytes: Uint8Array, from: number, to: number): void {
    const { before, behind } = this.followUp;
    const out = this.following;
    let at = this.followingLength;
    for (let index = 0; index < before.length; index += 1) out[at++] = before[index] ?? 0;
    for (let index = from; index < to; index += 1) out[at++] = bytes[index] ?? 0;
    for (let index = 0; index < behind.length; index += 1) out[at++] = behind[index] ?? 0;
    this.followingLength = at;
  }
}

/** Puts, each of which is answered and brings a job; its JOB counts as the answer to a reserve. */
class PutAndJobWave extends ReserveWave {
  readonly gain = 0;
  readonly #puts: Uint8Array;

  constructor(count: number) {
    super(count);
    this.#puts = putBytes(count);
  }

  override request(): Uint8Array {
    super.request();
    this.left = 2 * this.count;
    return this.#puts;
  }

  override scan(bytes: Uint8Array, at: number, end: number): number {
    let reply = at;
    while (this.left > 0 && reply + 4 < end) {
      const isJob = bytes[reply] === 74; // J
      if (!isJob && bytes[reply] !== 73) refuse("INSERTED or JOB", bytes, reply, end);
      const lineFeed = lineFeedIn(bytes, reply, end);
      const next = lineFeed + 1 + (isJob ? BODY_BYTES + "\r\n".length : 0);
      if (lineFeed === end || next > end) break;
      if (isJob) this.#appendJob(bytes, reply + "JOB ".length);
      reply = next;
      this.left -= 1;
    }
    return reply;
  }

  #appendJob(bytes: Uint8Array, from: number): void {
    let to = from;
    while (bytes[to] !== SPACE) to += 1;
    this.appendFollowing(bytes, from, to);
  }
}

/** What follows for the jobs that the reserves before brought. */
export class FollowingWave implements Wave {
  left = 0;
  readonly gain: number;
  readonly #reserves: ReserveWave;
  readonly #reply: string;

  constructor(reserves: ReserveWave) {
    this.#reserves = reserves;
    this.#reply = reserves.followUp.reply;
    this.gain = reserves.followUp.gain;
  }

  request(): Uint8Array {
    this.left = this.#reserves.count;
    return this.#commands();
  }

  jobs(): readonly string[] {
    const lines = Buffer.from(this.#commands()).toString("latin1").split("\r\n");
    return lines.slice(0, -1).map((line) => line.split(" ")[1] ?? "");
  }

  #commands(): Uint8Array {
    return this.#reserves.following.subarray(0, this.#reserves.followingLength);
  }

  scan(bytes: Uint8Array, at: number, end: number): number {
    return skipFixed(this, this.#reply, bytes, at, end);
  }
}
