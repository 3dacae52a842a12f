/* The client's methods: one for each command of the protocol's table, by its name, that sends what
 * the command is written as, and makes of the answer what it means.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Client } from "../../src/client/client.ts";
import { Job } from "../../src/client/job.ts";
import { COMMANDS } from "../../src/protocol/commands.ts";
import { TAGS } from "../../src/protocol/tags.ts";
import { TUBE_SETTINGS } from "../../src/protocol/tube-settings.ts";
import { outcome, ScriptedServer, settle } from "./scripted-server.ts";

type Run = (client: Client) => Promise<unknown>;

/** A call of the method for each command, what it sends, what comes, and what that means. */
const CALLS: Readonly<Record<string, readonly [Run, sent: string, said: string, means: unknown]>> =
  {
    put: [(c) => c.put("hi"), "put 1024 0 60 2\r\nhi", "INSERTED 7", { id: 7, isNew: true }],
    peek: [(c) => c.peek(7), "peek 7", "NOT_FOUND", undefined],
    "peek-ready": [(c) => c.peekReady(), "peek-ready", "FOUND 7 2\r\nhi", seen(7, "hi")],
    "peek-delayed": [(c) => c.peekDelayed(), "peek-delayed", "NOT_FOUND", undefined],
    "peek-buried": [(c) => c.peekBuried(), "peek-buried", "NOT_FOUND", undefined],
    "reserve-with-timeout": [
      (c) => c.reserveWithTimeout(3),
      "reserve-with-timeout 3",
      "TIMED_OUT",
      undefined,
    ],
    "reserve-job": [(c) => c.reserveJob(7), "reserve-job 7", "RESERVED 7 2\r\nhi", held(7, "hi")],
    "reserve-batch": [
      (c) => c.reserveBatch(9),
      "reserve-batch 9",
      "RESERVED_BATCH 2\r\nRESERVED 1 1\r\na\r\nRESERVED 2 1\r\nb",
      [held(1, "a"), held(2, "b")],
    ],
    "reserve-mode": [
      (c) => c.reserveMode("weighted"),
      "reserve-mode weighted",
      "USING weighted",
      undefined,
    ],
    reserve: [(c) => c.reserve(), "reserve", "RESERVED 7 2\r\nhi", held(7, "hi")],
    delete: [(c) => c.delete(7), "delete 7", "DELETED", undefined],
    release: [
      (c) => c.release(7, { pri: 1, delaySeconds: 2.5, failure: "no" }),
      "release 7 1 2500ms 2\r\nno",
      "RELEASED",
      "queued",
    ],
    bury: [(c) => c.bury(7, { pri: 3 }), "bury 7 3", "BURIED", undefined],
    kick: [(c) => c.kick(10), "kick 10", "KICKED 3", 3],
    "kick-job": [(c) => c.kickJob(7), "kick-job 7", "KICKED", undefined],
    touch: [(c) => c.touch(7), "touch 7", "TOUCHED", undefined],
    "stats-job": [(c) => c.statsJob(7), "stats-job 7", yaml("id: 7", 'tube: "007"'), facts()],
    "stats-tube": [(c) => c.statsTube("a"), "stats-tube a", "NOT_FOUND", undefined],
    "stats-group": [(c) => c.statsGroup("g"), "stats-group g", yaml("pending: 3"), { pending: 3 }],
    stats: [(c) => c.stats(), "stats", yaml("draining: false"), { draining: false }],
    use: [(c) => c.use("a"), "use a", "USING a", "a"],
    watch: [(c) => c.watch("a", { weight: 5 }), "watch a 5", "WATCHING 2", 2],
    ignore: [(c) => c.ignore("a"), "ignore a", "WATCHING 1", 1],
    "list-tubes-watched": [
      (c) => c.listTubesWatched(),
      "list-tubes-watched",
      yaml("- a", "- 7"),
      ["a", "7"],
    ],
    "list-tube-used": [(c) => c.listTubeUsed(), "list-tube-used", "USING a", "a"],
    "list-tubes": [(c) => c.listTubes(), "list-tubes", yaml("- default"), ["default"]],
    "pause-tube": [(c) => c.pauseTube("a", 5), "pause-tube a 5", "PAUSED", undefined],
    drain: [(c) => c.drain(), "drain", "DRAINING", undefined],
    undrain: [(c) => c.undrain(), "undrain", "NOT_DRAINING", undefined],
    "step-down": [(c) => c.stepDown(), "step-down 1", "STEPPING_DOWN", undefined],
    "peek-reserved": [(c) => c.peekReserved(), "peek-reserved", "NOT_FOUND", undefined],
    "list-jobs": [
      (c) => c.listJobs("a", "ready", { after: 4, limit: 2 }),
      "list-jobs a ready 4 2",
      yaml("jobs:", "- {id: 12, pri: 1024}", "next: 12"),
      { jobs: [{ id: 12, pri: 1024 }], next: 12 },
    ],
    "flush-tube": [(c) => c.flushTube("a"), "flush-tube a", "FLUSHED 4", 4],
    "peek-failure": [(c) => c.peekFailure(7), "peek-failure 7", "NOT_FOUND", undefined],
    "list-failures": [
      (c) => c.listFailures(7),
      "list-failures 7",
      yaml("- attempt: 1", "  end: released", "- attempt: 2", '  message: "a\\n\\"b\\""'),
      [
        { attempt: 1, end: "released" },
        { attempt: 2, message: 'a\n"b"' },
      ],
    ],
    features: [(c) => c.features(), "features", yaml('version: "2"'), { version: "2" }],
    "hand-back": [(c) => c.handBack(7), "hand-back 7 0", "HANDED_BACK", "queued"],
    "update-job": [
      (c) => c.updateJob(7, 5, { delaySeconds: 3 }),
      "update-job 7 5 3",
      "UPDATED",
      "queued",
    ],
    cancel: [(c) => c.cancel(7), "cancel 7", "CANCELLING", "cancelling"],
    window: [(c) => c.window(5), "window 5", "WINDOW 5", undefined],
    "set-tube": [
      (c) => c.setTube("a", { jobs: 5, dead: "b", rate: null }),
      "set-tube a jobs=5 dead=b rate=",
      "TUBE_SET",
      undefined,
    ],
    "delete-batch": [
      (c) => c.deleteBatch([1, 2, 3]),
      "delete-batch 1 2 3",
      "DELETED_BATCH 2 1",
      { deleted: 2, notFound: 1 },
    ],
    batch: [
      (c) => c.batch((b) => [b.use("a"), b.put("hi"), b.delete(7), b.release(8, { failure: "x" })]),
      "batch 4\r\nuse a\r\nput 1024 0 60 2\r\nhi\r\ndelete 7\r\nrelease 8 1024 0 1\r\nx",
      "BATCH 4\r\nUSING a\r\nINSERTED 9\r\nDELETED\r\nRELEASED",
      ["a", { id: 9, isNew: true }, undefined, "queued"],
    ],
    session: [(c) => c.session(), "session", `SESSION ${"a1".repeat(16)}`, "a1".repeat(16)],
    "client-name": [
      (c) => c.clientName("mailer", { host: "web-1", pid: 4711 }),
      "client-name mailer web-1 4711",
      "NAMED",
      undefined,
    ],
    auth: [(c) => c.auth("hm_x"), "auth hm_x", "AUTHENTICATED", undefined],
    vouch: [(c) => c.vouch("0".repeat(32), 60), `vouch ${"0".repeat(32)} 60`, "VOUCHED 2", 2],
    progress: [(c) => c.progress(7, "40%"), "progress 7 3\r\n40%", "NOTED", undefined],
    "peek-progress": [
      (c) => c.peekProgress(7),
      "peek-progress 7",
      "FOUND 7 3\r\n40%",
      seen(7, "40%"),
    ],
    move: [(c) => c.move(7, "dead", { failure: "no" }), "move 7 dead 2\r\nno", "MOVED", "queued"],
    finish: [
      (c) => c.finish(7, "42", { keepSeconds: 9 }),
      "finish 7 9 2\r\n42",
      "FINISHED",
      undefined,
    ],
    await: [
      (c) => c.await(7),
      "await 7",
      "AWAITING\r\nDONE 7 finished 2\r\n42",
      { id: 7, end: "finished", body: bytes("42") },
    ],
    explain: [(c) => c.explain(7), "explain 7", yaml("reason: held"), { reason: "held" }],
  };

