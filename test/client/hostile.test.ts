/* A client of a server that does not keep to the protocol: every call hears of it, the connection
 * is given up, and nothing is left behind.
 */
import { beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { REPLIES } from "../../src/protocol/replies.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { outcome, ScriptedServer, settle } from "./scripted-server.ts";

let server: ScriptedServer;
let client: Client;
beforeEach(async () => {
  server = new ScriptedServer();
  client = await server.connect();
});

describe("an answer", () => {
  test.each([
    ["that is of no protocol", "HTTP/1.1 400 Bad Request"],
    ["to another command", "TIMED_OUT"],
    ["with a number that is none", "INSERTED x"],
    ["with too large a number", "INSERTED 99999999999999999999"],
    ["with a line that never ends", "INSERTED ".padEnd(5000, "1")],
    ["with bytes that are no text", "INSERTED \u0000\u00ff"],
    ["that says the line was not understood, so that the body was run", "UNKNOWN_COMMAND"],
    ["of a state that is none", "INSERTED 1 GONE"],
  ])("%s fails its call, and the others go on", async (_, said) => {
    const put = outcome(client.put("x"));
    const deleted = outcome(client.delete(7));
    const stats = client.stats();
    await settle();
    await server.say(said);
    expect(await Promise.all([put, deleted])).toEqual(["HM_BAD_REPLY", "HM_LOST"]);
    expect(server.wires[0]?.closings).toBe(1);
    await server.advance(0.1);
    expect(server.wires).toHaveLength(2);
    await server.say("OK 10\r\n---\npid: 1");
    expect(await stats).toEqual({ pid: 1 });
  });

  test("that ends in the middle is no answer", async () => {
    const job = client.reserve();
    const put = outcome(client.put("x"));
    await settle();
    server.wire.say("RESERVED 7 100\r\nhal");
    await server.cut();
    expect(await put).toBe("HM_LOST");
    await server.advance(0.1);
    await server.say("RESERVED 7 4\r\nhalf");
    expect((await job).text).toBe("half");
  });

  test("that is longer than the client takes fails its call", async () => {
    const small = new ScriptedServer();
    const own = await small.connect({ replyBodyBytesMax: 10_000 });
    const seen = outcome(own.peek(7));
    await settle();
    await small.say("FOUND 7 10001");
    expect(await seen).toBe("HM_REPLY_TOO_BIG");
    expect(small.wire.closings).toBe(1);
  });

  test("to a batch that has other answers in it than were asked for fails it", async () => {
    const asked = outcome(client.batch((b) => [b.put("x"), b.delete(7)]));
    await settle();
    await server.say("BATCH 2", "DELETED", "INSERTED 3");
    expect(await asked).toBe("HM_BAD_REPLY");
    expect(server.wire.closings).toBe(1);
  });

  test("that nobody asked for ends the connection, not the client", async () => {
    await server.say("DELETED");
    expect(server.wire.closings).toBe(1);
    expect(server.troubles).toMatchObject([{ code: "HM_BAD_REPLY" }]);
    const put = client.put("x");
    await server.advance(0.1);
    await server.say("INSERTED 1");
    expect(await put).toMatchObject({ id: 1 });
  });
});

describe("what is sent unasked", () => {
  test("and is nobody's is given back or forgotten", async () => {
    await server.say("JOB 1 1 a 1\r\nx", "LOST 9", "CANCEL 9", "DONE 9 finished 0\r\n");
    expect(server.lines).toEqual(["hand-back 1 0"]);
    expect(client.isConnected).toBe(true);
  });

  test("and is of no kind ends the connection", async () => {
    await server.say("DONE 9 exploded 0\r\n");
    expect(server.wire.closings).toBe(1);
  });

  test("beyond a window ends the connection: nobody's memory is filled so", async () => {
    const stream = client.jobs({ window: 2 });
    await settle();
    await server.say("JOB 1 1 a 0\r\n", "JOB 2 1 a 0\r\n", "JOB 3 1 a 0\r\n");
    expect(server.wire.closings).toBe(1);
    void stream.return();
  });
});

describe("a server", () => {
  test("that says nonsense of what it knows is one that knows nothing of it", async () => {
    const odd = new ScriptedServer();
    const nonsense = 'commands:\n- 7\n- "put\n : : \n\u0000tags: {';
    odd.answer = (line) =>
      line === "features" ? `OK ${nonsense.length}\r\n${nonsense}` : undefined;
    const own = await odd.connect();
    expect(await outcome(own.cancel(7))).toBe("HM_NOT_SUPPORTED");
    expect(own.can("window")).toBe(false);
  });

  test("that refuses what its connection is set to is not used", async () => {
    await client.watch("mails");
    server.answer = (line) => (line === "watch mails" ? "OUT_OF_MEMORY" : undefined);
    await server.cut();
    const put = outcome(client.put("x", { timeoutMs: 1000 }));
    await server.advance(1.1);
    expect(await put).toBe("HM_UNREACHABLE");
    expect(server.wires.slice(1).every(({ closings }) => closings > 0)).toBe(true);
  });
});

/** All that a server may say, with numbers and names in it, and some that it may not. */
function anything(random: Random): string {
  const { form } = random.pick(REPLIES);
  const line = form.replace(/<\w+>/g, (placeholder) =>
    placeholder === "<tube>" || placeholder === "<state>" ? "READY" : String(random.below(4)),
  );
  const body = form.endsWith("<bytes>") ? "\r\nabc".slice(0, 2 + random.below(4)) : "";
  const all = `${line}${body}\r\n`;
  if (random.below(10) > 0) return all;
  return all.slice(0, random.below(all.length)) + (random.below(2) > 0 ? "\u0000\r\n" : "");
}

/** Rounds with a seed each, unless one is named. */
const ROUNDS = process.env["SEED"] === undefined ? 150 : 1;

test("whatever is said, every call ends and nothing is left", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const seed = seedHere();
    await replayable(seed, "test/client/hostile.test.ts", () => expectAllEnds(new Random(seed)));
  }
});

/** Calls of all kinds, while the server says this and that. */
async function expectAllEnds(random: Random): Promise<void> {
  const odd = new ScriptedServer();
  const own = await odd.connect();
  const ends = [
    own.put("x"),
    own.reserve(),
    own.reserveBatch(3),
    own.await(1),
    own.batch((b) => [b.put("x"), b.delete(1)]),
    own.stats(),
    own.window(2),
    own.use("a"),
    own.listJobs("a", "ready"),
    own.finish(1, "x"),
  ].map(outcome);
  await settle();
  for (let said = 0; said < 10; said++) {
    const wire = odd.wires.at(-1);
    if (wire !== undefined && wire.closings === 0) wire.say(anything(random));
    await odd.advance(random.below(3) / 10);
  }
  const closed = own.close();
  await odd.advance(11);
  await closed;
  const ended = (await Promise.all(ends)).length;
  const found = { ended, stays: odd.stays, timers: odd.clock.timers };
  expect(found).toEqual({ ended: 10, stays: 0, timers: 0 });
}
