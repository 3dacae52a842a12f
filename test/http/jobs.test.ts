/*
 * Jobs over HTTP: listing, filtering, looking at one, downloading, kicking, deleting, one by one
 * and many at a time.
 */
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import type {
  BulkAnswer,
  ExplanationAnswer,
  JobAnswer,
  JobsAnswer,
  ResultAnswer,
} from "../../src/http/api-jobs.ts";
import { HttpPort, talk } from "./http-port.ts";

let http: HttpPort;
beforeAll(async () => {
  http = await HttpPort.start({ threads: 2, maxJobSizeBytes: 300_000 });
});
afterAll(() => http.server.stop());

const jobs = async (tube: string, query = "") =>
  (await http.json(`/api/v1/tubes/${tube}/jobs?${query}`)) as JobsAnswer;
const job = async (id: number) => (await http.json(`/api/v1/jobs/${id}`)) as JobAnswer;
const bulk = async (body: object) => {
  const { text } = await http.change("/api/v1/bulk", body);
  return JSON.parse(text) as BulkAnswer;
};
const text = (base64: string): string => Buffer.from(base64, "base64").toString("latin1");

/** Puts bodies into a tube; resolves with the ids. */
async function put(tube: string, bodies: readonly string[], delay = 0): Promise<number[]> {
  const puts = bodies.map((body) => `put 7 ${delay} 60 ${body.length}\r\n${body}\r\n`);
  const replies = await talk(http, `use ${tube}\r\n${puts.join("")}`);
  return [...replies.matchAll(/^INSERTED (\d+)/gm)].map(([, id]) => Number(id));
}

test("the jobs of a state are listed page by page, with the beginning of what they hold", async () => {
  const ids = await put(
    "list",
    Array.from({ length: 7 }, (_, at) => `body ${at}`),
  );
  const first = await jobs("list", "limit=3");
  expect(first.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 3));
  expect(first).toMatchObject({ next: ids[2], scanned: 3 });
  expect(first.jobs[0]).toMatchObject({
    tube: "list",
    state: "ready",
    pri: 7,
    ttrSeconds: 60,
    bytes: 6,
    reserves: 0,
    failures: 0,
    preview: { isWhole: true },
  });
  expect(text(first.jobs[0]?.preview.base64 ?? "")).toBe("body 0");
  const last = await jobs("list", `after=${first.next}&limit=4`);
  expect(last.jobs.map(({ id }) => id)).toEqual(ids.slice(3));
  expect(last.next).toBeNull();
  expect((await jobs("list", "state=buried")).jobs).toEqual([]);
  expect((await http.ask("/api/v1/tubes/none/jobs")).status).toBe(404);
  expect((await http.ask("/api/v1/tubes/list/jobs?state=gone")).status).toBe(400);
});

test("why a job stands where it does is said with all facts", async () => {
  const explanation = async (id: number) =>
    (await http.json(`/api/v1/jobs/${id}/explanation`)) as ExplanationAnswer;
  const [first = 0, second = 0] = await put("asked", ["a", "b"]);
  expect(await explanation(second)).toEqual({
    why: "no connection watches its tube; 1 job stands before it",
    reason: "unwatched",
    state: "ready",
    tube: "asked",
    before: 1,
    isBeforeWhole: true,
    leftSeconds: 0,
    holder: "",
    pauseLeftSeconds: 0,
    rate: "",
    rateLeftSeconds: 0,
    reservedMax: "",
    reserved: 0,
    key: null,
    afterGroup: "",
    pending: 0,
    watching: 0,
    waiting: 0,
    isCancelled: false,
    isDraining: false,
  });
  await talk(http, `pause-tube asked 1000\r\n`);
  expect(await explanation(first)).toMatchObject({ reason: "paused", before: 0 });
  expect((await explanation(first)).pauseLeftSeconds).toBeGreaterThan(900);
  expect((await http.ask("/api/v1/jobs/999999/explanation")).status).toBe(404);
});

