/* The queue's tokens on the HTTP port: who may look at what, and change what. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../src/entries/client.ts";
import type { Client } from "../../src/client/client.ts";
import { HttpError } from "../../src/http/handler.ts";
import { checkRights } from "../../src/http/rights.ts";
import { Grant, parseRule } from "../../src/protocol/rights.ts";
import { lineFor } from "../support/token-book.ts";
import { until } from "../support/until.ts";
import { everyRoute } from "./every-route.ts";
import { HttpPort, pageHeaders } from "./http-port.ts";

const ROOT = "hm_root-0123456789";
const VIEWER = "hm_viewer-0123456789";
const MANAGER = "hm_manager-0123456789";
const PRODUCER = "hm_producer-0123456789";
const ALL = [
  lineFor(ROOT, "all:*"),
  lineFor(VIEWER, "look:mail.*"),
  lineFor(MANAGER, "manage:mail.*"),
  lineFor(PRODUCER, "put:mail.*"),
  "anonymous all:*",
];
const directory = mkdtempSync(join(tmpdir(), "http-tokens-"));
const file = join(directory, "tokens");
let http: HttpPort;
let root: Client;
/** In mail.a and in other. */
let mine = 0;
let foreign = 0;

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const statusOf = async (path: string, token: string): Promise<number> =>
  (await http.ask(path, { headers: bearer(token) })).status;
const changed = async (path: string, body: unknown, token: string): Promise<number> =>
  (await http.change(path, body, bearer(token))).status;

async function buried(tube: string): Promise<number> {
  await root.use(tube);
  const { id } = await root.put("x");
  await root.reserveJob(id);
  await root.bury(id, { failure: `no ${tube}` });
  return id;
}

beforeAll(async () => {
  writeFileSync(file, ALL.join("\n"));
  http = await HttpPort.start({ flags: ["--tokens", file] });
  if (!("port" in http.server.address)) throw new Error("it listens elsewhere");
  root = await connect(`127.0.0.1:${http.server.address.port}`, { token: ROOT });
  mine = await buried("mail.a");
  foreign = await buried("other");
});
afterAll(async () => {
  await root.close();
  await http.server.stop();
  rmSync(directory, { recursive: true });
});

test("whoever shows none, or a wrong one, is not let in, whatever anonymous may", async () => {
  expect((await http.ask("/api/v1/tubes")).status).toBe(401);
  expect(await statusOf("/api/v1/tubes", "hm_wrong")).toBe(401);
  expect(await http.json("/api/v1/session")).toMatchObject({ role: null, needsToken: true });
});

test("the session says which tubes the token may manage, for the dashboard to offer no more", async () => {
  const manages = async (token: string): Promise<unknown> => {
    const answer = await http.json("/api/v1/session", { headers: bearer(token) });
    return (answer as { readonly manages?: unknown }).manages;
  };
  expect([await manages(ROOT), await manages(VIEWER)]).toEqual([["*"], []]);
  expect(await manages(MANAGER)).toEqual(["mail.*"]);
});

test("lists show the tubes into which the token lets look, and their failures", async () => {
  const tubesOf = async (token: string): Promise<string> => {
    const { text } = await http.ask("/api/v1/tubes", { headers: bearer(token) });
    const { tubes } = JSON.parse(text) as { tubes: readonly { name: string }[] };
    return tubes
      .map(({ name }) => name)
      .toSorted()
      .join();
  };
  expect(await tubesOf(ROOT)).toBe("default,mail.a,other");
  expect(await tubesOf(VIEWER)).toBe("mail.a");
  expect(await tubesOf(PRODUCER)).toBe("");
  const failures = (await http.ask("/api/v1/failures", { headers: bearer(VIEWER) })).text;
  expect(failures).toContain('"mail.a"');
  expect(failures).not.toContain("other");
  expect(await statusOf("/api/v1/failures?tube=other", VIEWER)).toBe(403);
  const everywhere = (await http.ask("/api/v1/failures", { headers: bearer(ROOT) })).text;
  expect(everywhere).toContain('"other"');
});

