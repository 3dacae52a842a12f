/* Strangers who break every rule, on a server in this process that asks for tokens: damaged
 * handshakes, frames and commands, as a seed has them. Beside them somebody who is known goes on
 * working, by a WebSocket as well.
 */
import { expect, test } from "vitest";
import { additionsOf } from "../fuzz/additions.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { End, World } from "../support/session-world.ts";
import { bookOf, lineFor } from "../support/token-book.ts";
import { PLAIN_VOICE } from "../support/voice.ts";
import { clientFrame, upgradeRequest, wholeServerFrames } from "./frames.ts";
import { FramingClient } from "./framing-client.ts";

const SEED = seedHere();
const FILE = "test/websocket/hostile.test.ts";
const STRANGERS = 1500;
/** How many of them stay before the first is sent away. */
const CROWD = 40;
/**
 * How much more may be kept after all of them than after the first third: less than a request's
 * head at its longest for each.
 */
const KEPT_BYTES_MAX = 12_000_000;
const TOKEN = "the-known-one";
const SECRET = "nobody-else-may-read-this";
const HEAD_END = "\r\n\r\n";
/** What is answered to somebody who has no right or is not understood, or asks for features. */
const HARMLESS =
  /^(?:DENIED|BAD_FORMAT|UNKNOWN_COMMAND|NOT_FOUND|EXPECTED_CRLF|JOB_TOO_BIG|BATCH_REFUSED .*|WINDOW 0|OK \d+|---\nversion: [^]*|)$/;

/** Everything that a stranger sends. */
type Attack = (random: Random) => Buffer;

const ATTACKS: readonly Attack[] = [brokenHandshake, brokenFrames, damagedStream, hostileCommands];

test("strangers harm nobody", { timeout: 180_000 }, () =>
  replayable(SEED, FILE, async () => {
    const random = new Random(SEED);
    const world = new World({ shards: 2, tokens: bookOf(lineFor(TOKEN, "all:*")) });
    const known = new Known(world);
    const crowd: Stranger[] = [];
    let keptBytes = Infinity;
    for (let number = 0; number < STRANGERS; number++) {
      const stranger = new Stranger(world, random);
      stranger.attack(random.pick(ATTACKS)(random), random);
      crowd.push(stranger);
      if (crowd.length > CROWD) crowd.splice(random.below(crowd.length), 1)[0]?.leave();
      if (number % 10 === 0) known.work();
      if (number === STRANGERS / 3) keptBytes = keptNow();
    }
    for (const stranger of crowd) stranger.leave();
    world.settle();
    world.verify();
    known.work();
    expect(world.common.openConnections).toBe(1);
    expect(keptNow() - keptBytes).toBeLessThan(KEPT_BYTES_MAX);
  }),
);

/** Who has a token, and a job that nobody else may see. */
class Known {
  readonly #end: End;
  #id = 0;

