/*
 * The door, as its callers see it: what is asked and what comes back, in both dialects; and callers
 * that are slow, gone, or mean no good.
 */
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { defineJob, openQueue, serveJson, unchecked } from "../../src/entries/queue.ts";
import type { Logger } from "../../src/entries/queue.ts";
import { around } from "../worker/around.ts";
import { Queue } from "../../src/worker/queue.ts";
import { until } from "../support/until.ts";
import { DoorBed } from "./door-bed.ts";
import { z } from "zod";

const RPC = { jsonrpc: "2.0" };

function failure(id: unknown, code: number, name: string) {
  const error = { code, message: expect.any(String) as string, data: { code: name } };
  return { jsonrpc: "2.0", id, error };
}

describe("what is asked comes back", () => {
  const dialogues: readonly (readonly [string, unknown, unknown])[] = [
    ["ping", { ...RPC, id: 1, method: "ping" }, { ...RPC, id: 1, result: "pong" }],
    ["ping in qrpc", { v: 1, id: "a", n: "ping" }, { v: 1, id: "a", e: null, s: "end", m: "pong" }],
    [
      "echo",
      { ...RPC, id: "x", method: "echo", params: [1, { a: null }] },
      { ...RPC, id: "x", result: [1, { a: null }] },
    ],
    [
      "echo in qrpc",
      { v: 1, id: 9, n: "echo", m: { é: "→" } },
      { v: 1, id: 9, e: null, s: "end", m: { é: "→" } },
    ],
    ["echo of nothing", { ...RPC, id: null, method: "echo" }, { ...RPC, id: null, result: null }],
    ["health", { ...RPC, id: 1, method: "health" }, { ...RPC, id: 1, result: { status: "ok" } }],
    [
      "stats",
      { ...RPC, id: 1, method: "stats", params: { tube: "none" } },
      expect.objectContaining({
        result: {
          available: 0,
          scheduled: 0,
          active: 0,
          discarded: 0,
          workers: 0,
          connections: 1,
          calls: 0,
          failed: 0,
        },
      }),
    ],
    [
      "insert",
      { ...RPC, id: 1, method: "insert", params: { type: "mail", data: 1 } },
      { ...RPC, id: 1, result: { id: "1", state: "new" } },
    ],
    [
      "insert of many",
      { ...RPC, id: 1, method: "insert", params: [{ type: "a" }, { type: "b" }] },
      {
        ...RPC,
        id: 1,
        result: [
          { id: "1", state: "new" },
          { id: "2", state: "new" },
        ],
      },
    ],
    [
      "insert of none",
      { ...RPC, id: 1, method: "insert", params: { jobs: [] } },
      { ...RPC, id: 1, result: [] },
    ],
    [
      "insert in qrpc",
      { v: 1, id: "a", n: "insert", m: { type: "mail", data: 1 } },
      { v: 1, id: "a", e: null, s: "end", m: { id: "1", state: "new" } },
    ],
    [
      "a batch",
      [
        { ...RPC, id: 1, method: "ping" },
        { ...RPC, method: "ping" },
        1,
        { ...RPC, id: 2, method: "no" },
      ],
      [
        { ...RPC, id: 1, result: "pong" },
        failure(null, -32600, "HM_CALL"),
        failure(2, -32601, "HM_METHOD"),
      ],
    ],
    ["an empty batch", [], failure(null, -32600, "HM_CALL")],
    [
      "a batch that is too long",
      Array.from({ length: 1001 }, () => ({ ...RPC, method: "ping" })),
      failure(null, -32600, "HM_CALL"),
    ],
    ["no JSON", '{"jsonrpc": "2.0", "method"', failure(null, -32700, "HM_JSON")],
    ["a number", 1, failure(null, -32600, "HM_CALL")],
    ["neither dialect", { id: 3, method: "ping" }, failure(3, -32600, "HM_CALL")],
    ["a strange id", { ...RPC, id: {}, method: "ping" }, failure(null, -32600, "HM_CALL")],
    ["a method that is no text", { ...RPC, id: 3, method: 1 }, failure(3, -32600, "HM_CALL")],
    [
      "params that are a text",
      { ...RPC, id: 3, method: "echo", params: "a" },
      failure(3, -32600, "HM_CALL"),
    ],
    [
      "a method of all objects",
      { ...RPC, id: 3, method: "toString" },
      failure(3, -32601, "HM_METHOD"),
    ],
    [
      "no such method in qrpc",
      { v: 1, id: "a", n: "no" },
      {
        v: 1,
        id: "a",
        s: "end",
        e: expect.objectContaining({ _isError__: true, code: "HM_METHOD" }) as unknown,
      },
    ],
    [
      "no text for a name in qrpc",
      { v: 1, id: "a", n: 4 },
      expect.objectContaining({ e: expect.objectContaining({ code: "HM_CALL" }) as unknown }),
    ],
    [
      "no base64 in qrpc",
      { v: 1, id: "a", n: "echo", b: "%" },
      expect.objectContaining({ e: expect.objectContaining({ code: "HM_CALL" }) as unknown }),
    ],
    ["quit", { ...RPC, id: 3, method: "quit" }, failure(3, -32001, "HM_NOT_ALLOWED")],
    [
      "a job without a type",
      { ...RPC, id: 3, method: "insert", params: { data: 1 } },
      failure(3, -32602, "HM_PARAMS"),
    ],
    [
      "a job that is none",
      { ...RPC, id: 3, method: "insert", params: [1] },
      failure(3, -32602, "HM_PARAMS"),
    ],
    [
      "a job with a stray word",
      { ...RPC, id: 3, method: "insert", params: { type: "a", dealy: 1 } },
      failure(3, -32602, "HM_PARAMS"),
    ],
    [
      "a job with a strange priority",
      { ...RPC, id: 3, method: "insert", params: { type: "a", prio: "soon" } },
      failure(3, -32602, "HM_OPTION"),
    ],
    [
      "a job with a strange delay",
      { ...RPC, id: 3, method: "insert", params: { type: "a", delay: -1 } },
      failure(3, -32602, "HM_PARAMS"),
    ],
    [
      "a job with a strange tube",
      { ...RPC, id: 3, method: "insert", params: { type: "a", tube: "a b" } },
      failure(3, -32602, "HM_OPTION"),
    ],
    [
      "a job with strange bytes",
      { ...RPC, id: 3, method: "insert", params: { type: "a", data: "%", encoding: "base64" } },
      failure(3, -32602, "HM_PARAMS"),
    ],
    [
      "a job that is too big",
      { ...RPC, id: 3, method: "insert", params: { type: "a", data: "x".repeat(70_000) } },
      failure(3, -32000, "HM_JOB_TOO_BIG"),
    ],
  ];

  test.each(dialogues)("%s", async (_, line, answer) => {
    await using bed = await DoorBed.open();
    const caller = await bed.caller();
    expect(await caller.ask(line)).toEqual(answer);
    expect(await caller.ask({ ...RPC, id: 0, method: "ping" })).toMatchObject({ result: "pong" });
  });

  test("none is inserted of many if one is wrong", async () => {
    await using bed = await DoorBed.open();
    const caller = await bed.caller();
    await caller.call("insert", [{ type: "a" }, { type: "" }]);
    expect(await bed.queue.stats()).toMatchObject({ available: 0 });
  });

  test("a job is put as it was written, and its bytes are any", async () => {
    await using bed = await DoorBed.open({ now: () => 5 });
    const caller = await bed.caller();
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const job = { type: "raw", data: all.toString("base64"), encoding: "base64", tube: "t" };
    await caller.call("insert", [
      { type: "mail", data: { to: "ann" }, prio: "high", delay: 5, ttr: 7, tube: "t", unique: "u" },
      job,
      { type: "mail", tube: "t", unique: "u" },
    ]);
    const backend = bed.queue.backend;
    expect(await backend.status("1")).toMatchObject({ state: "delayed", priority: 512, tube: "t" });
    const text = Buffer.from((await backend.status("1"))?.body ?? []).toString();
    expect(text).toBe('{"type":"mail","data":{"to":"ann"},"hm":{"at":5}}');
    const body = Buffer.from((await backend.status("2"))?.body ?? []);
    expect(body.subarray(body.indexOf("\n") + 1)).toEqual(all);
    expect((await bed.queue.stats("t")).available).toBe(1); // the third one was there already
  });
});

