/*
 * A client that is sent elsewhere by servers that stand by. Each address is a scripted server that
 * names another one as the leader, or serves.
 */
import { expect, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { connectTo } from "../../src/client/connect.ts";
import { outcome, ScriptedServer, settle } from "./scripted-server.ts";

/** Servers by their addresses, on one clock. */
class Servers {
  readonly #servers = new Map<string, ScriptedServer>();
  /** The addresses that were connected to, in their order. */
  readonly went: string[] = [];
  readonly #around = new ScriptedServer();

  /** `leaders` says whom each server names; one that names nobody serves. */
  constructor(leaders: Readonly<Record<string, string | undefined>>) {
    for (const [address, leader] of Object.entries(leaders)) {
      const server = new ScriptedServer();
      if (leader !== undefined) server.answer = () => `NOT_LEADER ${leader}`.trimEnd();
      this.#servers.set(address, server);
    }
  }

  at(address: string): ScriptedServer {
    const server = this.#servers.get(address);
    if (server === undefined) throw new Error(`nobody is at ${address}`);
    return server;
  }

  connect(addresses: readonly string[], token?: string): Promise<Client> {
    return connectTo(
      addresses,
      { connectTimeoutMs: 1000, token },
      (name) => ({
        name,
        open: (options, signal) => {
          this.went.push(name);
          return this.at(name).endpoint(name).open(options, signal);
        },
      }),
      this.#around.around,
    );
  }

  async advance(seconds: number): Promise<void> {
    await this.#around.advance(seconds);
  }
}

test("goes to the leader, also one that it was not told of, and asks the standby again later", async () => {
  const servers = new Servers({ b: "c", c: undefined });
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
  const servers = new Servers({ b: "c", c: undefined });
  servers.at("c").answer = (line) => (line.startsWith("auth ") ? "AUTHENTICATED" : undefined);
  const client = await servers.connect(["b"], "secret");
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
  const servers = new Servers(leaders);
  const connecting = outcome(servers.connect(list));
  await settle();
  expect(servers.went).toEqual(round);
  await servers.advance(1.1);
  expect(await connecting).toBe("HM_UNREACHABLE");
});

test("goes on through its list where the leader that was named is gone", async () => {
  const servers = new Servers({ a: "c", b: undefined, c: undefined });
  servers.at("c").isAway = new Error("nobody there");
  const client = await servers.connect(["a", "b"]);
  expect(servers.went).toEqual(["a", "c", "b"]);
  await client.close();
});

test("goes from one by TLS to another by TLS", async () => {
  const servers = new Servers({ "wss://a/": "tls://b", "tls://b": undefined });
  const client = await servers.connect(["wss://a/"]);
  expect(servers.went).toEqual(["wss://a/", "tls://b"]);
  await client.close();
});
