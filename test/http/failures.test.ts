/*
 * Failures over HTTP: what is kept with a job, what buried jobs have in common, and doing something
 * to a whole group.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Overview } from "../../src/http/api.ts";
import type {
  BulkAnswer,
  FailureGroup,
  FailuresAnswer,
  JobAnswer,
  JobsAnswer,
} from "../../src/http/api-jobs.ts";
import { HttpPort, talk } from "./http-port.ts";

let http: HttpPort;
beforeAll(async () => {
  http = await HttpPort.start({ threads: 2, flags: ["--keep-failures", "3"] });
});
afterAll(() => http.server.stop());

const job = async (id: number) => (await http.json(`/api/v1/jobs/${id}`)) as JobAnswer;
const jobs = async (tube: string, query: string) =>
  (await http.json(`/api/v1/tubes/${tube}/jobs?state=buried&${query}`)) as JobsAnswer;
const failures = async (tube = "") =>
  (await http.json(`/api/v1/failures?tube=${encodeURIComponent(tube)}`)) as FailuresAnswer;
const bulk = async (body: object) => {
  const { text } = await http.change("/api/v1/bulk", { filter: "", dryRun: false, ...body });
  return JSON.parse(text) as BulkAnswer;
};
const text = (base64: string): string => Buffer.from(base64, "base64").toString("latin1");
const sampleOf = ({ sample }: FailureGroup): string => text(sample.base64);

/** The command by which somebody who holds the job says why; without a message the ordinary one. */
function bury(id: number, message?: string): string {
  return `reserve-job ${id}\r\n${failed(`bury ${id} 0`, message)}`;
}

function failed(command: string, message?: string): string {
  return message === undefined
    ? `${command}\r\n`
    : `${command} ${message.length}\r\n${message}\r\n`;
}

/** Puts a job for each message and buries it; resolves with the ids. */
async function putBuried(
  tube: string,
  messages: readonly (string | undefined)[],
): Promise<number[]> {
  const puts = messages.map(() => "put 7 0 60 4\r\nbody\r\n");
  const replies = await talk(http, `use ${tube}\r\n${puts.join("")}`);
  const ids = [...replies.matchAll(/^INSERTED (\d+)/gm)].map(([, id]) => Number(id));
  await talk(http, ids.map((id, at) => bury(id, messages[at])).join(""));
  return ids;
}

test("a job is shown with every failure that is kept, the newest last, byte for byte", async () => {
  const hostile = "<script>\u0000\u0007\u001b[31m\u00ff\u00fe\r\n.\r\n";
  const started = Date.now() / 1000;
  const [id = 0] = await putBuried("one", ["first"]);
  const again = `kick-job ${id}\r\nreserve-job ${id}\r\n`;
  await talk(http, `${again}${failed(`release ${id} 0 0`, hostile)}`);
  await talk(http, `reserve-job ${id}\r\n`); // and away
  await expect.poll(async () => (await job(id)).failureCount).toBe(3);
  const { failures: kept, ...rest } = await job(id);
  expect(rest).toMatchObject({ state: "ready", reserves: 3, failureCount: 3 });
  expect(kept).toMatchObject([
    { attempt: 1, end: "buried", who: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string },
    { attempt: 2, end: "released" },
    { attempt: 3, end: "connection-lost", messageBase64: "" },
  ]);
  expect(kept.map(({ messageBase64 }) => text(messageBase64))).toEqual(["first", hostile, ""]);
  for (const { at } of kept) expect(Math.abs(at - started)).toBeLessThan(60);
  await talk(http, bury(id));
  expect(await job(id)).toMatchObject({
    failureCount: 4,
    failures: [{ attempt: 2 }, { attempt: 3 }, { attempt: 4 }],
  });
  const { jobs: listed } = await jobs("one", "");
  expect(listed).toMatchObject([{ id, failures: 4 }]);
});

test("the overview counts the attempts that failed, however they did", async () => {
  const total = async () => ((await http.json("/api/v1/overview")) as Overview).totals.failures;
  const before = await total();
  const [id = 0] = await putBuried("counted", ["x"]);
  await talk(http, `kick-job ${id}\r\nreserve-job ${id}\r\nrelease ${id} 0 0\r\n`);
  expect((await total()) - before).toBe(2);
});

