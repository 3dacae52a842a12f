/*
 * Room in the journal's rings: who writes waits for it, nobody else does, and no byte of an answer
 * depends on it.
 */
import { describe, expect, test } from "vitest";
import { COMMANDS, usageOf } from "../../src/protocol/commands.ts";
import type { CommandRow } from "../../src/protocol/commands.ts";
import { Common } from "../../src/engine/common.ts";
import { HostLoop } from "../../src/session/host-loop.ts";
import { Random } from "../support/random.ts";
import { journalThat, SECOND, World } from "../support/session-world.ts";
import type { WorldOptions } from "../support/session-world.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const SAFE = { safePosition: () => Infinity, held: () => undefined };

/**
 * A world whose rings have room when the test says so; without the engine's runs, which ask too.
 */
function worldWithRings(hasRoom: () => boolean, options: WorldOptions = {}): World {
  const world = new World({ runs: false, journal: journalThat(SAFE), ...options });
  for (const shard of world.shards.flat()) Object.assign(shard, { hasRoom });
  return world;
}

/** All commands that write, some in the spellings that only the general parser takes. */
const SCRIPT = [
  "use a\r\nput 0 0 60 3\r\nabc\r\nput 1 0  60 1\r\nx\r\nput 0 0 60 2\r\nabcd",
  "watch a\r\nreserve\r\nbury 1 5\r\nkick 9\r\nreserve-job 1\r\nrelease 1 0 0 6\r\nwhy it\r\n",
  "kick-job 1\r\nstats-job 2\r\nreserve-with-timeout 0\r\ndelete 1\r\ndelete 01\r\n",
  "put 0 90 60 4\r\nlate\r\nkick 3\r\nreserve-batch 9\r\ndelete-batch 3 2 9\r\nflush-tube a\r\nlist-tube-used\r\nquit\r\n",
].join("");

function play(world: World, pieces: readonly string[], between: () => void): string {
  const end = world.connect();
  for (const piece of pieces) {
    end.say(piece);
    between();
  }
  for (let wakes = 0; !end.isGone; wakes++) {
    if (wakes > 1000) throw new Error(`it waits for ever behind ${end.heard()}`);
    world.wake(0);
    world.settle();
  }
  return end.heard();
}

describe("the answers to everything that writes", () => {
  const whole = play(new World(), [SCRIPT], () => undefined);

  test("are those that come with room, wherever the input is cut and whenever there is room", () => {
    expect(whole).toContain("INSERTED 1\r\nINSERTED 2\r\nEXPECTED_CRLF\r\n");
    expect(whole).toContain("BURIED\r\nKICKED 1\r\nRESERVED 1 3\r\nabc\r\nRELEASED\r\n");
    expect(whole).toMatch(
      /INSERTED 4\r\nKICKED 1\r\nRESERVED_BATCH 2\r\n(?:RESERVED .*\r\n.*\r\n){2}/,
    );
    expect(whole).toMatch(/DELETED_BATCH 1 2\r\nFLUSHED 1\r\nUSING a\r\n$/);
    for (let cut = 0; cut < SCRIPT.length; cut++) {
      const random = new Random(cut);
      const world = worldWithRings(() => random.below(2) === 0);
      const pieces = [SCRIPT.slice(0, cut), SCRIPT.slice(cut)];
      expect([cut, play(world, pieces, () => world.settle())]).toEqual([cut, whole]);
      world.verify();
    }
  });
});

const ARGUMENTS: Readonly<Record<string, string>> = {
  "<pri>": "0",
  "<delay>": "0",
  "<ttr>": "9",
  "<keep>": "60",
  "<bytes>": "1",
  "<id>": "1",
  "<timeout>": "0",
  "<bound>": "1",
  "<tube>": "default",
  "<tube-word>": "default",
  "<tube-behind>": "default",
  "<state>": "ready",
  "<after>": "0",
  "<limit>": "9",
  "<count>": "9",
};

/** A command as it is sent, with a body where it has one; what is to be set is one setting. */
function lineOf(row: CommandRow): string {
  const usage = usageOf(row)
    .replace("<name>=<value> ...", "jobs=9")
    .replace(/ \[.*\]|\.\.\./, "");
  const line = usage.replace(/<[a-z-]+>/g, (placeholder) => ARGUMENTS[placeholder] ?? placeholder);
  if (row.name === "batch") return "batch 1\r\nuse default\r\n";
  return row.args.includes("bytes") ? `${line}\r\nx\r\n` : `${line}\r\n`;
}

describe("without room", () => {
  test.each(COMMANDS.filter(({ name }) => name !== "quit").map((row) => [row.name, row] as const))(
    "%s waits only if it writes, and keeps nobody else waiting",
    (_, row) => {
      let hasRoom = true;
      let waits = false;
      const journal = journalThat(SAFE, { awaitsRoom: (said) => (waits = said) });
      const world = worldWithRings(() => hasRoom, { journal });
      const [asking, other] = [world.connect(), world.connect()];
      other.ask("put 5 0 60 1\r\ny\r\n");
      hasRoom = false;
      const heard = asking.ask(lineOf(row));
      expect([heard === "", waits]).toEqual([
        row.writesRecords === true,
        row.writesRecords === true,
      ]);
      expect(other.ask("peek 1\r\n")).toBe("FOUND 1 1\r\ny\r\n");
      hasRoom = true;
      world.wake(0);
      world.settle();
      expect([waits, heard + asking.heard()]).toEqual([false, expect.stringMatching(/^[A-Z_]+/)]);
    },
  );

  test("what is sent behind what waits is kept up to 64 KiB, then not read", () => {
    let hasRoom = false;
    const world = worldWithRings(() => hasRoom);
    const end = world.connect();
    end.say("put 0 0 60 1\r\nx\r\n").say("list-tube-used\r\n".repeat(5000));
    expect([end.heard(), end.isPaused]).toEqual(["", true]);
    hasRoom = true;
    world.wake(0);
    world.settle();
    expect(end.isPaused).toBe(false);
    expect(end.heard()).toBe(`INSERTED 1\r\n${"USING default\r\n".repeat(5000)}`);
  });

  test("a connection that goes while it waits is not asked again", () => {
    let hasRoom = false;
    const world = worldWithRings(() => hasRoom);
    const [gone, other] = [world.connect(), world.connect()];
    gone.say("put 0 0 60 1\r\nx\r\n");
    gone.drop();
    hasRoom = true;
    world.wake(0);
    world.settle();
    expect(other.ask("peek 1\r\n")).toBe("NOT_FOUND\r\n");
  });

  test("room that came before the thread had said that it waits is not missed", () => {
    let looks = 0;
    const world = worldWithRings(() => looks++ > 0);
    const end = world.connect();
    end.say("put 0 0 60 1\r\nx\r\n");
    world.settle(); // nobody wakes the thread
    expect(end.heard()).toBe("INSERTED 1\r\n");
  });
});

test("what a turn waits for is not forgotten, whoever began it: the loop's timer is set for it", () => {
  const world = new World({ limits: { commandsPerTurn: 10 } });
  const clock = new VirtualClock();
  const loop = new HostLoop(world.host(), Common.create(1), 0, clock);
  const end = world.connect();
  end.say(`${"touch 1\r\n".repeat(30)}reserve-with-timeout 1\r\n`);
  world.settle();
  world.nowMicros = SECOND;
  clock.advance(1);
  expect(end.heard()).toBe(`${"NOT_FOUND\r\n".repeat(30)}TIMED_OUT\r\n`);
  loop.stop();
});
