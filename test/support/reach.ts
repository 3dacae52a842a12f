/* Reach: how tests get to a server over each transport: with which flags it listens there, and what
 * connects to it.
 */
import { join } from "node:path";
import { Authority } from "./certificates.ts";
import { connecting, OVER_TCP, told } from "./connect.ts";
import type { Reach } from "./connect.ts";
import type { Transport } from "./matrix.ts";

/** The transports that a server listens on. */
export const LISTENING = [
  "TCP",
  "Unix",
  "TLS",
  "WebSocket",
] as const satisfies readonly Transport[];
export type Listening = (typeof LISTENING)[number];

/** Its files lie in that directory. TLS needs openssl. */
export function reachOver(transport: Listening, directory: string): Reach {
  if (transport === "TCP") return OVER_TCP;
  if (transport === "WebSocket") {
    return { flags: ["-l", "ws://127.0.0.1:0"], connection: told("ws") };
  }
  if (transport === "Unix") {
    const address = `unix:${join(directory, "socket")}`;
    return {
      flags: ["-l", address],
      connection: () => connecting(() => Promise.resolve(address)),
    };
  }
  const authority = new Authority(directory);
  const { certPath, keyPath } = authority.issue("server");
  const files = ["--tls-cert", certPath, "--tls-key", keyPath];
  return {
    flags: ["-l", "tls://127.0.0.1:0", ...files],
    connection: told("tls", { ca: authority.cert }),
  };
}