test("jobs of known kinds are what their definitions say, and no others are taken", async () => {
  const thumb = defineJob("thumb", {
    payload: z.object({ url: z.url(), width: z.number().default(200) }),
    tube: "media",
    priority: "low",
  });
  await using bed = await DoorBed.open({ jobs: [thumb] });
  const caller = await bed.caller();
  const ask = (job: unknown): Promise<unknown> =>
    caller.ask({ ...RPC, id: 1, method: "insert", params: job });
  expect(await ask({ type: "thumb", data: { url: "a" } })).toEqual(
    failure(1, -32602, "HM_INVALID_DATA"),
  );
  expect(await ask({ type: "other", data: 1 })).toEqual(failure(1, -32602, "HM_PARAMS"));
  expect(await ask({ type: "thumb", data: { url: "https://a.example" }, tube: "x" })).toEqual(
    failure(1, -32602, "HM_PARAMS"),
  );
  expect(await ask({ type: "thumb", data: { url: "https://a.example" } })).toMatchObject({
    result: { state: "new" },
  });
  expect(await bed.queue.status("1")).toMatchObject({ tube: "media", type: "thumb" });
});

test("an insert is answered when the jobs are put, and not before", async () => {
  const memory = await openQueue({ memory: true });
  const put = Promise.withResolvers<void>();
  const slow = new Queue(
    around(memory.backend, {
      put: async (jobs, options) => {
        await put.promise;
        return memory.backend.put(jobs, options);
      },
    }),
  );
  await using bed = await DoorBed.open({}, slow);
  const caller = await bed.caller();
  caller.send(JSON.stringify({ ...RPC, id: 1, method: "insert", params: { type: "a" } }));
  expect(await caller.ask({ ...RPC, id: 2, method: "ping" })).toMatchObject({ id: 2 });
  put.resolve();
  expect(await caller.line()).toMatchObject({ id: 1, result: { id: "1" } });
});

