/* Tubes and the overview: what the API says about a server, and what it does to its tubes. */
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import type { Overview } from "../../src/http/api.ts";
import type { Tube, TubeDetails, TubesAnswer } from "../../src/http/api-tubes.ts";
import { HttpPort, talk } from "./http-port.ts";
import { TUBE_SETTINGS } from "../../src/protocol/tube-settings.ts";

let http: HttpPort;
beforeAll(async () => {
  http = await HttpPort.start({ threads: 2 });
});
afterAll(() => http.server.stop());

const overview = async () => (await http.json("/api/v1/overview")) as Overview;
const tubes = async (query: string) => (await http.json(`/api/v1/tubes?${query}`)) as TubesAnswer;
const tube = async (name: string) => (await http.json(`/api/v1/tubes/${name}`)) as Tube;

test("the one who looks is nobody's client", async () => {
  await expect.poll(async () => (await overview()).connections.open).toBe(0);
  const before = await talk(http, "stats\r\n");
  for (let look = 0; look < 3; look++) {
    await overview();
    await tubes("");
    await http.change("/api/v1/tubes/default/pause", { seconds: 0 });
    await http.change("/api/v1/tubes/default/kick", { count: 1 });
  }
  await expect.poll(async () => (await overview()).connections.open).toBe(0);
  const after = await talk(http, "stats\r\n");
  const steady = (line: string): boolean => /^(cmd-(?!stats:)|current-|threads|shards)/.test(line);
  const lines = after.split("\n").filter(steady);
  expect(lines).toEqual(before.split("\n").filter(steady));
  expect(lines).toContain("current-connections: 1");
  // Once the talker is gone.
  await expect.poll(() => tube("default")).toMatchObject({ using: 0, watching: 0 });
});

test("the overview has the figures of the whole server", async () => {
  await talk(http, "use over\r\nput 0 0 9 1\r\na\r\nput 2000 0 9 1\r\nb\r\nput 0 99 9 1\r\nc\r\n");
  await expect.poll(async () => (await overview()).connections.open).toBe(0);
  expect(await overview()).toMatchObject({
    isDraining: false,
    jobs: { ready: 2, reserved: 0, delayed: 1, buried: 0, urgent: 1 },
    totals: { put: 3, reserved: 0, deleted: 0 },
    processMillis: null,
    connections: { open: 0, producers: 0, workers: 0, waiting: 0 },
    journal: null,
    addresses: [http.server.address],
  });
  expect((await overview()).shards).toHaveLength(8);
  expect((await overview()).threads.map(({ index }) => index)).toEqual([0, 1]);
  await talk(http, "watch over\r\nreserve\r\ndelete 1\r\n");
  await expect
    .poll(async () => (await overview()).totals)
    .toMatchObject({ reserved: 1, deleted: 1 });
  const { queueMillis, processMillis } = await overview();
  expect(queueMillis?.p50).toBeGreaterThan(0);
  expect(processMillis?.p99).toBeGreaterThan(0);
  const oldest = async () => (await overview()).oldestReady;
  await expect.poll(oldest).toBeNull(); // nobody watches, and it is as old as the survey of tubes
  const watcher = await http.server.connect();
  watcher.write("watch over\r\n");
  await expect.poll(async () => (await tube("over")).watching).toBe(1);
  expect(await tube("over")).toMatchObject({ isUnwatched: true }); // it has never reserved
  watcher.write("reserve-with-timeout 0\r\nrelease 2 2000 0\r\n");
  await expect.poll(oldest).toMatchObject({ tube: "over" });
  expect(await tube("over")).toMatchObject({ isUnwatched: false });
  expect((await oldest())?.ageSeconds).toBeGreaterThan(0);
  watcher.write("pause-tube over 1000\r\n");
  await expect.poll(oldest).toBeNull();
  watcher.destroy();
});

