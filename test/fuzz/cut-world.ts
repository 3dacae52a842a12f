/* Plays input to a server in virtual time, cut in some way, and hears what each reply was.
 *
 * A world has jobs of another client from the beginning, of which that holds some. Behind the input
 * comes what ends every body and batch that it left open, and a command whose answer is the last:
 * one that does not come, if the connection is open, is a hang.
 */
import { ReplyReader } from "../../src/protocol/reply-reader.ts";
import type { Reply } from "../../src/protocol/reply-reader.ts";
import { Random } from "../support/random.ts";
import { World } from "../support/session-world.ts";
import { BODY_BYTES_MAX } from "./additions.ts";

/** What came of some input. */
export interface Heard {
  /** The replies to commands, as text. */
  readonly replies: readonly string[];
  /**
   * What was pushed about jobs that are held, and then what was about awaited ones: both in their
   * order, but how they mix is a matter of what came together.
   */
  readonly pushes: readonly string[];
  /** The last command was answered, or the server closed the connection. */
  readonly ending: "answered" | "closed" | "silent";
}

/** Where input is cut: the pieces, in order. */
export type Cuts = (input: Buffer) => Iterable<Buffer>;

const END = "use the-end\r\n";
const FILLER = "\r\n".repeat(BODY_BYTES_MAX / 2 + 1);
const PLACES = [
  { tube: "default", count: 4 },
  { tube: "a", count: 3 },
  { tube: "b", count: 3 },
] as const;

/**
 * Plays the input to a fresh server, by a WebSocket that frames as the seed has it, if there is
 * one. Throws if a reply is none, or an invariant is broken.
 */
export function hear(input: Buffer, cuts: Cuts, shards: number, framing?: number): Heard {
  const world = new World({ shards, limits: { maxJobBytes: 250 } });
  const other = world.connect();
  for (const { tube, count } of PLACES) {
    other.ask(`use ${tube}\r\nwatch ${tube}\r\n`);
    for (let job = 0; job < count; job++) other.ask(`put ${job} ${job % 2} 600 1\r\nx\r\n`);
  }
  other.ask("reserve-with-timeout 0\r\nreserve-with-timeout 0\r\n");
  const client = framing === undefined ? world.connect() : world.connectFramed(framing);
  for (const piece of cuts(Buffer.concat([input, Buffer.from(FILLER + END)]))) {
    if (client.isGone) break;
    client.say(piece);
    world.settle();
  }
  world.verify();
  const found: Reply[] = [];
  new ReplyReader((reply) => found.push(reply), 2 ** 20).take(
    Buffer.from(client.heard(), "latin1"),
  );
  const pushes = found.filter(({ isPush }) => isPush);
  const isAnswered = found.some(({ line }) => line === "USING the-end");
  return {
    replies: found.filter(({ isPush }) => !isPush).map(textOf),
    pushes: [
      ...pushes.filter(({ word }) => word !== "DONE"),
      ...pushes.filter(({ word }) => word === "DONE"),
    ].map(textOf),
    ending: isAnswered ? "answered" : client.isClosed ? "closed" : "silent",
  };
}

const MEMORY_USED = /memory-used: \d+/;

/**
 * As text, but for the memory that input took which was not whole yet, and the length of a body
 * that says so.
 */
function textOf({ line, body, replies = [] }: Reply): string {
  const said = Buffer.from(body).toString("latin1");
  const text = MEMORY_USED.test(said) ? said.replace(MEMORY_USED, "") : `${line} ${said}`;
  return [text, ...replies.map(textOf)].join("; ");
}

/** All of it at once. */
export function whole(input: Buffer): Buffer[] {
  return [input];
}

/** Single bytes, but for what ends the input. */
export function* bytes(input: Buffer): Iterable<Buffer> {
  const end = Math.max(0, input.length - FILLER.length - END.length);
  for (let at = 0; at < end; at++) yield input.subarray(at, at + 1);
  yield input.subarray(end);
}

/** Two pieces. */
export function after(place: number): Cuts {
  return (input) => [input.subarray(0, place), input.subarray(place)];
}

/** Pieces of all sizes. */
export function anywhere(seed: number): Cuts {
  return function* pieces(input) {
    const random = new Random(seed);
    const most = random.pick([3, 20, 200]);
    for (let at = 0; at < input.length;) {
      const length = random.between(1, most);
      yield input.subarray(at, at + length);
      at += length;
    }
  };
}