test("some of many may be refused, each with its reason", async () => {
  await using bed = await DoorBed.open();
  const caller = await bed.caller();
  const jobs = [{ type: "a" }, { type: "a", data: "x".repeat(70_000) }];
  expect(await caller.call("insert", { jobs })).toEqual([
    { id: "1", state: "new" },
    { error: { code: "HM_JOB_TOO_BIG", message: expect.any(String) as string } },
  ]);
});

describe("callers", () => {
  test("may end their half: what they asked is answered, what is cut off is not done", async () => {
    await using bed = await DoorBed.open();
    const caller = await bed.caller();
    for (let id = 0; id < 200; id++) {
      caller.send(JSON.stringify({ ...RPC, id, method: "insert", params: { type: "a" } }));
    }
    caller.socket.end(JSON.stringify({ ...RPC, id: 200, method: "insert", params: { type: "a" } }));
    for (let n = 0; n < 200; n++) expect(await caller.line()).toMatchObject({ result: {} });
    await until("it ends too", () => caller.isEnded);
    expect(await bed.queue.stats("a")).toMatchObject({ available: 200 });
  });

  test("that take no answers are not read from, and the others have their turn", async () => {
    await using bed = await DoorBed.open({ roomBytes: 8_000_000 });
    const deaf = await bed.caller();
    deaf.socket.pause();
    const line = JSON.stringify({ ...RPC, id: 1, method: "echo", params: ["x".repeat(100_000)] });
    let sent = 0;
    while (deaf.socket.writableLength === 0 || sent < 100) {
      deaf.send(line);
      sent += 1;
      if (sent % 10 === 0)
        await once(deaf.socket, "drain", { signal: AbortSignal.timeout(500) }).catch(
          () => undefined,
        );
      if (sent > 1000) throw new Error("all of it is read");
    }
    const other = await bed.caller();
    expect(await other.call("ping")).toBe("pong");
    deaf.socket.resume();
    for (let n = 0; n < sent; n++) expect(await deaf.line()).toMatchObject({ id: 1 });
  });

  test("with lines that are too long hear so, and go on", async () => {
    await using bed = await DoorBed.open({ lineBytesMax: 100_000 });
    const caller = await bed.caller();
    expect(await caller.ask("x".repeat(100_001))).toEqual(failure(null, -32002, "HM_LINE_LONG"));
    expect(await caller.call("ping")).toBe("pong");
  });

  test("share the room that there is for long lines, and hear when there is none", async () => {
    await using bed = await DoorBed.open({ lineBytesMax: 200_000, roomBytes: 50_000 });
    const first = await bed.caller();
    first.send(Buffer.from("y".repeat(65_536 + 50_000)));
    const caller = await bed.caller();
    const answerHas = async (code: string): Promise<boolean> =>
      JSON.stringify(await caller.ask(`"${"z".repeat(80_000)}"`)).includes(code);
    await until("there is no room", () => answerHas("HM_NO_ROOM"));
    first.socket.destroy();
    await until("there is room again", () => answerHas("HM_CALL"));
  });

  test("above the most are closed", async () => {
    await using bed = await DoorBed.open({ connectionsMax: 1 });
    const one = await bed.caller();
    expect(await one.call("ping")).toBe("pong");
    const two = await bed.caller();
    await until("it is closed", () => two.isClosed || two.isEnded);
    expect(await one.call("ping")).toBe("pong");
  });

  test("that go away in the middle of anything harm nobody", async () => {
    await using bed = await DoorBed.open();
    for (let n = 0; n < 20; n++) {
      const caller = await bed.caller();
      caller.send(JSON.stringify({ ...RPC, id: 1, method: "echo", params: ["x".repeat(200_000)] }));
      caller.send(Buffer.from('{"half'));
      caller.socket.resetAndDestroy();
    }
    const caller = await bed.caller();
    expect(await caller.call("ping")).toBe("pong");
    await until("they are gone", async () => {
      const stats = (await caller.call("stats")) as { connections: number };
      return stats.connections === 1;
    });
  });
});

