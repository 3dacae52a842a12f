/* Stand-in for test/support/homemaker.ts and test/dialogues/targets/homemaker.ts in a page: the
 * site (../servers.ts) starts the servers, which take WebSockets, whatever else was asked for.
 */
import type { Served, Wanted } from "../servers.ts";

/** What tests do with a ServerProcess (test/support/server-process.ts). */
export class PageServer {
  readonly address: { readonly host: string; readonly port: number };
  readonly #name: number;

  private constructor({ name, ...address }: Served) {
    this.#name = name;
    this.address = address;
  }

  static async start(wanted: Wanted): Promise<PageServer> {
    const response = await fetch("/servers", { method: "POST", body: JSON.stringify(wanted) });
    if (!response.ok) throw new Error(await response.text());
    return new PageServer((await response.json()) as Served);
  }

  /** Kills it. */
  async stop(): Promise<void> {
    const { ok, status } = await fetch(`/servers/${this.#name}`, { method: "DELETE" });
    if (!ok) throw new Error(`the server ${this.#name} did not end: ${status}`);
  }
}

/** One that takes WebSockets, with more flags. */
export function startOnWebSocket(...flags: readonly string[]): Promise<PageServer> {
  return PageServer.start({ flags });
}

export function startOnUnixSocket(): never {
  throw new Error("a page reaches no Unix socket");
}

/** One of that shape. */
export function startHomemaker(shape: {
  readonly threads?: number;
  readonly shards?: number;
}): Promise<PageServer> {
  const flags = Object.entries(shape).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return PageServer.start({ flags });
}