test("a field of many jobs at once that is misspelt does it to none", async () => {
  const ids = await put("misspelt", ["a", "b"]);
  const named = { action: "delete", tube: "misspelt", state: "ready", upto: ids[0] };
  const answer = await http.change("/api/v1/bulk", named);
  expect([answer.status, answer.text]).toEqual([
    400,
    expect.stringContaining('no field \\"upto\\"'),
  ]);
  expect((await jobs("misspelt", "state=ready")).jobs).toHaveLength(2);
});

test("a filter is looked for in bodies, whatever bytes they are", async () => {
  const hostile = [
    "<script>alert(1)</script>",
    "\u0000\u0001\u00ff",
    "x".repeat(60_000),
    "wanted: 1",
    "x wanted",
  ];
  const ids = await put("filter", hostile);
  const found = async (filter: string) =>
    (await jobs("filter", `filter=${encodeURIComponent(filter)}`)).jobs.map(({ id }) => id);
  expect(await found("wanted")).toEqual([ids[3], ids[4]]);
  expect(await found("<script>")).toEqual([ids[0]]);
  expect(await found("xxxxx")).toEqual([ids[2]]);
  expect(await found("\u0001")).toEqual([ids[1]]);
  expect(await found("nothing of the kind")).toEqual([]);
  expect((await jobs("filter", "filter=wanted&limit=1")).next).toBe(ids[3]);
  const all = await jobs("filter");
  expect(all.jobs.map(({ preview }) => preview.isWhole)).toEqual([true, true, false, true, true]);
  expect(text(all.jobs[1]?.preview.base64 ?? "")).toBe("\u0000\u0001\u00ff");
});

test("one request looks at a bounded number of jobs and says where the next one goes on", async () => {
  await put(
    "many",
    Array.from({ length: 6000 }, (_, at) => (at === 5999 ? "needle" : "hay")),
  );
  const first = await jobs("many", "filter=needle");
  expect(first.jobs).toEqual([]);
  expect(first.scanned).toBe(4000);
  const second = await jobs("many", `filter=needle&after=${first.next}`);
  expect(second).toMatchObject({ scanned: 2000, next: null, jobs: [{ bytes: 6 }] });
});

