/* Access: tokens, the two roles, logins and their cookies. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { Access } from "../../src/http/access.ts";
import type { Peer } from "../../src/http/handler.ts";
import { bookOf, lineFor } from "../support/token-book.ts";
import { everyRoute } from "./every-route.ts";
import { HttpPort, pageHeaders } from "./http-port.ts";

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

/** Somebody at that address, on a connection of their own. */
function peerAt(address: string, signal = new AbortController().signal): Peer {
  return { address, connection: {}, signal };
}

const asBearer = (access: Access, token: string, peer: Peer) =>
  access.roleOf(`Bearer ${token}`, undefined, peer);

/** Ten different wrong tokens. */
async function guessFrom(access: Access, address: string): Promise<void> {
  for (let guess = 0; guess < 10; guess++) {
    await expect(asBearer(access, `guess-${guess}`, peerAt(address))).rejects.toThrow(/not the/);
  }
}

describe("guessing, by a clock of its own", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("wrong tokens from twenty addresses keep no right token out, nor slow it elsewhere", async () => {
    const access = new Access({ admin: ADMIN, read: READ }, 80);
    for (let at = 1; at <= 20; at++) await guessFrom(access, `10.0.0.${at}`);
    expect(await asBearer(access, ADMIN, peerAt("10.0.0.99"))).toBe("admin");
    expect((await access.login(READ, peerAt("10.0.0.98"), false)).role).toBe("read");
    expect(await asBearer(access, ADMIN, peerAt("10.0.0.1"))).toBe("admin");
  });

  test("who guesses gets ten answers a second, whether right or wrong; a right token its own", async () => {
    const access = new Access({ admin: ADMIN, read: undefined }, 80);
    await guessFrom(access, "a");
    let answers = 0;
    const many = Array.from({ length: 100 }, async (_, guess) => {
      const asked = asBearer(access, `more-${guess}`, peerAt("a"));
      await expect(asked).rejects.toThrow(/not the token/);
      answers++;
    });
    const right = asBearer(access, ADMIN, peerAt("a"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(answers).toBe(11);
    await vi.advanceTimersByTimeAsync(9000);
    expect(await right).toBe("admin");
    await Promise.all(many);
    expect(answers).toBe(100);
  });

  test("who does not wait for the answer is passed over", async () => {
    const access = new Access({ admin: ADMIN, read: undefined }, 80);
    await guessFrom(access, "a");
    const gone = new AbortController();
    const left = Array.from({ length: 1000 }, (_, guess) =>
      asBearer(access, `more-${guess}`, peerAt("a", gone.signal)).catch(String),
    );
    const right = asBearer(access, ADMIN, peerAt("a"));
    gone.abort();
    await vi.advanceTimersByTimeAsync(100);
    expect(await right).toBe("admin");
    const told = await Promise.all(left);
    expect(told.filter((one) => one?.includes("nobody waits"))).toHaveLength(999);
    const late = asBearer(access, ADMIN, peerAt("a", gone.signal));
    await expect(late).rejects.toThrow(/nobody waits/);
  });

  test("a connection waits once; a minute later all is forgotten", async () => {
    const access = new Access({ admin: ADMIN, read: undefined }, 80);
    await guessFrom(access, "a");
    const peer = peerAt("a");
    const answers = [ADMIN, ADMIN, ADMIN].map((token) => asBearer(access, token, peer));
    const told = Promise.allSettled(answers);
    await vi.advanceTimersByTimeAsync(200);
    expect((await told).map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
    ]);
    await vi.advanceTimersByTimeAsync(60_000);
    const free = Array.from({ length: 5 }, () => asBearer(access, ADMIN, peer));
    expect(await Promise.all(free)).toEqual(["admin", "admin", "admin", "admin", "admin"]);
  });

  test("a wrong token again and again is no guessing; a network's addresses are one guesser", async () => {
    const access = new Access({ admin: ADMIN, read: undefined }, 80);
    for (let more = 0; more < 300; more++) {
      await expect(asBearer(access, "an-old-token", peerAt("a"))).rejects.toThrow(/not the token/);
    }
    const waits = async (address: string): Promise<boolean> => {
      const asked = [1, 2].map(() => asBearer(access, ADMIN, peerAt(address)));
      let isOver = false;
      const over = Promise.all(asked).then(() => (isOver = true));
      await vi.advanceTimersByTimeAsync(0);
      const hadToWait = !isOver;
      await vi.advanceTimersByTimeAsync(1000);
      await over;
      return hadToWait;
    };
    expect(await waits("a")).toBe(false);
    for (let guess = 0; guess < 10; guess++) {
      const peer = peerAt(`2001:db8:0:1:${guess}::${guess}`);
      await expect(asBearer(access, `guess-${guess}`, peer)).rejects.toThrow(/not the token/);
    }
    expect(await waits("2001:db8:0:1::9")).toBe(true);
    for (const other of ["2001:db8:0:2::9", "2001:db8::1:0:0:9", "::1", "::ffff:127.0.0.1"]) {
      expect([other, await waits(other)]).toEqual([other, false]);
    }
  });

  test("more networks than are counted apart guess as one", async () => {
    const access = new Access({ admin: ADMIN, read: undefined }, 80);
    for (let at = 0; at < 1010; at++) {
      const guess = asBearer(access, `guess-${at}`, peerAt(`n${at}`));
      await expect(guess).rejects.toThrow(/not the token/);
    }
    const asked = ["x", "y"].map((address) => asBearer(access, ADMIN, peerAt(address)));
    await vi.advanceTimersByTimeAsync(100);
    expect(await Promise.all(asked)).toEqual(["admin", "admin"]);
    expect(await asBearer(access, ADMIN, peerAt("n1"))).toBe("admin");
  });
});

