/* Node thread: the module that each I/O thread runs in Node, Deno and Bun. Started by node.ts. */
import { openSessionHost } from "../broker/open-host.ts";
import { runThread } from "../server/thread.ts";
import { threadRuntime, threadSeed } from "./thread-runtime.ts";

void runThread(threadSeed(), threadRuntime(), openSessionHost);
