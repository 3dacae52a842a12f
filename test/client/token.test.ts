/* A client with a token, on a server that the test speaks for. */
import { describe, expect, test } from "vitest";
import { BadCommandError } from "../../src/client/errors.ts";
import { RefusedError } from "../../src/client/refused-error.ts";
import { outcome, ScriptedServer, settle } from "./scripted-server.ts";
import { ScriptedServers } from "./scripted-servers.ts";

/** A server that knows one token. */
function guarded(known: string): ScriptedServer {
  const server = new ScriptedServer();
  server.answer = (line) => {
    if (!line.startsWith("auth ")) return undefined;
    return line === `auth ${known}` ? "AUTHENTICATED" : "DENIED";
  };
  return server;
}

function taken(line: string): string | undefined {
  return line.startsWith("auth ") ? "AUTHENTICATED" : undefined;
}

/** Servers `a` and `b`, of which `a` has not heard of a new token. */
function several(): ScriptedServers {
  const servers = new ScriptedServers({ a: undefined, b: undefined });
  servers.at("a").answer = (line) => (line.startsWith("auth ") ? "DENIED" : undefined);
  servers.at("b").answer = taken;
  return servers;
}

describe("a token", () => {
  test("is shown before anything else, on each connection", async () => {
    const server = guarded("hm_x");
    const client = await server.connect({ token: "hm_x" });
    void outcome(client.put("x"));
    await settle();
    expect(server.lines.slice(0, 2)).toEqual(["auth hm_x", "put 1024 0 60 1"]);
    await server.cut();
    void outcome(client.put("y"));
    await server.advance(1);
    expect(server.wires).toHaveLength(2);
    expect(server.lines.slice(0, 2)).toEqual(["auth hm_x", "put 1024 0 60 1"]);
  });

  test("of a server that wants none, or knows none, does no harm", async () => {
    const server = new ScriptedServer();
    server.isPlain = true;
    server.answer = (line) => (line.startsWith("auth ") ? "UNKNOWN_COMMAND" : undefined);
    const client = await server.connect({ token: "hm_x" });
    expect(client.isConnected).toBe(true);
  });

  test("that was shown by auth is shown again on the next connection", async () => {
    const server = guarded("hm_x");
    const client = await server.connect();
    await client.auth("hm_x");
    await server.cut();
    void outcome(client.put("y"));
    await server.advance(1);
    expect(server.lines.slice(0, 2)).toEqual(["auth hm_x", "put 1024 0 60 1"]);
  });

  test("that is refused ends the first attempt at once, with an error that does not show it", async () => {
    const server = guarded("hm_x");
    const error = await server.connect({ token: "hm_secret" }).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code: "HM_DENIED", command: "auth" });
    expect(JSON.stringify(error) + String(error)).not.toContain("hm_secret");
    await server.advance(60);
    expect(server.attempts).toBe(1);
  });

  test("that is refused later ends all that waits and all that is asked, and is not shown again", async () => {
    const server = guarded("hm_x");
    const client = await server.connect({ token: "hm_x" });
    const waiting = [outcome(client.reserve()), outcome(client.await(7))];
    await settle();
    server.answer = (line) => (line.startsWith("auth ") ? "DENIED" : undefined);
    await server.cut();
    await server.advance(5);
    expect(await Promise.all(waiting)).toEqual(["HM_DENIED", "HM_DENIED"]);
    expect(await outcome(client.put("x"))).toBe("HM_DENIED");
    const { attempts } = server;
    await server.advance(60);
    expect(server.attempts).toBe(attempts);
    expect(server.stays).toBe(0);
    expect(server.troubles.map((error) => "code" in error && error.code)).toContain("HM_DENIED");
    await client.close();
  });

  test("that one of several servers refused is shown again once another one has taken it", async () => {
    const servers = several();
    const client = await servers.connect(["a", "b"], { token: "hm_new" });
    expect(servers.went.splice(0)).toEqual(["a", "b"]);
    for (const name of ["a", "b"]) servers.at(name).isAway = new Error("nobody there");
    await servers.at("b").cut();
    const used = client.listTubeUsed();
    await servers.advance(2);
    servers.at("b").isAway = undefined;
    await servers.advance(5);
    await servers.at("b").say("USING default");
    expect(await used).toBe("default");
    await client.close();
  });

  test("that is refused by some is shown again while another one that takes it cannot go on", async () => {
    const servers = several();
    servers.at("b").answer = (line) => (line === "features" ? "INTERNAL_ERROR" : taken(line));
    const connecting = servers.connect(["a", "b"], { token: "hm_new", connectTimeoutMs: 5000 });
    await servers.advance(1);
    servers.at("b").answer = taken;
    await servers.advance(2);
    expect((await connecting).isConnected).toBe(true);
  });

  test.each([
    ["the others are away", (one: ScriptedServer) => void (one.isAway = new Error("nobody there"))],
    ["the others stand by", (one: ScriptedServer) => void (one.answer = () => "NOT_LEADER a")],
  ])("that is refused by all who look at it ends all: %s", async (_, change) => {
    const servers = several();
    change(servers.at("b"));
    expect(await outcome(servers.connect(["b", "a"], { token: "hm_new" }))).toBe("HM_DENIED");
    servers.went.splice(0);
    await servers.advance(60);
    expect(servers.went).toEqual([]);
  });

  test("that ends under the connection shows in no error", async () => {
    const server = new ScriptedServer();
    server.answer = () => "";
    const connected = server
      .connect({ token: "hm_secret", connectTimeoutMs: 300 })
      .catch((one: unknown) => one);
    await settle();
    await server.cut(new Error("gone"));
    await server.advance(1);
    const error = await connected;
    expect(error).toMatchObject({ code: "HM_UNREACHABLE" });
    const all = [error, ...server.troubles].map((one) => `${String(one)} ${JSON.stringify(one)}`);
    for (let cause: unknown = error; cause instanceof Error; { cause } = cause)
      all.push(cause.message);
    expect(all.join()).not.toContain("hm_secret");
  });

  test.each(["", "two words", "line\r\ndelete 1", "m\u00f6ller", "x".repeat(201)])(
    "that cannot stand in a line is not sent: %j",
    async (token) => {
      const server = new ScriptedServer();
      const error = await server.connect({ token }).catch((one: unknown) => one);
      expect(error).toBeInstanceOf(BadCommandError);
      expect(server.attempts).toBe(0);
    },
  );
});
