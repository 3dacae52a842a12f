/**
 * Our server as a target: the real process behind real sockets, in several shapes.
 */
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "../../support/server-process.ts";
import type { Address } from "../../support/server-process.ts";
import type { Target } from "../stage.ts";
import { ProcessTarget } from "./processes.ts";

/** The shape of a server of ours. */
export interface Shape {
  readonly title: string;
  /** I/O threads. */
  readonly threads: number;
  readonly shards: number;
  readonly listen: "tcp" | "unix";
}

const ENTRY = fileURLToPath(new URL("../../../src/cli.ts", import.meta.url));

// Tolerant on purpose: the address may stand anywhere in a line of the log, with or without quotes around it.
function boundAddress(output: string): Address | undefined {
  const [, path, host, port] =
    /listening on (?:unix:([^\s"]+)|\[?([\w.:]+?)\]?:(\d+))/i.exec(output) ?? [];
  if (path !== undefined) return { path };
  return host === undefined || port === undefined ? undefined : { host, port: Number(port) };
}

/** Our server in this shape. */
export function homemakerTarget(shape: Shape): Target {
  return new ProcessTarget({
    title: shape.title,
    server: "homemaker",
    processes: 4,
    start: ({ maxJobSize }) => {
      const where =
        shape.listen === "tcp"
          ? ["-l", "127.0.0.1", "-p", "0"]
          : ["-l", `unix:${join(tmpdir(), `${randomUUID()}.sock`)}`];
      const size = maxJobSize === undefined ? [] : ["-z", String(maxJobSize)];
      return ServerProcess.start({
        command: process.execPath,
        arguments: [
          ENTRY,
          ...where,
          "--threads",
          String(shape.threads),
          "--shards",
          String(shape.shards),
          ...size,
        ],
        address: boundAddress,
        missing: "not found",
        patienceMs: 30_000,
      });
    },
  });
}
