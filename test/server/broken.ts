/* Broken server: a real server whose memory is overwritten once it serves, by what stands in the
 * place of its HTTP port, which then asks for the tubes. Started by broken.test.ts.
 */
import process from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as C from "../../assembly/constants.ts";
import { DEFAULT_OPTIONS } from "../../src/config/options.ts";
import { nodeRuntime } from "../../src/runtimes/node.ts";
import type { HttpService, HttpSurroundings } from "../../src/server/http-service.ts";
import { serve } from "../../src/server/server.ts";

/** Behind the areas of the I/O thread and of the main thread. */
const HEAP = C.THREADS_BASE + 2 * C.THREAD_BYTES;

async function ruin({ inProcess }: HttpSurroundings): Promise<void> {
  while (!inProcess.isReady) await nextTurn();
  await inProcess.withConnection(async (own) => {
    for (const { input } of inProcess.desk.shards) new Uint8Array(input.buffer, HEAP).fill(0xa5);
    await own.ask("list-tubes");
  });
}

const openHttp = (around: HttpSurroundings): Promise<HttpService> =>
  Promise.resolve({
    listen: () => {
      void ruin(around);
      return Promise.resolve("nowhere");
    },
    stop: () => Promise.resolve(),
  });

const listen = [{ kind: "tcp", host: "127.0.0.1", port: 0 }] as const;
process.exitCode = await serve(
  { ...DEFAULT_OPTIONS, listen, threads: 1, shards: 1 },
  nodeRuntime(),
  { openHttp },
);
