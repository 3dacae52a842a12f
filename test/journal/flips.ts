/*
 * Flips: single bits of a journal turned over, one at a time. Used by flips.test.ts and mutants.ts.
 */
import { randomFrom } from "../engine/shuffle.ts";
import { LedgerError } from "./ledger.ts";
import { NO_FAULTS } from "./simulated-disk.ts";
import { ownCode } from "./code.ts";
import { World } from "./world.ts";
import { SEGMENT_BYTES } from "./world-options.ts";

/** What became of the flips. */
export interface FlipTotals {
  flips: number;
  harmless: number;
  harmed: number;
}

/**
 * A journal of a few segments that says itself that all of it is safe: it was closed, or marked.
 * The server is gone.
 */
export function write(seed: number, closes: boolean, code = ownCode()): World {
  const world = writeUnmarked(seed, code);
  if (closes) world.journal.close();
  else {
    world.journal.mark();
    world.journal.sync();
  }
  world.crash(false);
  world.isDamaged = true;
  return world;
}

/**
 * A journal of a few segments of a server that runs: nothing says yet that its last frame is safe.
 */
export function writeUnmarked(seed: number, code = ownCode()): World {
  const options = {
    level: "sync",
    intervalMillis: 50,
    shards: 2,
    segmentBytes: SEGMENT_BYTES,
    keepsReleases: true,
    hasLongBodies: true,
    faults: NO_FAULTS,
  } as const;
  const world = new World(randomFrom(seed), options, code);
  world.boot();
  for (let left = 150; left > 0; left--) world.step();
  world.commit();
  return world;
}

/** A file as it was, and how much of it is not zeros. */
interface Backup {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly used: number;
}

function backUp(world: World): readonly Backup[] {
  return world.disk.names
    .filter((name) => name.startsWith("journal."))
    .toSorted()
    .map((name) => {
      const bytes = world.disk.image(name).slice();
      return { name, bytes, used: bytes.findLastIndex((byte) => byte !== 0) + 1 };
    });
}

/**
 * Flips `flips` bits of a journal, one at a time. Throws a LedgerError when one did more harm than
 * it may.
 */
export function flipBits(
  seed: number,
  flips: number,
  closes: boolean,
  code = ownCode(),
): FlipTotals {
  const world = write(seed, closes, code);
  const random = randomFrom(seed + 1);
  const backups = backUp(world);
  const totals: FlipTotals = { flips: 0, harmless: 0, harmed: 0 };
  for (let at = 0; at < flips; at++) {
    const backup = backups[random(backups.length)];
    if (backup === undefined) throw new RangeError("there is no journal");
    // Half of them where something stands, as most of a segment may be zeros.
    const bit = random(8 * (random(2) === 0 ? backup.bytes.length : backup.used));
    const image = world.disk.image(backup.name);
    image[bit >> 3] = (image[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const where = `SEED=${seed}, ${closes ? "closed" : "marked"}: bit ${bit} of ${backup.name}`;
    try {
      const fork = at % 25 === 0 ? world.fork(randomFrom(seed)) : undefined;
      world.recover();
      totals[judge(world, where) ? "harmed" : "harmless"]++;
      totals.flips++;
      if (fork !== undefined) goOn(fork, where);
    } catch (error) {
      if (error instanceof LedgerError) throw error;
      throw new LedgerError(`${where}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
    for (const { name, bytes } of [backup, backups.at(-1) ?? backup]) {
      world.disk.image(name).set(bytes);
    }
  }
  return totals;
}

/** Whether a job came to harm. */
function judge(world: World, where: string): boolean {
  const harm = world.harm();
  if (harm.length > 1) throw new LedgerError(`${where}: ${harm.join("; ")}`);
  if (harm.length === 1 && world.lastReport?.damagedSegments.length === 0) {
    throw new LedgerError(`${where}: ${harm.join("")}, and nobody noticed`);
  }
  return harm.length > 0;
}

/**
 * What was harmed is not harmed more by what follows: the damaged segment is put aside, the server
 * stops and starts.
 */
function goOn(world: World, where: string): void {
  world.isDamaged = true;
  world.boot();
  const before = world.harm().join("; ");
  for (let left = 500; left > 0 && world.journal.maintain(); left--);
  world.journal.close();
  world.crash(false);
  world.boot();
  const after = world.harm().join("; ");
  if (before !== after) throw new LedgerError(`${where}: first "${before}", later "${after}"`);
}
