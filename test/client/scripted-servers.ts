/* ScriptedServers: several scripted servers, each at its address, on one clock: for a client that
 * has to find the right one.
 */
import type { Client } from "../../src/client/client.ts";
import { connectTo } from "../../src/client/connect.ts";
import type { ClientOptions } from "../../src/client/connect.ts";
import { ScriptedServer } from "./scripted-server.ts";

/** Servers by their addresses. */
export class ScriptedServers {
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

  /** A client of some of them, which has a second for its first connection unless it has more. */
  connect(addresses: readonly string[], options: ClientOptions = {}): Promise<Client> {
    return connectTo(
      addresses,
      { connectTimeoutMs: 1000, ...options },
      (name) => ({
        name,
        open: (inner, signal) => {
          this.went.push(name);
          return this.at(name).endpoint(name).open(inner, signal);
        },
      }),
      this.#around.around,
    );
  }

  /** Lets time pass. */
  async advance(seconds: number): Promise<void> {
    await this.#around.advance(seconds);
  }
}
