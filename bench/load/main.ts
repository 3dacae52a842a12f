/* A load process: takes an order and a server's address, runs that one load, prints the sample.
 *
 * `node bench/load/main.ts '{"port":11300,"pid":1234}' '{"kind":"crowd","connections":100}'` A
 * process of its own, so that it can be pinned to a core and its cost told apart. Exit code 1 and
 * one line when the load failed.
 */
import type { Sample } from "../figures.ts";
import { runBacklog } from "./backlog.ts";
import { runCrowd } from "./crowd.ts";
import { runFill } from "./fill.ts";
import { runFramework } from "./framework.ts";
import { runHandover } from "./handover.ts";
import { runMixed } from "./mixed.ts";
import type { Order, ServerAddress } from "./order.ts";
import { runPipelined } from "./pipelined.ts";
import { runScraped } from "./scraped.ts";
import { runStock } from "./stock.ts";

function run(order: Order, server: ServerAddress): Promise<Sample> {
  switch (order.kind) {
    case "pipelined":
      return runPipelined(order, server);
    case "handover":
      return runHandover(order, server);
    case "crowd":
      return runCrowd(order, server);
    case "fill":
      return runFill(order, server);
    case "stock":
      return runStock(order, server);
    case "backlog":
      return runBacklog(order, server);
    case "mixed":
      return runMixed(order, server);
    case "scraped":
      return runScraped(order, server);
    case "framework":
      return runFramework(order, server);
  }
}

try {
  const server: ServerAddress = JSON.parse(process.argv[2] ?? "");
  const order: Order = JSON.parse(process.argv[3] ?? "");
  console.log(JSON.stringify(await run(order, server)));
} catch (error) {
  console.error(`load: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
