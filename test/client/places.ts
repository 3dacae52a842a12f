/* Places: where a server of the client's tests listens, and where its files lie. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerProcess } from "../support/server-process.ts";

/** Where a process listens, in words. */
export function addressOf({ address }: ServerProcess): string {
  return "path" in address ? `unix:${address.path}` : `${address.host}:${address.port}`;
}

/** Calls it with a directory of its own, which is removed afterwards. */
export async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "homemaker-client-"));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
