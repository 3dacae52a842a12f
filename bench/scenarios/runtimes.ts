/* The same server on Node, Deno and Bun, with one thread on a core of its own. */
import { pipelinedOrder, served } from "../contenders.ts";
import type { Comparison, Scale, Scenario } from "../scenario.ts";

const NODE = "on Node";

/** Pipelined, and one command at a time. */
export function runtimes(scale: Scale): readonly Scenario[] {
  return [onRuntimes(16, 64, scale), onRuntimes(64, 1, scale)];
}

function onRuntimes(connections: number, pipelined: number, scale: Scale): Scenario {
  const order = pipelinedOrder("beanstalk", connections, pipelined, scale);
  const on = (name: string) => served(name, "homemaker", order);
  const deep = pipelined === 1 ? "one command at a time" : `${pipelined} pipelined`;
  return {
    name: `runtimes-${connections}x${pipelined}`,
    title: `on three runtimes, ${connections} connections, ${deep}`,
    contenders: [
      { ...on(NODE), runtime: "node" },
      { ...on("on Deno"), runtime: "deno" },
      { ...on("on Bun"), runtime: "bun" },
    ],
    comparisons: ["on Deno", "on Bun"].map(againstNode),
  };
}

function againstNode(of: string): Comparison {
  return {
    what: `CPU per command ${of} against Node's`,
    figure: "serverMicrosPerCommand",
    of,
    against: { contender: NODE },
  };
}