describe("one job", () => {
  it("is shown with its body, up to 64 KiB of it, and who holds it", async () => {
    const [id = 0, long = 0] = await put("one", ["a\r\nb", "0123456789".repeat(20_000)]);
    expect(await job(id)).toMatchObject({
      id,
      tube: "one",
      state: "ready",
      bytes: 4,
      holder: null,
    });
    expect(text((await job(id)).body.base64)).toBe("a\r\nb");
    expect(await job(long)).toMatchObject({ bytes: 200_000, body: { isWhole: false } });
    expect(text((await job(long)).body.base64)).toHaveLength(65_536);
    expect((await http.ask("/api/v1/jobs/999999")).status).toBe(404);
  });

  it("is shown with what its worker said last of how far it is", async () => {
    const [id = 0] = await put("noted", ["x"]);
    expect((await job(id)).progress).toBeNull();
    const held = `watch noted\r\nignore default\r\nreserve\r\nprogress ${id} 8\r\n{"at":4}`;
    expect(await talk(http, `${held}\r\nrelease ${id} 7 0\r\n`)).toContain("NOTED");
    const { progress } = await job(id);
    expect(progress?.isWhole).toBe(true);
    expect(text(progress?.base64 ?? "")).toBe(`{"at":4}`);
  });

  it("is gone once it is finished, and its result is shown while it is kept", async () => {
    const [id = 0] = await put("finished", ["x"]);
    const ends = `watch finished\r\nignore default\r\nreserve\r\nfinish ${id} 60 4\r\ndone\r\n`;
    expect(await talk(http, ends)).toContain("FINISHED");
    expect((await http.ask(`/api/v1/jobs/${id}`)).status).toBe(404);
    const shown = (await http.json(`/api/v1/jobs/${id}/result`)) as ResultAnswer;
    expect(shown).toMatchObject({ id, bytes: 4, result: { isWhole: true } });
    expect(text(shown.result.base64)).toBe("done");
    expect((await http.ask("/api/v1/jobs/999999/result")).status).toBe(404);
  });

  it("is downloaded whole, as nothing that a browser would open", async () => {
    const body = "0123456789".repeat(20_000);
    const [id, empty] = await put("body", [body, ""]);
    const whole = await http.ask(`/api/v1/jobs/${id}/body`);
    expect(whole.text).toBe(body);
    expect(whole.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="job-${id}.bin"`,
      "x-content-type-options": "nosniff",
    });
    expect(await http.ask(`/api/v1/jobs/${empty}/body`)).toMatchObject({ status: 200, text: "" });
    expect((await http.ask("/api/v1/jobs/999999/body")).status).toBe(404);
  });

  it("is kicked and deleted, or it is said why not", async () => {
    const [ready] = await put("act", ["x"]);
    const [delayed] = await put("act", ["x"], 100);
    const status = async (path: string) => (await http.change(`/api/v1/jobs/${path}`)).status;
    expect(await status(`${delayed}/kick`)).toBe(200);
    expect(await status(`${delayed}/kick`)).toBe(409);
    expect(await status(`${ready}/delete`)).toBe(200);
    expect(await status(`${ready}/delete`)).toBe(404);
    expect(await status("0/delete")).toBe(404);
  });

  it("gets another priority and another delay, or it is said why not", async () => {
    const [id = 0] = await put("update", ["x"]);
    const update = async (body: object) =>
      (await http.change(`/api/v1/jobs/${id}/update`, body)).status;
    expect(await update({ pri: 3 })).toBe(200);
    expect(await job(id)).toMatchObject({ pri: 3, state: "ready" });
    expect(await update({ pri: 4, delaySeconds: 60 })).toBe(200);
    expect(await job(id)).toMatchObject({ pri: 4, state: "delayed", delaySeconds: 60 });
    expect(await update({ pri: 4, delaySeconds: 0 })).toBe(200);
    expect(await job(id)).toMatchObject({ pri: 4, state: "ready" });
    expect(await update({ pri: -1 })).toBe(400);
    expect(await update({ pri: 1, delaySeconds: "x" })).toBe(400);
    expect((await http.change("/api/v1/jobs/999999/update", { pri: 1 })).status).toBe(404);
    const socket = await http.server.connect();
    socket.write("watch update\r\nignore default\r\nreserve\r\n");
    await expect.poll(async () => (await job(id)).state).toBe("reserved");
    expect(await update({ pri: 3 })).toBe(409);
    socket.destroy();
  });

  it("is moved to another tube, or it is said why not", async () => {
    const [id = 0] = await put("move", ["x"]);
    const move = async (which: number, tube: unknown) =>
      (await http.change(`/api/v1/jobs/${which}/move`, { tube })).status;
    expect(await move(id, "moved-to")).toBe(200);
    expect(await job(id)).toMatchObject({ tube: "moved-to", state: "ready", pri: 7 });
    expect(await move(id, "no:name")).toBe(404);
    expect(await move(id, 7)).toBe(400);
    expect(await move(999_999, "moved-to")).toBe(404);
    const socket = await http.server.connect();
    socket.write("watch moved-to\r\nignore default\r\nreserve\r\n");
    await expect.poll(async () => (await job(id)).state).toBe("reserved");
    expect(await move(id, "elsewhere")).toBe(409);
    socket.destroy();
  });

  it("is cancelled, and gone when its holder ends the attempt", async () => {
    const [id = 0, other = 0] = await put("cancel", ["x", "y"]);
    const socket = await http.server.connect();
    socket.write("watch cancel\r\nignore default\r\nreserve\r\n");
    await expect.poll(async () => (await job(id)).state).toBe("reserved");
    expect(await job(id)).toMatchObject({ isCancelled: false });
    expect((await http.change(`/api/v1/jobs/${id}/cancel`)).status).toBe(200);
    expect(await job(id)).toMatchObject({ state: "reserved", isCancelled: true });
    const asked = { action: "cancel", tube: "cancel", state: "ready" };
    expect(await bulk(asked)).toMatchObject({ matched: 1, done: 1 });
    expect((await http.ask(`/api/v1/jobs/${other}`)).status).toBe(404);
    socket.destroy();
    await expect.poll(async () => (await http.ask(`/api/v1/jobs/${id}`)).status).toBe(404);
    expect((await http.change(`/api/v1/jobs/${id}/cancel`)).status).toBe(404);
  });

  it("that somebody holds is shown with that connection, and not taken away", async () => {
    const [id = 0] = await put("held", ["x"]);
    const socket = await http.server.connect();
    const name = 'client-name mail"er web-1\\\r\n'; // what YAML has to escape
    socket.write(`watch held\r\nignore default\r\n${name}reserve\r\n`);
    await expect.poll(async () => (await job(id)).state).toBe("reserved");
    const { connections } = JSON.parse((await http.ask("/api/v1/connections")).text);
    const holder = connections.find(({ holdCount }: { holdCount: number }) => holdCount === 1);
    const called = { name: 'mail"er', host: "web-1\\" };
    expect((await job(id)).holder).toEqual({ id: holder.id, peer: holder.peer, ...called });
    expect((await http.json(`/api/v1/jobs/${id}/explanation`)) as ExplanationAnswer).toMatchObject({
      holder: `${holder.peer} mail"er@web-1\\`,
      why: expect.stringContaining('mail"er@web-1\\ holds it'),
    });
    const one = JSON.parse((await http.ask(`/api/v1/connections?id=${holder.id}`)).text);
    expect(one).toMatchObject({ total: 1, connections: [{ id: holder.id }] });
    const none = JSON.parse((await http.ask("/api/v1/connections?id=0-4711")).text);
    expect(none).toEqual({ total: 0, connections: [] });
    expect((await http.change(`/api/v1/jobs/${id}/delete`)).status).toBe(409);
    socket.destroy();
  });
});