test("a filter is looked for in the latest failure message too", async () => {
  const ids = await putBuried("filter", ["disk is full", "no route to host", undefined]);
  const found = async (filter: string) =>
    (await jobs("filter", `filter=${encodeURIComponent(filter)}`)).jobs.map(({ id }) => id);
  expect(await found("disk")).toEqual([ids[0]]);
  expect(await found("o")).toEqual(ids); // in each body
  expect(await found("of route")).toEqual([]);
  const [first = 0] = ids;
  await talk(http, `kick-job ${first}\r\n${bury(first, "no memory")}`);
  expect(await found("disk")).toEqual([]);
  expect(await found("memory")).toEqual([first]);
});

test("buried jobs are grouped by their latest message, where numbers and ids do not count", async () => {
  const started = Date.now() / 1000;
  const refused = Array.from({ length: 5 }, (_, at) => `connect ECONNREFUSED 10.0.0.${at}:80`);
  await putBuried("groups", [...refused, "bad address", undefined, undefined]);
  const { groups, ...rest } = await failures("groups");
  expect(rest).toEqual({ groupCount: 3, scanned: 8, isWhole: true });
  expect(groups.map(({ count, tube }) => [count, tube])).toEqual([
    [5, "groups"],
    [2, "groups"],
    [1, "groups"],
  ]);
  expect(groups.map(sampleOf)).toEqual(["connect ECONNREFUSED 10.0.0.4:80", "", "bad address"]);
  for (const { firstSeen, lastSeen } of groups) {
    expect(Math.abs((firstSeen ?? 0) - started)).toBeLessThan(60);
    expect(lastSeen).toBeGreaterThanOrEqual(firstSeen ?? Infinity);
  }
});

test("a group's jobs are listed, counted, kicked and deleted, and no others", async () => {
  const ids = await putBuried("whole", ["lost 1", "found 2", "lost 3", "lost 4"]);
  const { groups } = await failures("whole");
  const group = groups.find((one) => one.count === 3)?.key ?? "";
  const listed = async () => (await jobs("whole", `group=${group}`)).jobs.map(({ id }) => id);
  expect(await listed()).toEqual([ids[0], ids[2], ids[3]]);
  const wish = { tube: "whole", state: "buried", group };
  expect(await bulk({ ...wish, action: "kick", dryRun: true })).toMatchObject({
    matched: 3,
    done: 0,
  });
  expect(await bulk({ ...wish, action: "delete", filter: "lost 1" })).toMatchObject({
    matched: 1,
    done: 1,
  });
  expect(await bulk({ ...wish, action: "kick" })).toMatchObject({ matched: 2, done: 2 });
  expect(await listed()).toEqual([]);
  expect(await http.json("/api/v1/tubes/whole")).toMatchObject({ ready: 2, buried: 1 });
  expect((await http.ask("/api/v1/tubes/whole/jobs?group=of+some+kind")).status).toBe(400);
});

test("of two errors with the same frames, kicking all of one leaves the other buried", async () => {
  const frames = Array.from(
    { length: 30 },
    (_, at) => `  File "/srv/app/worker.py", line ${at}, in run\n    handle(job)\n`,
  ).join("");
  const said = (exception: string): string =>
    `Traceback (most recent call last):\n${frames}${exception}\n`;
  const ids = await putBuried("traces", [
    said("KeyError: 'ada@example.com'"),
    said("TimeoutError: no answer within 5 s"),
    said("KeyError: 'bob'"),
    said("TimeoutError: no answer within 12 s"),
    said("KeyError: 'eve'"),
  ]);
  const { groups } = await failures("traces");
  expect(groups.map(({ count, headlineBase64 }) => [count, text(headlineBase64)])).toEqual([
    [3, "KeyError: 'eve'"],
    [2, "TimeoutError: no answer within 12 s"],
  ]);
  const wish = { tube: "traces", state: "buried", group: groups[1]?.key };
  // The last one fails in another way before it is acted on, so it belongs to the group no more.
  const last = ids[3] ?? 0;
  await talk(http, `kick-job ${last}\r\n${bury(last, said("KeyError: 'mallory'"))}`);
  expect(await bulk({ ...wish, action: "kick" })).toMatchObject({ matched: 1, done: 1 });
  expect((await jobs("traces", "")).jobs.map(({ id }) => id)).toEqual(
    ids.filter((_, at) => at !== 1),
  );
});

