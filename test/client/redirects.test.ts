/*
 * A client that is sent elsewhere by servers that stand by. Each address is a scripted server that
 * names another one as the leader, or serves.
 */
import { expect, test } from "vitest";
import { outcome, settle } from "./scripted-server.ts";
import { ScriptedServers } from "./scripted-servers.ts";

/** A server that takes connections and says nothing. */
const silent = (): string => "";
/** A server that leads. */
const leads = (): undefined => undefined;

test("goes to the leader, also one that it was not told of, and asks the standby again later", async () => {
  const servers = new ScriptedServers({ b: "c", c: undefined });
  const client = await servers.connect(["b"]);
  expect(servers.went.splice(0)).toEqual(["b", "c"]);
  const tube = client.listTubeUsed();
  await settle();
  await servers.at("c").say("USING default");
  expect(await tube).toBe("default");
  await servers.at("c").cut();
  const again = outcome(client.listTubeUsed());
  await servers.advance(0.1);
  expect(servers.went).toEqual(["b", "c"]);
  await servers.at("c").say("USING other");
  expect(await again).toBe("other");
  await client.close();
});

test("shows its token first, and hears from a standby that it does not lead", async () => {
  const servers = new ScriptedServers({ b: "c", c: undefined });
  servers.at("c").answer = (line) => (line.startsWith("auth ") ? "AUTHENTICATED" : undefined);
  const client = await servers.connect(["b"], { token: "secret" });
  expect(servers.went).toEqual(["b", "c"]);
  expect(servers.at("c").lines).toEqual(["auth secret"]);
  await client.close();
});

test.each([
  ["two that name each other cost an attempt each", { a: "b", b: "a" }, ["a", "b"], ["a", "b"]],
  ["one that names itself costs one", { a: "a" }, ["a"], ["a"]],
  ["one that names nobody costs one", { a: "", b: "" }, ["a", "b"], ["a", "b"]],
  [
    "a chain is followed three times",
    { a: "b", b: "c", c: "d", d: "e", e: undefined },
    ["a"],
    ["a", "b", "c", "d"],
  ],
  [
    "from one by TLS nobody goes to one without",
    { "tls://a": "b", b: undefined },
    ["tls://a"],
    ["tls://a"],
  ],
] as const)("of servers that do not lead %s, in each round", async (_, leaders, list, round) => {
  const servers = new ScriptedServers(leaders);
  const connecting = outcome(servers.connect(list));
  await settle();
  expect(servers.went).toEqual(round);
  await servers.advance(1.1);
  expect(await connecting).toBe("HM_UNREACHABLE");
});

test("goes on through its list where the leader that was named is gone", async () => {
  const servers = new ScriptedServers({ a: "c", b: undefined, c: undefined });
  servers.at("c").isAway = new Error("nobody there");
  const client = await servers.connect(["a", "b"]);
  expect(servers.went).toEqual(["a", "c", "b"]);
  await client.close();
});

test("goes from one by TLS to another by TLS", async () => {
  const servers = new ScriptedServers({ "wss://a/": "tls://b", "tls://b": undefined });
  const client = await servers.connect(["wss://a/"]);
  expect(servers.went).toEqual(["wss://a/", "tls://b"]);
  await client.close();
});

test("does not go twice to a silent leader that a standby names, nor blame the standby for it", async () => {
  const servers = new ScriptedServers({ a: undefined, b: "a" });
  servers.at("a").answer = silent;
  const connecting = servers.connect(["a", "b"], { connectTimeoutMs: 60_000 });
  await settle();
  await servers.advance(5.02);
  expect(servers.went.splice(0)).toEqual(["a", "b"]);
  await servers.advance(5.1);
  expect(servers.went.splice(0)).toEqual(["b", "a"]);
  servers.at("b").answer = leads;
  await servers.advance(0.2);
  expect(servers.went).toEqual(["b"]);
  await (await connecting).close();
});

test("asks the standby first again where the leader that it had named falls silent", async () => {
  const servers = new ScriptedServers({ b: "c", c: undefined, d: undefined });
  const client = await servers.connect(["b", "d"], { silenceMs: 500 });
  servers.at("c").answer = silent;
  servers.at("b").answer = leads;
  const given = outcome(client.listTubeUsed({ timeoutMs: 600 }));
  const kept = outcome(client.listTubeUsed());
  await servers.advance(0.8);
  expect(await given).toBe("HM_TIMEOUT");
  expect(servers.went).toEqual(["b", "c", "b"]);
  await servers.at("b").say("USING default");
  expect(await kept).toBe("default");
  await client.close();
});

test.each([
  ["to this machine from another one", "queue-b", "127.0.0.1:11300", undefined, false],
  ["to a Unix socket from another machine", "queue-b", "unix:/run/hm.sock", undefined, false],
  ["to this machine from itself", "unix:/run/b.sock", "[::1]:11300", "secret", true],
  ["elsewhere without a token", "unix:/run/b.sock", "queue-c", undefined, true],
  ["elsewhere in the clear with a token", "unix:/run/b.sock", "queue-c", "secret", false],
  ["elsewhere by TLS with a token", "127.0.0.1:11300", "tls://queue-c:11301", "secret", true],
] as const)("is sent %s or not", async (_, standby, leader, token, isSent) => {
  const servers = new ScriptedServers({ [standby]: leader, [leader]: undefined });
  const answered = (line: string): string | undefined =>
    line.startsWith("auth ") ? "AUTHENTICATED" : undefined;
  servers.at(leader).answer = answered;
  const connecting = outcome(servers.connect([standby], { token }));
  await servers.advance(1.1);
  if (isSent) expect(await connecting).toMatchObject({ isConnected: true });
  else expect(await connecting).toBe("HM_UNREACHABLE");
  expect(servers.went.includes(leader)).toBe(isSent);
});
