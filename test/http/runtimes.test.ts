/* Runtimes: the HTTP port in Deno and in Bun does what it does in Node. */
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { OTHER_RUNTIMES, RUNTIMES } from "../support/runtimes.ts";
import { HttpPort, pageHeaders, talk } from "./http-port.ts";

const TOKEN = "a-token-of-some-length";

describe.each(OTHER_RUNTIMES)("on %s", (name) => {
  const runtime = RUNTIMES[name];
  it("serves the pages and the API, keeps strangers out, and ends when it is told to", async () => {
    const flags = ["--http-token", TOKEN];
    await using http = await HttpPort.start({ runtime, threads: 2, flags });
    const headers = { authorization: `Bearer ${TOKEN}` };
    const put = "put 0 0 60 5\r\nhello\r\n";
    expect(await talk(http, `use work\r\n${put}`)).toBe("USING work\r\nINSERTED 1\r\n");
    expect((await http.ask("/")).headers["content-type"]).toBe("text/html; charset=utf-8");
    expect((await http.ask("/readyz")).text).toBe("ready\n");
    expect((await http.ask("/healthz", { method: "HEAD" })).status).toBe(200);
    expect(await http.json("/api/v1/overview", { headers })).toMatchObject({ jobs: { ready: 1 } });
    expect(await http.json("/api/v1/tubes/work", { headers })).toMatchObject({ ready: 1 });
    const list = await http.json("/api/v1/tubes/work/jobs", { headers });
    expect(list).toMatchObject({ jobs: [{ id: 1 }] });
    expect((await http.ask("/api/v1/jobs/1/body", { headers })).text).toBe("hello");
    expect(await http.json("/api/v1/connections", { headers })).toHaveProperty("total");
    await talk(http, "reserve-job 1\r\nbury 1 0 5\r\nno: 1\r\n");
    const failures = await http.json("/api/v1/failures?tube=work", { headers });
    expect(failures).toMatchObject({ groups: [{ tube: "work", count: 1 }], isWhole: true });
    const messages = [{ messageBase64: Buffer.from("no: 1").toString("base64") }];
    expect(await http.json("/api/v1/jobs/1", { headers })).toMatchObject({ failures: messages });
    expect((await http.change("/api/v1/jobs/1/delete", {}, headers)).status).toBe(200);

    expect((await http.ask("/api/v1/overview")).status).toBe(401);
    const renamed = { ...headers, host: "evil.example" };
    expect((await http.ask("/api/v1/overview", { headers: renamed })).status).toBe(403);
    const forged = { ...headers, origin: "null" };
    expect((await http.change("/api/v1/drain", {}, forged)).status).toBe(403);
    expect((await http.ask("/..%2fpackage.json")).status).toBe(404);
    const body = JSON.stringify({ filler: "x".repeat(70_000) });
    const large = { method: "POST", headers: { ...pageHeaders(http), ...headers }, body };
    expect((await http.ask("/api/v1/drain", large)).status).toBe(413);

    const events = await new Promise<IncomingMessage>((resolve) => {
      const path = "/api/v1/events";
      request({ host: "127.0.0.1", port: http.port, path, headers, agent: false }, resolve).end();
    });
    let text = "";
    for await (const chunk of events) {
      text += String(chunk);
      if (text.split("event: overview\n").length > 2) break;
    }
    http.server.signal("SIGTERM");
    await http.server.exited;
  });
});