test("buried jobs are listed by when they were buried, page by page, with their headlines", async () => {
  const ids = await putBuried("newest", ["no 1", "no 2", "not at all", undefined, "no 5"]);
  const [first = 0] = ids;
  await talk(http, `kick-job ${first}\r\n${bury(first, "Error: again\n    at f (x.js:1:1)")}`);
  const listed = async (query: string) => jobs("newest", `order=newest&${query}`);
  const all = await listed("");
  expect(all.jobs.map(({ id }) => id)).toEqual([first, ids[4], ids[3], ids[2], ids[1]]);
  const headlines = all.jobs.map(({ failure }) => text(failure?.headlineBase64 ?? "none"));
  expect(headlines).toEqual(["Error: again", "no 5", "", "not at all", "no 2"]);
  for (const { failure } of all.jobs) expect(failure?.at).toBeCloseTo(Date.now() / 1000, -2);
  const page = await listed("limit=2&after=2");
  expect(page.jobs.map(({ id }) => id)).toEqual([ids[3], ids[2]]);
  expect(page.next).toBe(4);
  expect((await listed("limit=2&after=4")).next).toBeNull();
  const filtered = await listed("filter=no+&limit=1");
  expect(filtered.jobs.map(({ id }) => id)).toEqual([ids[4]]);
  expect((await listed(`filter=no+&after=${filtered.next}`)).jobs.map(({ id }) => id)).toEqual([
    ids[1],
  ]);
  expect((await http.ask("/api/v1/tubes/newest/jobs?state=ready&order=newest")).status).toBe(400);
});

test("a sample is the beginning of a message, and a long one is told from a short one", async () => {
  await putBuried("long", ["long line ".repeat(6000)]);
  const [group] = (await failures("long")).groups;
  expect(group?.sample.isWhole).toBe(false);
  expect(text(group?.sample.base64 ?? "")).toBe("long line ".repeat(6000).slice(0, 1024));
});

test("where there are more buried jobs than are looked at, no tube hides another", async () => {
  const words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
  const spelt = (at: number): string =>
    Array.from(String(at), (digit) => words[Number(digit)]).join("-");
  await putBuried(
    "flood",
    Array.from({ length: 10_300 }, (_, at) => `failed on ${spelt(at % 300)}`),
  );
  await putBuried("trickle", ["hardly ever"]);
  await expect
    .poll(async () => (await http.json("/api/v1/tubes?search=trickle")) as object)
    .toMatchObject({
      tubes: [{ buried: 1 }],
    }); // the list of tubes is up to a second old
  const all = await failures();
  expect(all).toMatchObject({ scanned: 10_000, isWhole: false });
  expect(all.groups).toHaveLength(200);
  expect(all.groupCount).toBeGreaterThan(300);
  const flood = await failures("flood");
  expect(flood).toMatchObject({ scanned: 10_000, isWhole: false, groupCount: 300 });
  expect((await failures("trickle")).groups).toMatchObject([{ tube: "trickle", count: 1 }]);
});

test("a tube that is not there, or cannot be, has no failures", async () => {
  const none = { groups: [], groupCount: 0, scanned: 0, isWhole: true };
  for (const tube of ["nowhere", "a b", "x\r\ndelete 1"])
    expect(await failures(tube)).toEqual(none);
  expect((await http.ask(`/api/v1/failures?tube=${"x".repeat(201)}`)).status).toBe(400);
});

test("a job is shown with its tags", async () => {
  const key = "k".repeat(200);
  const puts = `put 7 0 60 4 idp:${key}:60\r\nbody\r\nput 7 0 60 4\r\nbody\r\n`;
  const replies = await talk(http, `use tagged\r\n${puts}`);
  const ids = [...replies.matchAll(/^INSERTED (\d+)/gm)].map(([, id]) => Number(id));
  const shown = await Promise.all(ids.map(async (id) => (await job(id)).tags));
  expect(shown).toEqual([[`idp:${key}:60`], []]);
});