test("a job of default waits for nobody while all who watch it are producers", async () => {
  const oldest = async () => (await overview()).oldestReady?.tube;
  const producer = await http.server.connect();
  producer.write("put 0 0 9 1\r\nx\r\n");
  await expect.poll(() => tube("default")).toMatchObject({ ready: 1, watching: 1 });
  expect(await tube("default")).toMatchObject({ isUnwatched: true });
  const elsewhere = await http.server.connect();
  elsewhere.write("watch elsewhere\r\nignore default\r\nreserve\r\n");
  await expect.poll(async () => (await overview()).connections.workers).toBe(1);
  expect(await tube("default")).toMatchObject({ watching: 1, isUnwatched: true });
  const worker = await http.server.connect();
  worker.write("reserve-with-timeout 0\r\n");
  await expect.poll(() => tube("default")).toMatchObject({ reserved: 1, watching: 2 });
  worker.write("put 9 0 9 1\r\ny\r\n");
  await expect.poll(() => tube("default")).toMatchObject({ ready: 1, isUnwatched: false });
  await expect.poll(oldest).toBe("default");
  for (const socket of [producer, elsewhere, worker]) socket.destroy();
  await expect.poll(async () => (await overview()).connections.open).toBe(0);
  await talk(http, "reserve\r\ndelete 4\r\nreserve\r\ndelete 5\r\n");
  await expect.poll(async () => (await tube("default")).ready).toBe(0);
});

describe("the list of tubes", () => {
  beforeAll(async () => {
    const names = ["list-1", "list-2", "list-10", "a+b/c;d.e$f_g()"];
    const puts = names.map((name, at) => `use ${name}\r\n${"put 0 0 9 1\r\nx\r\n".repeat(at)}`);
    await talk(http, puts.join(""));
  });

  it("is searched, sorted and cut", async () => {
    const names = async (query: string) => (await tubes(query)).tubes.map(({ name }) => name);
    // It is up to a second old.
    await expect.poll(() => names("search=list")).toEqual(["list-10", "list-2"]);
    expect(await names("search=LIST&sort=ready&order=desc")).toEqual(["list-10", "list-2"]);
    expect(await names("search=list&sort=ready&order=asc")).toEqual(["list-2", "list-10"]);
    expect(await names("sort=ready&order=desc&limit=1")).toEqual(["a+b/c;d.e$f_g()"]);
    expect(await names("sort=ready&order=desc&limit=1&offset=1")).toHaveLength(1);
    expect(await names("offset=1000")).toEqual([]);
  });

  it("shows a tube by its name, however it is written", async () => {
    const name = "a+b/c;d.e$f_g()";
    expect(await tube(encodeURIComponent(name))).toMatchObject({
      name,
      ready: 3,
      total: 3,
      isUnwatched: true,
    });
    expect((await http.ask("/api/v1/tubes/none")).status).toBe(404);
  });
});

test("a tube is paused, and kicked without being made", async () => {
  await talk(
    http,
    "use work\r\nput 0 0 9 1\r\nx\r\nwatch work\r\nignore default\r\nreserve\r\nbury 1 0\r\n",
  );
  expect((await http.change("/api/v1/tubes/work/pause", { seconds: 60 })).status).toBe(200);
  expect(await tube("work")).toMatchObject({ pauseSeconds: 60 });
  await http.change("/api/v1/tubes/work/pause", { seconds: 0 });
  expect((await http.change("/api/v1/tubes/none/pause", { seconds: 1 })).status).toBe(404);
  expect((await http.change("/api/v1/tubes/none/kick", { count: 1 })).status).toBe(404);
  expect((await http.ask("/api/v1/tubes/none")).status).toBe(404);
});

test("kicking makes as many buried jobs ready as were asked for", async () => {
  const put = "put 0 0 9 1\r\nx\r\n".repeat(3);
  await talk(http, `use kicks\r\nwatch kicks\r\nignore default\r\n${put}`);
  const reserved = await talk(http, "watch kicks\r\nignore default\r\nreserve\r\nreserve\r\n");
  const ids = [...reserved.matchAll(/^RESERVED (\d+)/gm)].map(([, id]) => id);
  expect(ids).toHaveLength(2);
  const bury = ids.map((id) => `reserve-job ${id}\r\nbury ${id} 0\r\n`).join("");
  // They came back with their connection's end.
  await expect.poll(async () => (await tube("kicks")).ready).toBe(3);
  await talk(http, bury);
  const kick = await http.change("/api/v1/tubes/kicks/kick", { count: 1 });
  expect(JSON.parse(kick.text)).toEqual({ kicked: 1 });
  expect(await tube("kicks")).toMatchObject({ ready: 2, buried: 1 });
});

