/* Access: tokens, the two roles, logins and their cookies. */
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { Access } from "../../src/http/access.ts";
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

  it("a reader looks and changes nothing", async () => {
    expect(await session(bearer(READ))).toMatchObject({ role: "read" });
    expect((await http.ask("/api/v1/overview", { headers: bearer(READ) })).status).toBe(200);
    expect((await pause(bearer(READ))).status).toBe(403);
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
