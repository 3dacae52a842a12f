/* Access: tokens, the two roles, logins and their cookies. */
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { Access } from "../../src/http/access.ts";
import { openLog } from "../../src/observability/log.ts";
import { routes } from "../../src/http/routes.ts";
import { DEFAULT_OPTIONS } from "../../src/config/options.ts";
import { Common } from "../../src/server/common.ts";
import type { InProcess } from "../../src/server/in-process.ts";
import { HttpPort } from "./http-port.ts";

const ADMIN = "the-token-of-the-admin";
const READ = "the-token-of-a-reader";
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe("with tokens", () => {
  let http: HttpPort;
  beforeAll(async () => {
    http = await HttpPort.start({ flags: ["--http-token", ADMIN, "--http-read-token", READ] });
  });
  afterAll(() => http.server.stop());

  const session = (headers: Record<string, string> = {}) =>
    http.json("/api/v1/session", { headers });
  const pause = (headers: Record<string, string>) =>
    http.change("/api/v1/tubes/default/pause", { seconds: 0 }, headers);

  it("who shows none learns that one is needed, and nothing else", async () => {
    expect(await session()).toMatchObject({ role: null, needsToken: true });
    for (const path of ["/api/v1/overview", "/api/v1/events", "/api/v1/tubes"]) {
      expect((await http.ask(path)).status).toBe(401);
    }
    expect((await pause({})).status).toBe(401);
  });

  it("a token counts in its header only", async () => {
    for (const path of ["/metrics", "/api/v1/overview"]) {
      expect((await http.ask(`${path}?token=${ADMIN}&access_token=${ADMIN}`)).status).toBe(401);
      const basic = { authorization: `Basic ${Buffer.from(`admin:${ADMIN}`).toString("base64")}` };
      const asked = await http.ask(path, { headers: basic });
      expect(asked).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
      expect((await http.ask(path, { headers: { cookie: `token=${ADMIN}` } })).status).toBe(401);
    }
  });

  it("a reader looks and changes nothing, by whatever route", async () => {
    expect(await session(bearer(READ))).toMatchObject({ role: "read" });
    for (const path of ["/api/v1/overview", "/metrics"]) {
      expect((await http.ask(path, { headers: bearer(READ) })).status).toBe(200);
    }
    const changes = (await everyRoute()).filter(({ method }) => method === "POST");
    expect(changes.length).toBeGreaterThan(8);
    for (const { path } of changes) {
      const there = path.replace(":name", "default").replace(":id", "1");
      const isOwn = there === "/api/v1/login" || there === "/api/v1/logout";
      const { status } = await http.change(there, {}, bearer(READ));
      expect([there, status === 403]).toEqual([there, !isOwn]);
    }
  });

  it("an admin does everything", async () => {
    expect(await session(bearer(ADMIN))).toMatchObject({ role: "admin" });
    expect((await pause(bearer(ADMIN))).status).toBe(200);
  });

  it("a login gives a cookie that no script reads and no other site sends, and a logout ends it", async () => {
    const login = await http.change("/api/v1/login", { token: READ });
    expect(JSON.parse(login.text)).toMatchObject({ role: "read", needsToken: true });
    const [set = ""] = login.headers["set-cookie"] ?? [];
    expect(set).toMatch(
      /^homemaker_\w+=[0-9a-f]{64}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    const cookie = `other=1; ${set.split(";")[0]}`;
    expect(await session({ cookie })).toMatchObject({ role: "read" });
    expect((await pause({ cookie })).status).toBe(403);
    expect((await http.ask("/api/v1/tubes", { headers: { cookie } })).status).toBe(200);
    const forged = await http.change(
      "/api/v1/logout",
      {},
      { cookie, origin: "http://evil.example" },
    );
    expect(forged.status).toBe(403);
    await http.change("/api/v1/logout", {}, { cookie });
    expect(await session({ cookie })).toMatchObject({ role: null });
  });

  it("neither the log nor an answer ever shows a token", async () => {
    const wrong = await http.change("/api/v1/login", { token: "almost-the-token-of-the-admin" });
    expect(wrong.status).toBe(401);
    expect(wrong.text).not.toContain("almost");
    expect(http.server.output).not.toContain(ADMIN);
  });
});

/** The table of routes, of a server that does nothing. */
function everyRoute() {
  const around = {
    options: DEFAULT_OPTIONS,
    addresses: [],
    log: openLog({ verbosity: 0 }),
    common: Common.create(1, 2),
    inProcess: { isReady: false } as InProcess,
    connectionsOf: () => Promise.resolve({ total: 0, connections: [] }),
  };
  return routes(around, new Access({ admin: undefined, read: undefined }));
}

test("a wrong token that comes again and again is no guessing; a network's addresses are one guesser", () => {
  const access = new Access({ admin: ADMIN, read: undefined }, 80, () => 0);
  for (let more = 0; more < 300; more++) {
    expect(() => access.roleOf("Bearer an-old-token", undefined, "a")).toThrow(/not the token/);
  }
  expect(access.roleOf(`Bearer ${ADMIN}`, undefined, "a")).toBe("admin");
  for (let guess = 0; guess < 10; guess++) {
    const address = `2001:db8:0:1:${guess}::${guess}`;
    expect(() => access.roleOf(`Bearer guess-${guess}`, undefined, address)).toThrow(/not the/);
  }
  const wait = /wait a while/;
  expect(() => access.roleOf(`Bearer ${ADMIN}`, undefined, "2001:db8:0:1::9")).toThrow(wait);
  for (const address of ["2001:db8:0:2::9", "2001:db8::1:0:0:9", "::1", "::ffff:127.0.0.1"]) {
    expect(access.roleOf(`Bearer ${ADMIN}`, undefined, address)).toBe("admin");
  }
});

test("who guesses has to wait after ten tokens, also with the right one; cookies go on", () => {
  let now = 0;
  const access = new Access({ admin: ADMIN, read: READ }, 80, () => now);
  const { cookie } = access.login(ADMIN, "a", true);
  expect(cookie).toMatch(/^homemaker_80=.*; Secure$/);
  for (let guess = 0; guess < 10; guess++) {
    expect(() => access.login(`guess ${guess}`, "a", false)).toThrow(/not the token/);
  }
  expect(() => access.login(ADMIN, "a", false)).toThrow(/wait a while/);
  expect(() => access.roleOf(`Bearer ${ADMIN}`, undefined, "a")).toThrow(/wait a while/);
  expect(access.roleOf(undefined, cookie.split(";")[0], "a")).toBe("admin");
  expect(access.roleOf(`Bearer ${READ}`, undefined, "b")).toBe("read");
  now = 60_000;
  expect(access.login(ADMIN, "a", false).role).toBe("admin");
  now += 12 * 3_600_000;
  expect(access.roleOf(undefined, cookie.split(";")[0], "a")).toBeNull();
});

test("so many logins cannot be made that the server remembers more than a thousand", () => {
  const access = new Access({ admin: ADMIN, read: undefined });
  const first = access.login(ADMIN, "a", false).cookie.split(";")[0];
  for (let more = 0; more < 999; more++) access.login(ADMIN, "a", false);
  expect(access.roleOf(undefined, first, "a")).toBe("admin");
  const last = access.login(ADMIN, "a", false).cookie.split(";")[0];
  expect(access.roleOf(undefined, first, "a")).toBeNull();
  expect(access.roleOf(undefined, last, "a")).toBe("admin");
});
