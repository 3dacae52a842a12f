/* A client that does not read is not read from, and none has the thread for itself. */
import { describe, expect, test } from "vitest";
import { World } from "../support/session-world.ts";

const BIG = 60_000;
const PUT_BIG = `put 0 0 9 ${BIG}\r\n${"x".repeat(BIG)}\r\n`;

describe("a client that does not read", () => {
  test("is not read from once more than the most output waits, and goes on where it was when it reads", () => {
    const world = new World({ limits: { maxOutputBytes: 200_000 } });
    world.connect().ask(PUT_BIG);
    const client = world.connect();
    client.reads = false;
    client.say("peek 1\r\n".repeat(100));
    world.settle();
    expect(client.isPaused).toBe(true);
    const first = client.heard().length;
    // At most what fits one buffer of output more.
    expect(first).toBeGreaterThan(200_000);
    expect(first).toBeLessThan(200_000 + 2 * 262_144);
    client.say("list-tube-used\r\n");
    world.settle();
    expect(client.heard()).toBe("");

    let rest = "";
    for (let round = 0; round < 100 && !rest.endsWith("USING default\r\n"); round++) {
      client.read();
      world.settle();
      rest += client.heard();
    }
    expect(first + rest.length).toBe(100 * (BIG + "FOUND 1 60000\r\n\r\n".length) + 15);
    expect(rest.endsWith("\r\nUSING default\r\n")).toBe(true);
    client.read();
    world.settle();
    expect(client.isPaused).toBe(false);
  });

  test("gets no more jobs by reserves that it sent at once", () => {
    const world = new World({ limits: { maxOutputBytes: 200_000 } });
    world.connect().ask(PUT_BIG.repeat(100));
    const client = world.connect();
    client.reads = false;
    client.say("reserve-with-timeout 0\r\n".repeat(100));
    world.settle();
    const first = client.heard().length;
    expect(first).toBeGreaterThan(200_000);
    expect(first).toBeLessThan(200_000 + 2 * 262_144);
    let rest = "";
    for (let round = 0; round < 100 && client.isPaused; round++) {
      client.read();
      world.settle();
      rest += client.heard();
    }
    expect(first + rest.length).toBeGreaterThan(100 * BIG);
    world.verify();
  });

  test.each([
    { asks: "a window", said: "window 100\r\n" },
    { asks: "reserves", said: "reserve-with-timeout 0\r\n".repeat(100) },
  ])(
    "and whose connection breaks in the middle of a turn gets no job after that ($asks)",
    ({ said }) => {
      const world = new World();
      const giver = world.connect();
      giver.ask(PUT_BIG.repeat(100));
      const client = world.connect();
      client.backlogBytes = Infinity;
      client.say(said);
      world.settle();
      const [, ready] = /current-jobs-ready: (\d+)/.exec(giver.ask("stats\r\n")) ?? [];
      expect(Number(ready)).toBeGreaterThan(90);
      giver.ask("put 0 0 60 1\r\nx\r\n");
      expect(giver.ask("stats\r\n")).toContain(`current-jobs-ready: ${Number(ready) + 1}\n`);
    },
  );

  test("costs the others nothing", () => {
    const world = new World({ limits: { maxOutputBytes: 100_000 } });
    const other = world.connect();
    other.ask(PUT_BIG);
    const client = world.connect();
    client.reads = false;
    client.say("peek 1\r\n".repeat(20));
    world.settle();
    expect(other.ask("list-tube-used\r\n")).toBe("USING default\r\n");
  });

  test("leaves nothing behind when it goes away meanwhile", () => {
    const world = new World({ limits: { maxOutputBytes: 100_000 } });
    world.connect().ask(PUT_BIG);
    const client = world.connect();
    client.reads = false;
    client.say("peek 1\r\n".repeat(20));
    world.settle();
    client.drop();
    client.read();
    world.settle();
    world.verify();
  });
});

describe("a huge pipeline", () => {
  test("gives the others their turn after its share of commands, and is answered completely", () => {
    const world = new World({ limits: { commandsPerTurn: 10 } });
    const [greedy, other] = [world.connect(), world.connect()];
    greedy.say("put 0 0 9 1\r\na\r\n".repeat(1000));
    expect(greedy.heard().split("\r\n").length - 1).toBeLessThanOrEqual(11);
    expect(world.hasLater).toBe(true);
    expect(other.say("put 0 0 9 1\r\nb\r\n").heard()).toMatch(/^INSERTED 1[0-2]\r\n$/);
    let turns = 0;
    while (world.hasLater) {
      world.goOn();
      turns += 1;
    }
    expect(turns).toBeGreaterThanOrEqual(Math.floor(990 / 11));
    expect(greedy.heard().split("\r\n").length - 1).toBeGreaterThanOrEqual(989);
    expect(world.lastId()).toBe(1001);
  });

  test("of commands that the engine does not run yields as well", () => {
    const world = new World({ limits: { commandsPerTurn: 10 } });
    const greedy = world.connect();
    greedy.say("use a\r\n".repeat(100));
    expect(greedy.heard()).toBe("USING a\r\n".repeat(10));
    world.settle();
    expect(greedy.heard()).toBe("USING a\r\n".repeat(90));
  });
});

describe("input behind a reserve that waits", () => {
  test("is kept up to 64 KiB, then not read, and read again when the reserve has its answer", () => {
    const world = new World();
    const [waiting, other] = [world.connect(), world.connect()];
    waiting.say("reserve\r\n");
    const line = "list-tube-used\r\n";
    const piece = line.repeat(2047);
    waiting.say(piece);
    expect(waiting.isPaused).toBe(false);
    waiting.say(piece);
    expect(waiting.isPaused).toBe(false);
    waiting.say(line.repeat(2));
    expect(waiting.isPaused).toBe(true);
    other.ask("put 0 0 9 1\r\nx\r\n");
    expect(waiting.isPaused).toBe(false);
    const heard = waiting.heard();
    expect(heard).toBe(`RESERVED 1 1\r\nx\r\n${"USING default\r\n".repeat(2 * 2047 + 2)}`);
  });
});
