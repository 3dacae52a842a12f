/* Long bodies leave in pieces as the client takes them, and none is ever torn. */
import { describe, expect, test } from "vitest";
import { World } from "../support/session-world.ts";
import type { End } from "../support/session-world.ts";

const BYTES = 3_000_000;
const MAX_OUTPUT = 200_000;
/** What a step of sending may add to that. */
const STEP_BYTES = 4 * 65_536;
const BODY = Buffer.alloc(BYTES, "0123456789abcdefghi").toString("latin1"); // no divisor of a piece

function worldWithLongJob(threads = 1): { world: World; putter: End } {
  const limits = { maxJobBytes: 2 * BYTES, maxOutputBytes: MAX_OUTPUT };
  const world = new World({ threads, limits });
  const putter = world.connect();
  expect(putter.ask(`put 0 0 60 ${BYTES}\r\n${BODY}\r\n`)).toBe("INSERTED 1\r\n");
  return { world, putter };
}

/** All that comes when the client reads on and on. */
function readOn(world: World, client: End): string {
  let heard = client.heard();
  for (let rounds = 0; rounds < 1000; rounds++) {
    client.read();
    world.settle();
    const more = client.heard();
    if (more === "" && client.backlogBytes === 0) return heard;
    heard += more;
  }
  throw new Error("it never ends");
}

describe("a client that does not read", () => {
  test.each([
    ["peek 1", "FOUND"],
    ["peek-ready", "FOUND"],
    ["reserve", "RESERVED"],
  ])(
    "%s: has little more than the most output waiting, and gets all when it reads",
    (ask, word) => {
      const { world } = worldWithLongJob();
      const client = world.connect();
      client.reads = false;
      client.say(`${ask}\r\nlist-tube-used\r\n`);
      world.settle();
      expect(client.backlogBytes).toBeGreaterThan(MAX_OUTPUT);
      expect(client.backlogBytes).toBeLessThan(MAX_OUTPUT + STEP_BYTES);
      const heard = readOn(world, client);
      expect(heard === `${word} 1 ${BYTES}\r\n${BODY}\r\nUSING default\r\n`).toBe(true);
      world.verify();
    },
  );

  test("reserve-batch: has little more than the most output waiting, and gets all when it reads", () => {
    const { world, putter } = worldWithLongJob();
    putter.ask("put 0 0 60 1\r\nx\r\n");
    const client = world.connect();
    client.reads = false;
    client.say("reserve-batch 9\r\nreserve-batch 9\r\n");
    world.settle();
    expect(client.backlogBytes).toBeLessThan(MAX_OUTPUT + STEP_BYTES);
    putter.ask("flush-tube default\r\n");
    const heard = readOn(world, client);
    // The second job was left, because the first one was more than may wait; then it was flushed.
    const wanted = `RESERVED_BATCH 1\r\nRESERVED 1 ${BYTES}\r\n${BODY}\r\nRESERVED_BATCH 0\r\n`;
    expect(heard === wanted).toBe(true);
    world.verify();
  });

  test("of a reserve-batch that goes leaves no body pinned", () => {
    const { world, putter } = worldWithLongJob();
    const body = `put 0 0 60 100000\r\n${BODY.slice(0, 100_000)}\r\n`;
    /** Bytes in use when two jobs were reserved by a client that reads or does not, and flushed. */
    const usedAfter = (reads: boolean): string => {
      putter.ask(body.repeat(2));
      const client = world.connect();
      client.reads = reads;
      client.say("reserve-batch 9\r\n");
      if (reads) world.settle();
      client.drop();
      world.settle();
      expect(putter.ask("flush-tube default\r\n")).toBe("FLUSHED 2\r\n");
      return /memory-used: \d+/.exec(putter.ask("stats\r\n"))?.[0] ?? "";
    };
    putter.ask("delete 1\r\n");
    const used = usedAfter(true);
    expect([usedAfter(false), world.host().desk.bodiesUnderWay]).toEqual([used, 0]);
    world.verify();
  });

  test("gets a job's whole body although somebody deletes it meanwhile, once or for several", () => {
    const { world, putter } = worldWithLongJob(2);
    const readers = [world.connect(0), world.connect(1), world.connect(1)];
    for (const reader of readers) {
      reader.reads = false;
      reader.say("peek 1\r\n");
      world.settle();
    }
    expect(putter.ask("delete 1\r\n")).toBe("DELETED\r\n");
    expect(putter.ask("peek 1\r\n")).toBe("NOT_FOUND\r\n");
    world.verify();
    expect(putter.ask(`put 0 0 60 ${BYTES}\r\n${"z".repeat(BYTES)}\r\n`)).toBe("INSERTED 2\r\n");
    const [first, second, third] = readers;
    third?.drop();
    world.verify();
    for (const reader of [first, second]) {
      const heard = reader === undefined ? "" : readOn(world, reader);
      expect(heard === `FOUND 1 ${BYTES}\r\n${BODY}\r\n`).toBe(true);
      world.verify();
    }
    expect(world.hosts.map(({ holdsReplies }) => holdsReplies)).toEqual([false, false]);
  });

  test("gets what it was granted while it waited", () => {
    const limits = { maxJobBytes: 2 * BYTES, maxOutputBytes: MAX_OUTPUT };
    const world = new World({ limits });
    const [client, putter] = [world.connect(), world.connect()];
    client.reads = false;
    client.say("reserve\r\ndelete 1\r\n");
    putter.ask(`put 0 0 60 ${BYTES}\r\n${BODY}\r\n`);
    expect(client.backlogBytes).toBeLessThan(MAX_OUTPUT + STEP_BYTES);
    const heard = readOn(world, client);
    expect(heard === `RESERVED 1 ${BYTES}\r\n${BODY}\r\nDELETED\r\n`).toBe(true);
    world.verify();
  });
});