describe("many jobs", () => {
  it("are counted before anything is done to them", async () => {
    await put("count", ["a", "b", "ab"]);
    const asked = { action: "delete", tube: "count", state: "ready", filter: "b" };
    expect(await bulk({ ...asked, dryRun: true })).toMatchObject({ matched: 2, done: 0 });
    expect((await jobs("count")).jobs).toHaveLength(3);
    expect(await bulk(asked)).toMatchObject({ matched: 2, done: 2 });
    expect((await jobs("count")).jobs).toHaveLength(1);
  });

  it("are kicked and deleted, however many there are", async () => {
    const bodies = Array.from({ length: 2500 }, () => "x");
    await put("bulk", bodies, 1000);
    expect(await bulk({ action: "kick", tube: "bulk", state: "delayed" })).toMatchObject({
      matched: 2500,
      done: 2500,
    });
    expect(await http.json("/api/v1/tubes/bulk")).toMatchObject({ ready: 2500, delayed: 0 });
    expect((await bulk({ action: "delete", tube: "bulk", state: "ready" })).done).toBe(2500);
    // The last job is gone, and nobody uses it.
    expect((await http.ask("/api/v1/tubes/bulk")).status).toBe(404);
  });

  it("are moved to another tube, and no further than it has room", async () => {
    const ids = await put("from", ["a", "b", "c", "d", "e"]);
    const asked = { action: "move", tube: "from", state: "ready", to: "into" };
    expect(await bulk({ ...asked, limit: 2 })).toEqual({
      matched: 2,
      done: 2,
      gone: 0,
      refused: 0,
      refusal: null,
      last: ids[1],
      next: ids[1],
    });
    await talk(http, "set-tube into jobs=3\r\n");
    expect(await bulk({ ...asked, after: ids[1] })).toMatchObject({
      matched: 3,
      done: 1,
      refused: 2,
      refusal: "TUBE_FULL jobs 3",
    });
    expect(await http.json("/api/v1/tubes/into")).toMatchObject({ ready: 3 });
    const full = await http.change("/api/v1/bulk", { ...asked, filter: "", dryRun: false });
    expect([full.status, JSON.parse(full.text).error.message]).toEqual([
      503,
      "the server answered TUBE_FULL jobs 3",
    ]);
    expect(await http.json("/api/v1/tubes/from")).toMatchObject({ ready: 2 });
  });

  it("get another priority, in whatever state they are, unless somebody holds them", async () => {
    const [ready = 0] = await put("update-all", ["a"]);
    const [delayed = 0] = await put("update-all", ["b"], 100);
    const update = (state: string) =>
      bulk({ action: "update", tube: "update-all", state, pri: 77 });
    expect(await update("ready")).toMatchObject({ matched: 1, done: 1 });
    expect(await update("delayed")).toMatchObject({ matched: 1, done: 1 });
    expect(await job(ready)).toMatchObject({ state: "ready", pri: 77 });
    expect(await job(delayed)).toMatchObject({ state: "delayed", pri: 77 });
  });

  it("are gone through in pieces, and not beyond the last that was counted", async () => {
    const ids = await put(
      "pieces",
      Array.from({ length: 250 }, () => "x"),
    );
    const asked = { action: "delete", tube: "pieces", state: "ready" };
    const counted = await bulk({ ...asked, dryRun: true });
    expect(counted).toMatchObject({ matched: 250, last: ids.at(-1), next: null });
    const [late] = await put("pieces", ["late"]);
    const done: number[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const piece: BulkAnswer = await bulk({ ...asked, after, limit: 100, upTo: counted.last });
      done.push(piece.done);
      after = piece.next;
    }
    expect(done).toEqual([100, 100, 50]);
    expect((await jobs("pieces")).jobs.map(({ id }) => id)).toEqual([late]);
  });

  it.each([
    { action: "move", state: "ready" },
    { action: "move", state: "ready", to: "default" },
    { action: "move", state: "reserved", to: "elsewhere" },
    { action: "update", state: "ready" },
    { action: "update", state: "ready", pri: -1 },
    { action: "update", state: "reserved", pri: 1 },
    { action: "delete", state: "ready", limit: 0 },
    { action: "delete", state: "ready", after: -1 },
    { action: "delete", state: "ready", upTo: "1" },
    { action: "kick", state: "ready" },
    { action: "kick", state: "reserved" },
    { action: "delete", state: "reserved" },
    { action: "bury", state: "ready" },
    { action: "delete", state: "buried", group: "of some kind" },
    { action: "delete", state: "buried", group: "" },
    { action: "delete", state: "buried", group: null },
    { action: "delete", state: "ready", dryRun: 1 },
    { action: "delete", state: "ready", filter: 1 },
    { action: "delete", state: "ready", filter: "x".repeat(1001) },
  ])("are left alone when $action of $state makes no sense", async (wrong) => {
    const body = { tube: "default", filter: "", dryRun: false, ...wrong };
    expect((await http.change("/api/v1/bulk", body)).status).toBe(400);
  });

  it("of a name that is more than a name are not looked for", async () => {
    const asked = { action: "delete", state: "ready", filter: "", dryRun: false };
    for (const tube of ["a b", "x\r\ndelete 1", "", "none"]) {
      expect((await http.change("/api/v1/bulk", { ...asked, tube })).status).toBe(404);
    }
  });
});
