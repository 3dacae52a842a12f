/*
 * Groups and what holds jobs back, over HTTP: how many are in a group and which, and by what a
 * tube's jobs are held back.
 */
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import type {
  GroupAnswer,
  GroupJobsAnswer,
  HeldBackAnswer,
  TubeDetails,
} from "../../src/http/api-tubes.ts";
import { HttpPort, talk } from "./http-port.ts";

let http: HttpPort;
beforeAll(async () => {
  http = await HttpPort.start({ threads: 2 });
});
afterAll(() => http.server.stop());

const group = async (name: string) => (await http.json(`/api/v1/groups/${name}`)) as GroupAnswer;
const jobs = async (name: string, query: string) =>
  (await http.json(`/api/v1/groups/${name}/jobs?${query}`)) as GroupJobsAnswer;
const heldBack = async (tube: string) =>
  (await http.json(`/api/v1/tubes/${tube}/held-back`)) as HeldBackAnswer;

/** Puts a job for each of the tags; resolves with the ids. */
async function put(tube: string, tags: readonly string[], delay = 0): Promise<number[]> {
  const puts = tags.map((words) => `put 7 ${delay} 600 1 ${words}`.trimEnd() + "\r\nx\r\n");
  const replies = await talk(http, `use ${tube}\r\n${puts.join("")}`);
  return [...replies.matchAll(/^INSERTED (\d+)/gm)].map(([, id]) => Number(id));
}

/** A connection that has said this and goes on holding what it took. */
async function holder(commands: string): Promise<() => void> {
  const socket = await http.server.connect();
  socket.write(`${commands}list-tube-used\r\n`);
  for (let text = ""; !/^USING /m.test(text);) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    text += chunk.toString("latin1");
  }
  return () => void socket.destroy();
}

describe("a group", () => {
  it("tells how many are in it and wait for it, and which, whatever their tubes and states", async () => {
    const [a = 0, b = 0] = await put("group-one", ["grp:g", "grp:g"]);
    const [c = 0] = await put("group-two", ["grp:g"], 1000);
    const [report = 0, plain = 0] = await put("group-three", ["aft:g", ""]);
    await talk(http, `reserve-job ${b}\r\nbury ${b} 9\r\n`);
    expect(await group("g")).toEqual({
      name: "g",
      pending: 3,
      buried: 1,
      isComplete: false,
      waiting: 1,
    });
    const members = await jobs("g", "role=member");
    expect(members.jobs.map(({ id, tube, state }) => [id, tube, state])).toEqual([
      [a, "group-one", "ready"],
      [b, "group-one", "buried"],
      [c, "group-two", "delayed"],
    ]);
    expect(members.jobs[1]).toMatchObject({ pri: 9, reserves: 1, failures: 1 });
    const waiting = await jobs("g", "role=waiting");
    expect(waiting.jobs.map(({ id, tube }) => [id, tube])).toEqual([[report, "group-three"]]);
    expect(waiting.jobs.map(({ id }) => id)).not.toContain(plain);
  });

  it("is shown page by page, and is not there when nobody is in it", async () => {
    const ids = await put("paged", ["grp:p", "grp:p", "grp:p"]);
    const first = await jobs("p", "limit=2");
    expect(first.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(first.next).toBe(ids[1]);
    const second = await jobs("p", `limit=2&after=${first.next}`);
    expect([second.jobs.map(({ id }) => id), second.next]).toEqual([ids.slice(2), null]);
    expect((await http.ask("/api/v1/groups/nobody")).status).toBe(404);
    expect(await jobs("nobody", "")).toEqual({ jobs: [], next: null });
    for (const name of ["a%20b", "x%0d%0adelete%201", "-a"]) {
      expect((await http.ask(`/api/v1/groups/${name}`)).status).toBe(404);
    }
    expect((await http.ask("/api/v1/groups/p/jobs?role=friend")).status).toBe(400);
  });
});

describe("what holds jobs of a tube back", () => {
  it("is told of each key that is at its limit, and each group that is not complete", async () => {
    const [first = 0] = await put("back", ["con:db", "con:db", "con:db", "con:free:9", ""]);
    await put("back-members", ["grp:m", "grp:m"]);
    await put("back", ["aft:m", "aft:m", "aft:nobody"]);
    const leave = await holder(`reserve-job ${first}\r\n`);
    const { holds, ...rest } = await heldBack("back");
    expect(rest).toEqual({ holdCount: 2, isWhole: true });
    const base = { leftSeconds: 0 };
    expect(holds.toSorted((a, b) => (a.reason < b.reason ? 1 : -1))).toEqual([
      { ...base, reason: "key", name: "db", jobs: 2, limit: "1", taken: 1 },
      { ...base, reason: "group", name: "m", jobs: 2, limit: "", taken: 2 },
    ]);
    expect((await http.json("/api/v1/tubes/back")) as TubeDetails).toMatchObject({
      ready: 5,
      delayed: 2,
      waitingForGroup: 2,
    });
    leave();
    await expect.poll(async () => (await heldBack("back")).holdCount).toBe(1);
  });

  it("is told of the tube's pause, rate and limit, if it has something ready", async () => {
    await put("shut", ["", "", ""]);
    await talk(http, "set-tube shut rate=1/h reserved=1\r\npause-tube shut 600\r\n");
    const leave = await holder("watch shut\r\nignore default\r\nreserve-with-timeout 0\r\n");
    const [paused] = (await heldBack("shut")).holds;
    expect(paused).toMatchObject({ reason: "paused", jobs: 3, name: "" });
    expect(paused?.leftSeconds).toBeGreaterThan(590);
    await talk(http, "pause-tube shut 0\r\n");
    leave();
    const leaveAgain = await holder("watch shut\r\nignore default\r\nreserve\r\n");
    const { holds } = await heldBack("shut");
    expect(holds).toMatchObject([
      { reason: "rate", jobs: 2, limit: "1/h" },
      { reason: "reserved", jobs: 2, limit: "1", taken: 1 },
    ]);
    expect(holds[0]?.leftSeconds).toBeGreaterThan(3500);
    await talk(http, "use shut\r\nflush-tube shut\r\n");
    expect(await heldBack("shut")).toEqual({ holds: [], holdCount: 0, isWhole: true });
    leaveAgain();
  });
});

test("there is nothing to tell of a tube that is not there", async () => {
  expect((await http.ask("/api/v1/tubes/none/held-back")).status).toBe(404);
});