test("peek-reserved and a half-close behind it: all of the body comes before the end", () => {
  const { world } = worldWithLongJob();
  const [holder, client] = [world.connect(), world.connect()];
  holder.ask("reserve\r\n");
  client.reads = false;
  client.say("peek-reserved\r\n");
  client.shutdown();
  world.settle();
  expect(client.isClosed).toBe(false);
  const heard = readOn(world, client);
  expect(heard === `FOUND 1 ${BYTES}\r\n${BODY}\r\n`).toBe(true);
  expect(client.isClosed).toBe(true);
});

test("others have their turn between two pieces", () => {
  const { world } = worldWithLongJob();
  const [client, other] = [world.connect(), world.connect()];
  client.say("peek 1\r\n");
  let turns = 0;
  while (world.hasLater) {
    expect(other.say("list-tube-used\r\n").heard()).toBe("USING default\r\n");
    world.goOn();
    turns++;
  }
  expect(turns).toBeGreaterThan(10);
  expect(client.heard() === `FOUND 1 ${BYTES}\r\n${BODY}\r\n`).toBe(true);
});

test("the memory of a deleted body is there again when its last reader is done", () => {
  const limits = { maxJobBytes: 2 * BYTES, maxOutputBytes: MAX_OUTPUT };
  const world = new World({ sparePages: 20, limits });
  const [client, putter] = [world.connect(), world.connect()];
  const body = BODY.slice(0, 700_000); // of which two do not fit
  const put = `put 0 0 60 ${body.length}\r\n${body}\r\n`;
  expect(putter.ask(put)).toBe("INSERTED 1\r\n");
  client.reads = false;
  client.say("peek 1\r\n");
  world.settle();
  putter.ask("delete 1\r\n");
  expect(putter.ask(put)).toBe("OUT_OF_MEMORY\r\n");
  client.drop();
  expect(putter.ask(put)).toMatch(/^INSERTED /);
  world.verify();
});
