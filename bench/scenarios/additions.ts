/* What the additions to the protocol cost, over sockets: keys, fair order, windows and batches,
 * each against the same jobs without them. inside.ts has keys without sockets.
 */
import { pipelinedOrder, served } from "../contenders.ts";
import type { Comparison, Scale, Scenario } from "../scenario.ts";

const CONNECTIONS = 8;
const PIPELINED = 64;
const WINDOW = 64;
const FAIR_KEYS = 100_000;
const BATCH = 10;
/** A multiple of a batch, about as deep as elsewhere. */
const BATCHED = 60;

/** Jobs that are sent unasked against those that are asked for. */
export function windowed(scale: Scale): Scenario {
  const asked = pipelinedOrder("beanstalk", 1, WINDOW, scale);
  const window = served("window", "homemaker", { ...asked, cycle: "window" });
  const reserves = served("reserves", "homemaker", asked);
  return {
    name: "window",
    title: `1 connection, jobs by a window of ${WINDOW} or by as many pipelined reserves`,
    contenders: [reserves, window],
    comparisons: [
      against("throughput with a window against that with reserves; a JOB counts as a command", {
        of: window.name,
        contender: reserves.name,
        atLeast: 0.8,
      }),
    ],
  };
}

/** Each put with a key of its own, against none. */
export function keyed(scale: Scale): Scenario {
  const order = pipelinedOrder("beanstalk", CONNECTIONS, PIPELINED, scale);
  const keys = CONNECTIONS * PIPELINED;
  const tagged = (name: string, tag?: string): ReturnType<typeof served> =>
    served(name, "homemaker", { ...order, tagged: { keys, ...(tag && { tag }) } });
  const gain = (of: string): Comparison =>
    against(`${of}: throughput against that without a tag`, {
      of,
      contender: "no tag",
      atLeast: 0.5,
    });
  return {
    name: "keys",
    title: `${CONNECTIONS} connections x ${PIPELINED} pipelined, each put with a key of its own`,
    contenders: [tagged("no tag"), tagged("idp", "idp:key-"), tagged("con", "con:key-")],
    comparisons: [gain("idp"), gain("con")],
  };
}

/** A tube in which many keys have a job, in fair order, against as many jobs in the plain one. */
export function fair(scale: Scale): Scenario {
  const order = pipelinedOrder("beanstalk", CONNECTIONS, PIPELINED, scale);
  const plain = { keys: FAIR_KEYS, settings: "" };
  const sharing = { keys: FAIR_KEYS, tag: "fair:key-", settings: "order=fair" };
  return {
    name: "fair",
    title: `one tube with a job of each of ${FAIR_KEYS} keys, ${CONNECTIONS} connections x ${PIPELINED} pipelined`,
    contenders: [
      served("no keys", "homemaker", { ...order, tagged: plain }),
      served("fair keys", "homemaker", { ...order, tagged: sharing }),
    ],
    comparisons: [
      against("throughput with fair keys against as many jobs without", {
        of: "fair keys",
        contender: "no keys",
        atLeast: 0.7,
      }),
    ],
  };
}

/** Puts and deletes in batches against the same ones by themselves. */
export function batched(scale: Scale): Scenario {
  const order = pipelinedOrder("beanstalk", CONNECTIONS, BATCHED, scale);
  const batches = served("batches", "homemaker", { ...order, batch: BATCH });
  const single = served("no batches", "homemaker", order);
  return {
    name: "batch",
    title: `${CONNECTIONS} connections x ${BATCHED} pipelined, puts and deletes in batches of ${BATCH}`,
    contenders: [single, batches],
    comparisons: [
      against("throughput with batches against that without; a batch is no command of its own", {
        of: batches.name,
        contender: single.name,
        atLeast: 0.7,
      }),
    ],
  };
}

function against(
  what: string,
  { of, contender, atLeast }: { of: string; contender: string; atLeast: number },
): Comparison {
  return { what, figure: "commandsPerSecond", of, against: { contender }, atLeast };
}
