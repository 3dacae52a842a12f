/* The session code and the engine without sockets: what there is to gain outside of the kernel. */
import { BOTH_CORES, SERVER_CORE } from "../cores.ts";
import type { Comparison, ProgramContender, Scale, Scenario } from "../scenario.ts";

/** A queue in the user's own process, as a user reaches it. */
export function inProcess(scale: Scale): Scenario {
  const contender = (name: string, ask: ProgramContender["ask"]): ProgramContender => ({
    name,
    cores: SERVER_CORE,
    program: "inside",
    ask: { seconds: scale.seconds, ...ask },
  });
  const ceiling = (name: string, most: number): ProgramContender => ({
    ...contender(name, { most }),
    program: "engine-calls",
  });
  const many = ceiling("the engine alone, batches of 256", 256);
  const each = ceiling("the engine alone, each called", 1);
  const batches = contender("client, batches of 256", { way: "many", most: 256 });
  const single = contender("client, each awaited", { way: "one", most: 1 });
  const cycles = (of: ProgramContender, atLeast: number): Comparison => ({
    what: `${of.name}: million put+reserve+delete cycles/s`,
    figure: "cyclesPerSecond",
    of: of.name,
    atLeast,
  });
  const ofCeiling = (of: ProgramContender, against: ProgramContender): Comparison => ({
    what: `${of.name}: cycles/s against the engine's alone`,
    figure: "cyclesPerSecond",
    of: of.name,
    against: { contender: against.name },
  });
  return {
    name: "inside",
    title: "a queue in the user's own process: put, reserve, delete",
    contenders: [
      many,
      each,
      batches,
      single,
      contender("client, batches of 256, directory", { way: "many", most: 256, isKept: 1 }),
      contender("openQueue and a worker, 64 at a time", { way: "queue", most: 64 }),
      contender("the same, directory", { way: "queue", most: 64, isKept: 1 }),
    ],
    comparisons: [
      cycles(batches, 2e6),
      cycles(single, 300_000),
      ofCeiling(batches, many),
      ofCeiling(single, each),
    ],
  };
}

/** On one thread. */
export function session(scale: Scale): Scenario {
  const name = "session";
  return {
    name,
    title: "the session code and the engine, no sockets: put, reserve, delete",
    contenders: [
      {
        name,
        cores: SERVER_CORE,
        program: "session",
        ask: { threads: 1, shards: 1, seconds: scale.seconds },
      },
    ],
    comparisons: [
      {
        what: "million put+reserve+delete cycles/s",
        figure: "cyclesPerSecond",
        of: name,
        atLeast: 2e6,
      },
    ],
  };
}

/**
 * Each put with a key, against none: what a key costs by itself, which sockets would hide. What is
 * wanted stands at the same scenarios over sockets.
 */
export function tagged(scale: Scale): Scenario {
  const keys = 100_000;
  const contender = (name: string, more: ProgramContender["ask"]): ProgramContender => ({
    name,
    cores: SERVER_CORE,
    program: "session",
    ask: { threads: 1, shards: 1, seconds: scale.seconds, ...more },
  });
  const gain = (of: string, what: string, against: string): Comparison => ({
    what: `${what}: cycles/s against none`,
    figure: "cyclesPerSecond",
    of,
    against: { contender: against },
  });
  return {
    name: "tags",
    title: "the session code and the engine, no sockets: puts with a key",
    contenders: [
      contender("no tag", {}),
      contender("idp", { tag: "idp:key-" }),
      contender("con", { tag: "con:key-" }),
      contender("no tag, backlog", { keys }),
      contender("fair", { keys, tag: "fair:key-", settings: "order=fair" }),
    ],
    comparisons: [
      gain("idp", "idp", "no tag"),
      gain("con", "con, each job with a key of its own", "no tag"),
      gain("fair", "100,000 fair keys, a job of each in the tube", "no tag, backlog"),
    ],
  };
}

/** On two threads. */
export function sharing(scale: Scale): Scenario {
  const contender = (name: string, threads: number, shards: number): ProgramContender => ({
    name,
    cores: BOTH_CORES,
    program: "session",
    ask: { threads, shards, seconds: scale.seconds },
  });
  const alone = contender("1 thread", 1, 1);
  const apart = contender("2 threads, 2 shards", 2, 2);
  const together = contender("2 threads, the same shard", 2, 1);
  const gain = (of: ProgramContender, atLeast: number): Comparison => ({
    what: `${of.name}: cycles/s against one thread's`,
    figure: "cyclesPerSecond",
    of: of.name,
    against: { contender: alone.name },
    atLeast,
  });
  return {
    name: "threads",
    title: "the engine on two threads, no sockets",
    contenders: [alone, apart, together],
    comparisons: [gain(apart, 1.6), gain(together, 0.6)],
  };
}