test("a tube and a job are shown to who may look there, and of others it is not known", async () => {
  for (const path of ["", "/jobs?state=buried", "/held-back"]) {
    expect([path, await statusOf(`/api/v1/tubes/mail.a${path}`, VIEWER)]).toEqual([path, 200]);
    expect([path, await statusOf(`/api/v1/tubes/other${path}`, VIEWER)]).toEqual([path, 403]);
  }
  for (const path of ["", "/body", "/explanation"]) {
    expect([path, await statusOf(`/api/v1/jobs/${mine}${path}`, VIEWER)]).toEqual([path, 200]);
    expect([path, await statusOf(`/api/v1/jobs/${foreign}${path}`, VIEWER)]).toEqual([path, 404]);
    expect([path, await statusOf(`/api/v1/jobs/9999${path}`, VIEWER)]).toEqual([path, 404]);
    expect([path, await statusOf(`/api/v1/jobs/${mine}${path}`, PRODUCER)]).toEqual([path, 403]);
  }
  expect(await statusOf("/api/v1/overview", VIEWER)).toBe(200);
  expect(await statusOf("/metrics", VIEWER)).toBe(403);
  expect(await statusOf("/metrics", ROOT)).toBe(200);
});

test("who may manage a tube changes it and its jobs, and no others", async () => {
  expect(await changed("/api/v1/tubes/mail.a/pause", { seconds: 0 }, VIEWER)).toBe(403);
  expect(await changed("/api/v1/tubes/mail.a/pause", { seconds: 0 }, MANAGER)).toBe(200);
  expect(await changed("/api/v1/tubes/other/pause", { seconds: 0 }, MANAGER)).toBe(403);
  expect(await changed(`/api/v1/jobs/${foreign}/kick`, {}, MANAGER)).toBe(404);
  expect(await changed(`/api/v1/jobs/${mine}/move`, { tube: "mail.b" }, MANAGER)).toBe(403);
  const bulk = { action: "kick", tube: "other", state: "buried" };
  expect(await changed("/api/v1/bulk", bulk, MANAGER)).toBe(403);
  const move = { action: "move", tube: "mail.a", state: "buried", to: "other" };
  expect(await changed("/api/v1/bulk", move, MANAGER)).toBe(403);
  const dead = { settings: { dead: "other" } };
  expect(await changed("/api/v1/tubes/mail.a/settings", dead, MANAGER)).toBe(403);
  expect(await changed("/api/v1/drain", {}, MANAGER)).toBe(403);
  expect((await root.statsJob(foreign))?.["state"]).toBe("buried");
  expect(await changed(`/api/v1/jobs/${mine}/kick`, {}, MANAGER)).toBe(200);
  expect((await root.statsJob(mine))?.["state"]).toBe("ready");
});

test("a job that comes while the body is on its way is as foreign as one that was there", async () => {
  const next = (await root.put("x")).id + 1;
  const headers = { ...pageHeaders(http), ...bearer(MANAGER), expect: "100-continue" };
  const path = `/api/v1/jobs/${next}/kick`;
  const asked = request({ host: "127.0.0.1", port: http.port, path, method: "POST", headers });
  const answer = once(asked, "response") as Promise<[IncomingMessage]>;
  asked.flushHeaders();
  await once(asked, "continue");
  expect(await buried("other")).toBe(next);
  asked.end("{}");
  const [response] = await answer;
  response.resume();
  expect(response.statusCode).toBe(404);
  expect((await root.statsJob(next))?.["state"]).toBe("buried");
});

test("the page for logging in takes them, and a token that is gone logs out", async () => {
  const login = await http.change("/api/v1/login", { token: VIEWER });
  expect(JSON.parse(login.text)).toMatchObject({ role: "read" });
  const cookie = (login.headers["set-cookie"] ?? [""])[0]?.split(";")[0] ?? "";
  const status = async (path: string): Promise<number> =>
    (await http.ask(path, { headers: { cookie } })).status;
  expect(await status("/api/v1/tubes/mail.a")).toBe(200);
  expect(await status("/api/v1/tubes/other")).toBe(403);
  writeFileSync(file, ALL.filter((line) => !line.startsWith(VIEWER)).join("\n"));
  http.server.signal("SIGHUP");
  await until("it is logged out", async () => (await status("/api/v1/tubes/mail.a")) === 401);
  expect(http.server.output).not.toContain(VIEWER);
});

test("every route of the API that needs something is closed to a token without its right", async () => {
  const rule = parseRule("put:*");
  const grant = new Grant(rule === undefined ? [] : [rule]);
  const routes = (await everyRoute()).filter(({ needs }) => needs !== "nothing");
  expect(routes.length).toBeGreaterThan(20);
  const open = routes.filter((route) => {
    try {
      checkRights(route, { name: "a", id: "1" }, grant, { tubeOf: () => "a" });
      return true;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return false;
    }
  });
  // What these show goes by the rights.
  expect(open.map(({ path }) => path.replace("/api/v1/", "")).toSorted()).toEqual([
    "events",
    "failures",
    "overview",
    "tubes",
  ]);
});
