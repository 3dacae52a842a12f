/* What a server does on Node (threads.test.ts) it does on the other runtimes. */
import { OTHER_RUNTIMES } from "../support/runtimes.ts";
import { serveOn } from "./on-a-runtime.ts";

for (const name of OTHER_RUNTIMES) serveOn(name);