let server: ScriptedServer;
let client: Client;
beforeEach(async () => {
  server = new ScriptedServer();
  client = await server.connect();
  server.answer = (line) => (line === "features" ? undefined : "");
});
afterEach(() => client.close());

test("there is a method for each command, by its name, and each is tried here", () => {
  const names = COMMANDS.map(({ name }) => name);
  const missing = names.filter((name) => !(methodOf(name) in Client.prototype));
  expect(missing).toEqual([]);
  expect(Object.keys(CALLS).toSorted()).toEqual(
    names.filter((name) => name !== "quit").toSorted(), // which is never answered
  );
});

test.each(Object.entries(CALLS))("%s sends its line and reads its answer", async (name, call) => {
  const [run, sent, said, means] = call;
  if (name === "features") server.answer = () => said;
  const row = COMMANDS.find((one) => one.name === name);
  const before = server.wire.sent.length;
  const result = run(client);
  await settle();
  expect(server.wire.sent.slice(before).join("")).toBe(`${sent}\r\n`);
  expect(sent.startsWith(row?.verb ?? "?")).toBe(true);
  if (name !== "features") await server.say(said);
  expect(plain(await result)).toEqual(means);
});

describe("tags", () => {
  test("are options of a put, each of the table", async () => {
    const put = client.put("x", {
      tags: {
        idp: { key: "k", ttlSeconds: 60 },
        exp: 5,
        max: 3,
        con: { key: "c", limit: 2 },
        fair: "f",
        grp: "g",
        aft: "h",
        ack: "os",
      },
    });
    await settle();
    const [line = ""] = server.lines;
    expect(line).toBe("put 1024 0 60 1 idp:k:60 exp:5 max:3 con:c:2 fair:f grp:g aft:h ack:os");
    const named = line
      .split(" ")
      .slice(5)
      .map((word) => word.split(":")[0] ?? "");
    expect(named.toSorted()).toEqual(TAGS.map(({ name }) => name).toSorted());
    await server.say("INSERTED 3 RESERVED 5");
    expect(await put).toEqual({ id: 3, isNew: false, state: "reserved", pri: 5 });
  });

  test("of another name or with a wrong value are not sent", async () => {
    const wrong = [
      { idp: "with space" },
      { idp: { key: "k", ttlSeconds: -1 } },
      { exp: 0 },
      { con: { key: "k", limit: 1.5 } },
      { grp: { key: "g", limit: 1 } },
      { ack: "disk" },
      { none: "x" },
    ];
    for (const tags of wrong) {
      const put = client.put("x", { tags: tags as object });
      expect(await outcome(put)).toBe("HM_BAD_COMMAND");
    }
    expect(server.lines).toEqual([]);
  });
});