  constructor(world: World) {
    this.#end = world.connectFramed(SEED);
    expect(this.#end.ask(`auth ${TOKEN}\r\n`)).toBe("AUTHENTICATED\r\n");
    this.#put();
  }

  /** The job is still there, and nothing else is. */
  work(): void {
    const reserved = `RESERVED ${this.#id} ${SECRET.length}\r\n${SECRET}\r\n`;
    expect(this.#end.ask("reserve-with-timeout 0\r\n")).toBe(reserved);
    const ends = `delete ${this.#id}\r\nreserve-with-timeout 0\r\n`;
    expect(this.#end.ask(ends)).toBe("DELETED\r\nTIMED_OUT\r\n");
    this.#put();
  }

  #put(): void {
    const put = `put 0 0 60 ${SECRET.length}\r\n${SECRET}\r\n`;
    expect(this.#end.ask(put)).toBe(`INSERTED ${++this.#id}\r\n`);
  }
}

/** One of them: by a WebSocket, or without. */
class Stranger {
  readonly #world: World;
  readonly #end: End;
  readonly #isWebSocket: boolean;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#isWebSocket = random.below(4) > 0;
    const door = this.#isWebSocket ? world.webSocketDoor(0) : world.door(0);
    this.#end = new End(world, door, PLAIN_VOICE);
  }

  /** Sends that, in pieces of any size, until it is not listened to any more. */
  attack(input: Buffer, random: Random): void {
    const most = random.pick([1, 20, 3000]);
    const pieceBytes = Math.max(most, Math.ceil(input.length / 100));
    for (let at = 0; at < input.length && !this.#end.isClosed;) {
      const length = random.between(1, pieceBytes);
      this.#end.say(input.subarray(at, at + length));
      at += length;
      if (random.oneIn(3)) this.#world.settle();
    }
    if (random.oneIn(3) && !this.#end.isClosed) this.#end.shutdown();
    this.#world.settle();
    this.#look();
  }

  leave(): void {
    this.#end.drop();
    this.#world.settle();
  }

  /** What it was told is as the rules have it, and none of it is anybody's. */
  #look(): void {
    const heard = Buffer.from(this.#end.heard(), "latin1");
    const said = this.#isWebSocket ? saidIn(heard) : heard;
    expect(said.includes(SECRET)).toBe(false);
    const lines = said.toString("latin1").split("\r\n");
    expect(lines.filter((line) => !HARMLESS.test(line))).toEqual([]);
  }
}

/** What the messages of a server bring to one who has greeted; nothing if it was not let in. */
function saidIn(heard: Buffer): Buffer {
  const end = heard.indexOf(HEAD_END);
  if (heard.length === 0) return heard;
  const head = heard.toString("latin1", 0, end);
  expect(head).toMatch(/^HTTP\/1\.1 (?:101|400|401|403|426) /);
  if (!head.startsWith("HTTP/1.1 101 ")) return Buffer.of();
  const { frames, rest } = wholeServerFrames(heard.subarray(end + HEAD_END.length));
  expect(rest.length).toBe(0);
  return Buffer.concat(frames.filter(({ opcode }) => opcode === 2).map(({ payload }) => payload));
}

/** Garbage is no memory that is kept. */
function keptNow(): number {
  collectGarbage();
  collectGarbage(); // what lay outside the heap is let go of by then
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function brokenHandshake(random: Random): Buffer {
  const more = [
    `Authorization: Bearer ${tokenOf(random)}`,
    "Origin: http://evil.example",
    `X-Long: ${"x".repeat(random.pick([10, 1000, 20_000]))}`,
    "Sec-WebSocket-Protocol: homemaker, homemaker",
    "Content-Length: 5",
    "no header at all",
  ].filter(() => random.oneIn(4));
  return spoilt(random, Buffer.from(upgradeRequest(...more), "latin1"));
}

function brokenFrames(random: Random): Buffer {
  const frames = Array.from({ length: random.between(1, 6) }, () => brokenFrame(random));
  return Buffer.concat([Buffer.from(upgradeRequest()), ...frames]);
}

function brokenFrame(random: Random): Buffer {
  if (random.oneIn(8)) return random.bytes(random.below(400));
  // A length that is longer than all that ever comes.
  if (random.oneIn(8)) return Buffer.concat([Buffer.of(0x82, 0xff), random.bytes(8)]);
  const payload = random.bytes(random.below(120));
  return clientFrame({
    opcode: random.oneIn(3) ? random.below(16) : 2,
    payload,
    isFinal: !random.oneIn(4),
    reserved: random.oneIn(8) ? random.between(1, 7) : 0,
    lengthBytes: random.oneIn(8) ? random.pick([2, 8]) : 0,
    ...(!random.oneIn(8) && { mask: random.bytes(4) }),
  });
}

/** Of one who keeps the rules, and of which some bits have turned over on the way. */
function damagedStream(random: Random): Buffer {
  const client = new FramingClient(random.word());
  const pieces = [...client.greet(), ...client.say(commandsOf(random))];
  return spoilt(random, Buffer.concat(pieces));
}

/** In order, but for what is asked. */
function hostileCommands(random: Random): Buffer {
  const client = new FramingClient(random.word());
  const framed = [...client.greet(), ...client.say(commandsOf(random)), ...client.finish()];
  return random.oneIn(4) ? commandsOf(random) : Buffer.concat(framed);
}

function commandsOf(random: Random): Buffer {
  const tries = Array.from({ length: random.below(4) }, () => `auth ${tokenOf(random)}\r\n`);
  const others = additionsOf(random.word(), 6, { pushesJobs: true });
  return Buffer.concat([...others, Buffer.from(tries.join(""), "latin1")]);
}

/** None that becomes the right one by the damage that is done to it. */
function tokenOf(random: Random): string {
  return random.pick([
    "",
    TOKEN.slice(0, 7),
    TOKEN + "x".repeat(50),
    TOKEN.toUpperCase(),
    `${TOKEN}${"\0".repeat(50)}`,
    "\xff".repeat(random.below(100)),
    "x".repeat(random.below(300)),
    random.bytes(random.below(40)).toString("latin1"),
  ]);
}

function spoilt(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length);
  const [before, behind] = [bytes.subarray(0, at), bytes.subarray(at)];
  return random.pick<() => Buffer>([
    () => before,
    () => Buffer.concat([before, behind.subarray(random.between(1, 30))]),
    () => Buffer.concat([before, random.bytes(random.between(1, 30)), behind]),
    () => Buffer.concat([before, before, behind]),
    () =>
      Buffer.from(bytes.map((byte) => (random.oneIn(100) ? byte ^ (1 << random.below(8)) : byte))),
  ])();
}
