/* The URL of a server that takes WebSockets where it says that it listens. */
import type { ServerProcess } from "./server-process.ts";

/** Of that server. */
export function webSocketUrl({ address }: ServerProcess, scheme: "ws" | "wss" = "ws"): string {
  if ("path" in address) throw new Error("a Unix socket takes no WebSockets");
  return `${scheme}://${address.host}:${address.port}`;
}