test("each setting of a tube can be set and taken away", async () => {
  for (const { name } of TUBE_SETTINGS) {
    const taken = client.setTube("a", { [name]: null });
    await settle();
    expect(server.lines.at(-1)).toBe(`set-tube a ${name}=`);
    await server.say("TUBE_SET");
    await taken;
  }
});

describe("what is no command", () => {
  const WRONG: readonly (readonly [string, (client: Client) => Promise<unknown>])[] = [
    ["a tube with a line break", (c) => c.use("a\r\ndelete 1")],
    ["an empty tube", (c) => c.watch("")],
    ["a priority below 0", (c) => c.put("x", { pri: -1 })],
    ["a priority that is none", (c) => c.put("x", { pri: Number.NaN })],
    ["a ttr of parts of a second", (c) => c.put("x", { ttrSeconds: 0.5 })],
    ["a delay for ever", (c) => c.put("x", { delaySeconds: Infinity })],
    ["a body that is no bytes", (c) => c.put(7 as unknown as string)],
    ["an id that is none", (c) => c.delete(1.5)],
    ["a count of 0", (c) => c.reserveBatch(0)],
    ["no ids", (c) => c.deleteBatch([])],
    ["a batch of nothing", (c) => c.batch(() => [])],
    ["a setting that is none", (c) => c.setTube("a", { none: 1 } as object)],
    ["a setting out of range", (c) => c.setTube("a", { jobs: -1 })],
    ["a time that is none", (c) => c.delete(1, { timeoutMs: -1 })],
  ];

  test.each(WRONG)("is refused and not sent: %s", async (_, run) => {
    expect(await outcome(run(client))).toBe("HM_BAD_COMMAND");
    await settle();
    expect(server.lines).toEqual([]);
  });
});

