/*
 * The dialogues with our server on Deno and Bun: some of them, others each time, over each
 * transport; all of them where THOROUGH is set.
 *
 * @module-tag openssl
 */
import { someOf } from "../support/amount.ts";
import { inCell } from "../support/matrix.ts";
import { seedHere } from "../support/replay.ts";
import { OTHER_RUNTIMES } from "../support/runtimes.ts";
import { Trust } from "../support/secure-server.ts";
import { brief, cases, holdDialogues, ONE, SEVERAL } from "./suite.ts";
import { homemakerTarget } from "./targets/homemaker.ts";

const seed = seedHere();
const replay = { seed, file: "test/dialogues/runtimes.long.test.ts" };
const { credentials } = Trust.ofFile();

/** What carries them, the server's shape, and of which cases how many a usual run has. */
const WAYS = [
  { transport: "TCP", of: cases, count: 30, shape: { listen: "tcp", ...ONE } },
  { transport: "Unix", of: cases, count: 12, shape: { listen: "unix", ...SEVERAL } },
  { transport: "WebSocket", of: brief, count: 12, shape: { listen: "ws", ...SEVERAL } },
  { transport: "TLS", of: brief, count: 12, shape: { listen: "tls", credentials, ...ONE } },
] as const;

for (const runtime of OTHER_RUNTIMES) {
  for (const [index, { transport, of, count, shape }] of WAYS.entries()) {
    const title = `homemaker on ${runtime}, ${transport}`;
    holdDialogues(homemakerTarget({ title, runtime, ...shape }), {
      ...inCell(runtime, transport, "dialogues"),
      of: someOf(of, count, seed + index),
      replay,
    });
  }
}