test("whoever subscribes gets the overview at once and then once a second", async () => {
  const response = await new Promise<IncomingMessage>((resolve) => {
    request(
      { host: "127.0.0.1", port: http.port, path: "/api/v1/events", agent: false },
      resolve,
    ).end();
  });
  expect(response.headers["content-type"]).toBe("text/event-stream");
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    text += String(chunk);
    if (text.split("event: overview\n").length > 2) break;
  }
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? "";
  expect(JSON.parse(data)).toMatchObject({ isDraining: false, totals: {} });
});

test("no more than 32 subscribe at a time", async () => {
  const open = Array.from({ length: 33 }, async () => {
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    request(
      { host: "127.0.0.1", port: http.port, path: "/api/v1/events", agent: false },
      resolve,
    ).end();
    return promise;
  });
  const responses = await Promise.all(open);
  const statuses = responses.map(({ statusCode }) => statusCode);
  expect(statuses.filter((status) => status === 200)).toHaveLength(32);
  expect(statuses.filter((status) => status === 503)).toHaveLength(1);
  for (const response of responses) response.destroy();
  await expect
    .poll(async () => {
      const asked = request({
        host: "127.0.0.1",
        port: http.port,
        path: "/api/v1/events",
        agent: false,
      });
      const { promise, resolve } = Promise.withResolvers<number>();
      asked.once("response", (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      });
      asked.end();
      return promise;
    })
    .toBe(200);
});

describe("what is set for a tube", () => {
  const settings = async (name: string) => {
    const shown = (await http.json(`/api/v1/tubes/${name}`)) as TubeDetails;
    return Object.fromEntries(shown.settings.map((one) => [one.name, one.value]));
  };
  const set = (name: string, what: unknown) =>
    http.change(`/api/v1/tubes/${name}/settings`, { settings: what });

  it("is shown, set and taken away", async () => {
    const none = Object.fromEntries(TUBE_SETTINGS.map(({ name }) => [name, ""]));
    expect(await settings("default")).toEqual(none);
    expect((await set("limited", { jobs: "1", body: "100", rate: "6/m" })).status).toBe(200);
    expect(await settings("limited")).toEqual({ ...none, jobs: "1", body: "100", rate: "6/m" });
    const puts = "use limited\r\nput 0 0 9 1\r\nx\r\nput 0 0 9 1\r\nx\r\n";
    expect(await talk(http, puts)).toContain("TUBE_FULL jobs 1");
    expect((await set("limited", { jobs: "", rate: "" })).status).toBe(200);
    expect(await settings("limited")).toEqual({ ...none, body: "100" });
    expect(await tube("limited")).toMatchObject({ bytes: 1 });
  });

  it.each([
    [{ rate: "often" }, '"rate" must be <n>/<unit>: 1 to 4294967295; the unit is s, m or h'],
    [{ ack: "sync" }, '"ack" must be no more than the server promises'],
    [{ dead: "refused" }, "the dead jobs of refused cannot go to it"],
  ])("%j is refused, and it is said why", async (what, message) => {
    const { status, text } = await set("refused", what);
    expect([status, JSON.parse(text).error.message]).toEqual([400, message]);
  });

  it.each([{}, { colour: "1" }, { jobs: 1 }, { jobs: "x" }, { jobs: "1 body=2" }, null, "jobs=1"])(
    "%j is refused",
    async (what) => {
      expect((await set("refused", what)).status).toBe(400);
      expect((await http.ask("/api/v1/tubes/refused")).status).toBe(404);
    },
  );
});