describe("a server's no", () => {
  test.each([
    "NOT_FOUND",
    "JOB_TOO_BIG",
    "DRAINING",
    "OUT_OF_MEMORY",
    "TUBE_FULL jobs 5",
    "EXPECTED_CRLF",
    "INTERNAL_ERROR",
  ])("is an error with its word for a code: %s", async (said) => {
    const put = client.put("x");
    await settle();
    await server.say(said);
    await expect(put).rejects.toMatchObject({
      name: "RefusedError",
      code: `HM_${said.split(" ")[0]}`,
      reply: said,
    });
    expect(client.isConnected).toBe(true);
  });

  test("to a batch says which command", async () => {
    const asked = client.batch((b) => [b.put("x"), b.delete(7)]);
    await settle();
    await server.say("BATCH_REFUSED 2 NOT_FOUND");
    await expect(asked).rejects.toMatchObject({
      name: "BatchRefusedError",
      code: "HM_NOT_FOUND",
      index: 1,
    });
  });

  test.each([
    ["INSERTED 5 RESERVED 3", "HM_EXISTS"],
    ["INSERTED 0 READY", "HM_EXISTS"],
    ["DELETED_BATCH 1 2", "HM_NOT_FOUND"],
    ["TUBE_FULL jobs 5", "HM_TUBE_FULL"],
  ])("to a batch may be what is none outside: %s", async (said, code) => {
    const asked = client.batch((b) => [b.put("x"), b.deleteBatch([7, 8])]);
    await settle();
    await server.say(`BATCH_REFUSED 1 ${said}`);
    await expect(asked).rejects.toMatchObject({ code, index: 0, reply: said });
    expect(client.isConnected).toBe(true);
  });

  test("DEADLINE_SOON rejects a reserve", async () => {
    const job = client.reserve();
    await settle();
    await server.say("DEADLINE_SOON");
    expect(await outcome(job)).toBe("HM_DEADLINE_SOON");
  });
});

/** The name of a command's method. */
function methodOf(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function yaml(...lines: readonly string[]): string {
  const text = ["---", ...lines, ""].join("\n");
  return `OK ${text.length}\r\n${text}`;
}

function facts(): object {
  return { id: 7, tube: "007" };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function seen(id: number, body: string): object {
  return { id, body: bytes(body) };
}

function held(id: number, text: string): object {
  return { job: id, text };
}

/** Jobs as what they bring. */
function plain(result: unknown): unknown {
  if (result instanceof Job) return held(result.id, result.text);
  if (Array.isArray(result)) return result.map(plain);
  return typeof result === "object" && result !== null ? { ...result } : result;
}