describe("the door", () => {
  test("ends when it is asked to from this machine, if that is allowed", async () => {
    let asked = 0;
    await using bed = await DoorBed.open({ onQuit: () => void (asked += 1) });
    const caller = await bed.caller();
    expect(await caller.call("quit")).toBe("stopping");
    expect(asked).toBe(1);
  });

  test("answers what is under way when it closes, and takes nothing more", async () => {
    await using bed = await DoorBed.open();
    const caller = await bed.caller();
    caller.send(JSON.stringify({ ...RPC, id: 1, method: "health" }));
    await until("it has begun", () => bed.door.calls().length > 0 || caller.socket.bytesRead > 0);
    await bed.door.close();
    await until("it ends", () => caller.isEnded);
    expect(await caller.line()).toMatchObject({ id: 1 });
    expect(await bed.queue.stats()).toMatchObject({ available: 0 }); // the queue is still open
  });

  test("is not healthy when it is in trouble, or its queue is", async () => {
    let why: string | undefined = "draining";
    await using bed = await DoorBed.open({ trouble: () => why });
    const caller = await bed.caller();
    expect(await caller.call("health")).toEqual({ status: "unavailable", why: "draining" });
    why = undefined;
    expect(await caller.call("health")).toEqual({ status: "ok" });
    await bed.queue.close();
    expect(await caller.call("health")).toMatchObject({ status: "unavailable" });
  });

  test("answers whatever its logger throws", async () => {
    const no = (): never => {
      throw new Error("no disk");
    };
    await using bed = await DoorBed.open({ logger: { debug: no, info: no, warn: no, error: no } });
    const caller = await bed.caller();
    expect(await caller.call("echo", { a: 1 })).toEqual({ a: 1 });
    await bed.queue.close();
    const late = caller.call("insert", { type: "a" });
    expect(await late).toMatchObject({ error: { data: { code: "HM_CLOSED" } } });
    expect(bed.door.calls().map(({ outcome }) => outcome)).toEqual(["ok", "HM_CLOSED"]);
  });

  test("knows the newest calls, who made them and what came of them", async () => {
    const lines: object[] = [];
    const nothing = (): void => undefined;
    const logger: Logger = {
      debug: (fields) => lines.push(fields),
      info: nothing,
      warn: nothing,
      error: nothing,
    };
    await using bed = await DoorBed.open({ logger, now: () => 1000 });
    const caller = await bed.caller();
    await caller.call("insert", [{ type: "a" }, { type: "b" }]);
    await caller.call("m".repeat(1000));
    const { localPort } = caller.socket;
    const about = {
      at: new Date(1000),
      peer: `127.0.0.1:${localPort}`,
      millis: expect.any(Number) as number,
    };
    expect(bed.door.calls()).toEqual([
      { ...about, method: "insert", jobs: 2, outcome: "ok" },
      { ...about, method: "m".repeat(64), jobs: 0, outcome: "HM_METHOD" },
    ]);
    expect(lines).toMatchObject([{ method: "insert", outcome: "ok" }, { outcome: "HM_METHOD" }]);
    for (let n = 0; n < 1100; n++) caller.send(JSON.stringify({ ...RPC, method: "ping" }));
    await caller.call("health");
    expect(bed.door.calls()).toHaveLength(1000);
    expect(
      bed.door
        .calls()
        .map(({ method }) => method)
        .slice(-2),
    ).toEqual(["ping", "health"]);
  });

  test.each([
    [{ lineBytesMax: 67_108_865 }, "lineBytesMax"],
    [{ roomBytes: 0 }, "roomBytes"],
    [{ connectionsMax: 1.5 }, "connectionsMax"],
  ])("is not opened as %j", async (options, what) => {
    await using queue = await openQueue({ memory: true });
    await expect(serveJson(queue, { port: 0, ...options })).rejects.toThrow(what);
  });

  test("is not opened where somebody listens", async () => {
    await using bed = await DoorBed.open();
    await expect(serveJson(bed.queue, { port: bed.door.port })).rejects.toMatchObject({
      code: "HM_BIND",
    });
  });
});

const mail = defineJob("mail", { payload: unchecked<string>() });

test.each([
  ["port", -1],
  ["port", 70_000],
  ["port", NaN],
  ["port", "abc"],
  ["port", 1.5],
  ["host", ""],
  ["host", 5],
  ["jobs", 5],
  ["jobs", [5]],
  ["jobs", [null]],
  ["jobs", [mail, mail]],
  ["lineBytesMax", 0],
  ["roomBytes", "1"],
  ["connectionsMax", NaN],
  ["onQuit", true],
  ["trouble", "none"],
  ["now", 5],
  ["logger", 5],
  ["logger", {}],
  ["prot", 1],
])("a door with the option %s of %j is refused", async (name, value) => {
  await using queue = await openQueue({ memory: true });
  await expect(serveJson(queue, { port: 0, [name]: value })).rejects.toMatchObject({
    code: "HM_OPTION",
    message: expect.stringContaining(name),
  });
});