test("a server lets a right token in from the very address that guesses, and from all others", async () => {
  await using http = await HttpPort.start({
    flags: ["--http-token", ADMIN, "--http-read-token", READ],
  });
  const status = async (token: string, from: string): Promise<number> =>
    (await http.ask("/api/v1/overview", { headers: bearer(token), from })).status;
  const addresses = Array.from({ length: 20 }, (_, at) => `127.0.0.${at + 2}`);
  const guesses = addresses.flatMap((from) =>
    Array.from({ length: 10 }, (_, guess) => status(`a-guess-of-${from}-${guess}`, from)),
  );
  expect(new Set(await Promise.all(guesses))).toEqual(new Set([401]));
  for (const from of ["127.0.0.1", "127.0.0.2"]) {
    expect([from, await status(ADMIN, from), await status(READ, from)]).toEqual([from, 200, 200]);
  }
  // Sixty-five who guess at the door take no place from who is let in.
  const headers = pageHeaders(http);
  const logins = Array.from({ length: 65 }, (_, guess) => {
    const body = JSON.stringify({ token: `a-guess-at-the-door-${guess}` });
    return http.ask("/api/v1/login", { method: "POST", headers, body, from: "127.0.0.3" });
  });
  expect(await status(ADMIN, "127.0.0.1")).toBe(200);
  for (const login of await Promise.all(logins)) expect(login.status).toBe(401);
});

test("a login lasts twelve hours; a logout elsewhere does not end it", async () => {
  let now = 0;
  const access = new Access({ admin: ADMIN, read: READ }, 80, () => now);
  const { cookie } = await access.login(ADMIN, peerAt("a"), true);
  expect(cookie).toMatch(/^homemaker_80=.*; Secure$/);
  const own = cookie.split(";")[0];
  const other = (await access.login(ADMIN, peerAt("a"), true)).cookie.split(";")[0];
  access.logout(other, true);
  expect(await access.roleOf(undefined, other, peerAt("a"))).toBeNull();
  expect(await access.roleOf(undefined, own, peerAt("b"))).toBe("admin");
  now = 12 * 3_600_000;
  expect(await access.roleOf(undefined, own, peerAt("a"))).toBeNull();
});

test("a token of the queue that logs in often ends logins of its own only", async () => {
  const book = bookOf([lineFor("small", "manage:a"), lineFor("root", "all:*")].join("\n"));
  const access = new Access({ admin: undefined, read: undefined }, 80, undefined, book);
  const login = async (token: string): Promise<string | undefined> =>
    (await access.login(token, peerAt("a"), false)).cookie.split(";")[0];
  const roleOf = (cookie: string | undefined) => access.roleOf(undefined, cookie, peerAt("a"));
  const root = await login("root");
  const used = await login("small");
  const idle = await login("small");
  for (let more = 0; more < 1000; more++) {
    await login("small");
    expect(await roleOf(used)).toBe("admin");
  }
  expect(await roleOf(idle)).toBeNull();
  expect(await roleOf(root)).toBe("admin");
});

test("sixty tokens that may manage something log nobody out, however often they log in", async () => {
  const names = Array.from({ length: 60 }, (_, index) => `manager-${index}`);
  const book = bookOf(names.map((name) => lineFor(name, `manage:${name}`)).join("\n"));
  const access = new Access({ admin: ADMIN, read: READ }, 1, undefined, book);
  const login = async (token: string): Promise<string | undefined> =>
    (await access.login(token, peerAt("a"), false)).cookie.split(";")[0];
  const first = await login(ADMIN);
  const cookies = await Promise.all(names.map(login));
  for (const name of names.slice(0, 55)) for (let more = 0; more < 20; more++) await login(name);
  expect(await access.roleOf(undefined, first, peerAt("a"))).toBe("admin");
  expect(await access.roleOf(undefined, cookies[0], peerAt("a"))).toBe(null);
  expect(await access.roleOf(undefined, cookies[59], peerAt("a"))).toBe("admin");
});

test("whoever logs in often ends logins of the same role only, and the least used ones first", async () => {
  const access = new Access({ admin: ADMIN, read: READ });
  const login = async (token: string): Promise<string | undefined> =>
    (await access.login(token, peerAt("a"), false)).cookie.split(";")[0];
  const roleOf = (cookie: string | undefined) => access.roleOf(undefined, cookie, peerAt("a"));
  const admin = await login(ADMIN);
  const reader = await login(READ);
  const idle = await login(READ);
  for (let more = 0; more < 998; more++) await login(READ);
  expect(await roleOf(reader)).toBe("read"); // so it was used after the others
  await login(READ);
  expect(await roleOf(idle)).toBeNull();
  for (let more = 0; more < 990; more++) await login(READ);
  expect(await roleOf(reader)).toBe("read");
  expect(await roleOf(admin)).toBe("admin");
});
