/*
 * Protection: what the HTTP port refuses: pages of other sites, names that are not its own,
 * requests that are too large, too slow or garbled.
 */
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { HttpPort, pageHeaders, send } from "./http-port.ts";

let http: HttpPort;
beforeAll(async () => {
  http = await HttpPort.start();
});
afterAll(() => http.server.stop());

const CHANGE = "/api/v1/tubes/default/pause";
const change = (headers: Record<string, string>, path = CHANGE) =>
  http.change(path, { seconds: 0 }, headers);

describe("a request names this server", () => {
  it.each([
    "127.0.0.1",
    "127.0.0.1:80",
    "localhost:9",
    "LOCALHOST",
    "[::1]:1",
    "10.1.2.3",
    "localhost.",
  ])("by %s", async (host) => {
    expect((await http.ask("/readyz", { headers: { host } })).status).toBe(200);
    expect((await http.ask("/api/v1/overview", { headers: { host } })).status).toBe(200);
  });

  it.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "a b",
    "localhost:x",
  ])("and not by %j", async (host) => {
    for (const path of ["/healthz", "/api/v1/overview", "/nothing"]) {
      expect((await http.ask(path, { headers: { host } })).status).toBe(403);
    }
    expect((await change({ host, origin: `http://${host}` })).status).toBe(403);
  });

  it("by a name that was configured", async () => {
    await using named = await HttpPort.start({ flags: ["--http-host", "queue.example.org"] });
    const headers = { host: "Queue.example.org:443" };
    expect((await named.ask("/api/v1/overview", { headers })).status).toBe(200);
    const origin = "https://queue.example.org:443";
    const asked = await named.change(CHANGE, { seconds: 0 }, { ...headers, origin });
    expect(asked.status).toBe(200);
  });
});

describe("a change", () => {
  it("is taken from a page of this server, and from a program", async () => {
    expect(await change({})).toMatchObject({ status: 200, text: "{}" });
    const headers = { "content-type": "application/json; charset=utf-8", "x-homemaker": "1" };
    const asked = await http.ask(CHANGE, { method: "POST", headers, body: '{"seconds":0}' });
    expect(asked.status).toBe(200);
  });

  it.each([
    "null",
    "http://evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1:1",
    "ftp://127.0.0.1",
    "",
  ])("is not taken from the origin %j", async (origin) => {
    expect((await change({ origin })).status).toBe(403);
  });

  it.each(["cross-site", "same-site", "none-of-these"])("is not taken from a %s", async (site) => {
    expect((await change({ "sec-fetch-site": site })).status).toBe(403);
    expect(
      (await http.ask("/api/v1/overview", { headers: { "sec-fetch-site": site } })).status,
    ).toBe(403);
  });

  it("is not taken without the header that pages of other sites cannot set", async () => {
    for (const mark of ["", "0", "true"]) {
      expect((await change({ "x-homemaker": mark })).status).toBe(403);
    }
    const { "x-homemaker": _, ...headers } = pageHeaders(http);
    const asked = await http.ask(CHANGE, { method: "POST", headers, body: '{"seconds":0}' });
    expect(asked.status).toBe(403);
  });

  it.each([
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
    "text/json",
    "",
  ])("is not taken as %j", async (type) => {
    expect((await change({ "content-type": type })).status).toBe(415);
  });

  it.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])(
    "is not taken by %s",
    async (method) => {
      const asked = await http.ask(CHANGE, { method, headers: pageHeaders(http) });
      expect(asked).toMatchObject({ status: 405, headers: { allow: "POST" } });
      expect(
        Object.keys(asked.headers).filter((name) => name.startsWith("access-control")),
      ).toEqual([]);
    },
  );

  it.each([
    "[]",
    "null",
    '"text"',
    "{",
    '{"seconds":1e99}',
    '{"seconds":-1}',
    '{"seconds":"1"}',
    '{"seconds":1.5}',
    "{}",
    '{"__proto__":{"seconds":1}}',
  ])("is not taken from the body %s", async (body) => {
    const asked = await http.ask(CHANGE, { method: "POST", headers: pageHeaders(http), body });
    expect(asked.status).toBe(400);
  });
});

test("every answer forbids scripts from elsewhere, framing, guessing and keeping", async () => {
  for (const path of ["/", "/healthz", "/api/v1/overview", "/nothing", "/api/v1/tubes/none"]) {
    const { headers } = await http.ask(path);
    expect(headers["content-security-policy"]).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
    });
    expect(headers["cache-control"]).toMatch(/^no-(store|cache)$/);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  }
});

test.each([
  "/../package.json",
  "/%2e%2e/package.json",
  "/..%2fpackage.json",
  "/assets/../../package.json",
  "//etc/passwd",
  "/./",
  "/api/v1/../../package.json",
  "/build/dashboard/index.html",
  "/index.html%00.js",
  "/\\..\\package.json",
  "/api/v1/jobs/..%2f..%2fpackage.json",
  "/api/v1/jobs/0x1",
  "/api/v1/jobs/-1",
  "/api/v1/jobs/99999999999999999",
])("%s leads nowhere", async (path) => {
  const { status, text } = await http.ask(path);
  expect([400, 404]).toContain(status);
  expect(text).not.toContain('homemaker"');
});

describe("what is too much", () => {
  it("is a body above 64 KiB, announced or not", async () => {
    const body = JSON.stringify({ seconds: 0, filler: "x".repeat(65_536) });
    const announced = await http.ask(CHANGE, { method: "POST", headers: pageHeaders(http), body });
    expect(announced.status).toBe(413);
    const head = Object.entries(pageHeaders(http)).map(([name, value]) => `${name}: ${value}\r\n`);
    const chunk = `8000\r\n${"x".repeat(0x8000)}\r\n`;
    const said = await send(
      http.port,
      `POST ${CHANGE} HTTP/1.1\r\n${head.join("")}transfer-encoding: chunked\r\n\r\n${chunk.repeat(4)}`,
    );
    expect(said).toMatch(/^HTTP\/1.1 413 /);
  });

  it("is an address above 4096 characters, and headers above 16 KiB", async () => {
    expect((await http.ask(`/api/v1/tubes?search=${"x".repeat(5000)}`)).status).toBe(414);
    const headers = { "x-much": "x".repeat(20_000) };
    expect((await http.ask("/healthz", { headers })).status).toBe(431);
  });

  it("is a search above 200 characters; numbers are brought within their bounds", async () => {
    expect((await http.ask(`/api/v1/tubes?search=${"x".repeat(201)}`)).status).toBe(400);
    const all = await http.json("/api/v1/tubes?limit=99999999999999999999&offset=-5");
    expect(all).toMatchObject({ total: 1, tubes: [{ name: "default" }] });
    expect(await http.json("/api/v1/tubes?limit=0")).toMatchObject({
      tubes: [{ name: "default" }],
    });
    expect((await http.ask("/api/v1/tubes?sort=__proto__")).status).toBe(400);
  });
});

test("numbers of tubes that cannot be, and names that would be more than a name, are not found", async () => {
  const names = ["%0d%0adelete%201", "a%20b", "-a", "%C3%A9", "x".repeat(201), "%00", "..", "~"];
  for (const name of names) expect((await http.ask(`/api/v1/tubes/${name}`)).status).toBe(404);
  expect((await http.ask("/api/v1/tubes/%E9")).status).toBe(400);
  expect((await http.ask("/api/v1/tubes/~default")).status).toBe(200);
});
