/*
 * The secondary tier, on the real process: what pauses, counters and, with --releases hints,
 * releases left is back after a kill, and can do no harm.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inspect } from "../../src/journal/inspection.ts";
import type { Inspection } from "../../src/journal/inspection.ts";
import { NodeStorage } from "../../src/storage/node-fs.ts";
import { readHints } from "../../src/journal/hints.ts";
import type { FoundHints } from "../../src/journal/hints.ts";
import { openReplica } from "../../src/journal/replica.ts";
import { StorageError } from "../../src/storage.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { loadEngineModule } from "../journal/machine.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";
import { Conversation } from "../support/conversation.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";

const PATIENCE_MS = 20_000;

let directory = "";
let server: ServerProcess | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "homemaker-hints-"));
});

afterEach(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Starts the server on the test's directory, after killing the one before. */
async function restart(hintInterval: string, ...flags: readonly string[]): Promise<ServerProcess> {
  await server?.stop();
  const data = ["--data", directory, "--segment-size", "4MiB", "--hint-interval", hintInterval];
  data.push("--releases", "hints");
  server = await startHomemaker({ threads: 1, flags: [...data, ...flags] });
  return server;
}

/** Sends the commands, and resolves with the line of each reply, or with its body behind an OK. */
async function ask(to: ServerProcess, ...commands: readonly string[]): Promise<string[]> {
  const talk = await Conversation.with(to);
  const replies = await Promise.all(
    commands.map(async (command) => {
      const [line = "", body] = command.split("\r\n");
      const answer = await talk.answer(line, body === undefined ? undefined : Buffer.from(body));
      return answer.line.startsWith("OK") ? (answer.body?.toString("latin1") ?? "") : answer.line;
    }),
  );
  talk.hangUp();
  return replies;
}

/** Resolves when a file of hints has been written that was begun after now. */
async function nextHints(): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  const path = join(directory, "hints");
  const now = Date.now();
  let written = 0;
  // The first file may have been begun before; the one behind it was not.
  for (let seen = 0; written < 2;) {
    const changed = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (changed > now && changed !== seen) {
      seen = changed;
      written++;
    }
    if (performance.now() > giveUpAt) throw new Error("no hints were written");
    await nextTurn();
  }
}

const { checksum } = openReplica(loadEngineModule(), 1, 0);

/** What a server would find in a file of these bytes. */
function read(bytes: Uint8Array): FoundHints | undefined {
  const disk = new SimulatedDisk(randomFrom(1), StorageError);
  disk.create("hints").write(0, [bytes]);
  return readHints(disk, checksum);
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const other = Uint8Array.from(bytes);
  other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return other;
}

describe("hints", () => {
  test("bring back the delay, the priority and the counters that a release left", async () => {
    const first = await restart("100ms");
    await ask(first, "put 5 0 60 1\r\nx", "reserve", "release 1 77 500");
    await nextHints();
    const [stats] = await ask(await restart("100ms"), "stats-job 1");
    expect(stats).toMatch(/state: delayed\npri: 77\n/);
    expect(stats).toMatch(/delay: 500\n/);
    expect(stats).toMatch(/reserves: 1\ntimeouts: 0\nreleases: 1\n/);
  });

  test("bring back a tube's pause and its counters", async () => {
    const first = await restart("100ms");
    await ask(
      first,
      "use t",
      "put 5 0 60 1\r\nx",
      "put 5 0 60 1\r\ny",
      "delete 2",
      "pause-tube t 900",
    );
    await nextHints();
    const [stats] = await ask(await restart("100ms"), "stats-tube t");
    expect(stats).toMatch(/total-jobs: 2\n/);
    expect(stats).toMatch(/cmd-delete: 1\ncmd-pause-tube: 1\npause: 900\n/);
  });

  test("that are older than a bury do not undo it", async () => {
    const first = await restart("100ms");
    await ask(first, "put 5 0 60 1\r\nx", "reserve", "release 1 77 0");
    await nextHints();
    const hints = await readFile(join(directory, "hints"));
    await ask(first, "reserve", "bury 1 9");
    await first.stop();
    // Had the server been killed before the next ones.
    await writeFile(join(directory, "hints"), hints);
    const [stats] = await ask(await restart("1h"), "stats-job 1");
    expect(stats).toMatch(/state: buried\npri: 9\n/);
  });

  test("about a job that is gone do not bring it back", async () => {
    const first = await restart("100ms");
    await ask(first, "put 5 0 60 1\r\nx", "reserve", "release 1 77 0");
    await nextHints();
    const hints = await readFile(join(directory, "hints"));
    await ask(first, "delete 1");
    await first.stop();
    await writeFile(join(directory, "hints"), hints);
    expect(await ask(await restart("1h"), "stats-job 1")).toEqual(["NOT_FOUND"]);
  });

  test("that are damaged are passed over, whatever bit it is", async () => {
    const first = await restart("100ms");
    await ask(first, "put 5 0 60 1\r\nx", "reserve", "release 1 77 500");
    await nextHints();
    await first.stop();
    const sound = await readFile(join(directory, "hints"));
    expect(read(sound)).toMatchObject({ mark: { frame: expect.any(Number) as number } });
    for (let bit = 0; bit < 8 * sound.length; bit++) {
      expect([bit, read(flipped(sound, bit))]).toEqual([bit, undefined]);
    }
    for (const length of [0, 1, 63, 64, sound.length - 1]) {
      expect([length, read(sound.subarray(0, length))]).toEqual([length, undefined]);
    }
    await writeFile(join(directory, "hints"), flipped(sound, 8 * 70));
    const [stats] = await ask(await restart("1h"), "stats-job 1");
    expect(stats).toMatch(/state: ready\npri: 5\n/);
  });

  test("written at the end know the newest file of the journal, which is missed when it is gone", async () => {
    const first = await restart("1h");
    await ask(first, "put 5 0 60 1\r\nx");
    first.signal("SIGTERM");
    await first.exited;
    const look = (): Inspection =>
      inspect(new NodeStorage(directory), loadEngineModule(), Date.now() * 1000);
    const newest = look().segments.at(-1)?.name ?? "";
    expect(look().missingSegments).toEqual([]);
    await rm(join(directory, newest));
    expect(look().missingSegments).toEqual([newest]);
  });

  test("are not written when they are not wanted", async () => {
    const first = await restart("never");
    await ask(first, "put 5 0 60 1\r\nx", "reserve", "release 1 77 500");
    first.signal("SIGTERM");
    await first.exited;
    const [stats] = await ask(await restart("never"), "stats-job 1");
    expect(stats).toMatch(/state: ready\npri: 5\n/);
  });

  test.each([["--releases", "journal"], ["--durable-releases"]])(
    "are not needed for releases that belong to the primary tier: %s %s",
    async (...flags) => {
      const first = await restart("never", ...flags);
      await ask(first, "put 5 0 60 1\r\nx", "reserve", "release 1 77 500");
      const [stats] = await ask(await restart("never", ...flags), "stats-job 1");
      expect(stats).toMatch(/state: delayed\npri: 77\n/);
    },
  );

  test("of releases do not override what the journal says of later ones", async () => {
    const first = await restart("100ms");
    await ask(first, "put 5 0 60 1\r\nx", "reserve", "release 1 77 500");
    await nextHints();
    const second = await restart("1h", "--releases", "journal");
    await ask(second, "reserve-job 1", "release 1 99 0");
    const [stats] = await ask(await restart("1h", "--releases", "journal"), "stats-job 1");
    expect(stats).toMatch(/state: ready\npri: 99\n/);
  });

  test("are written once more when the server is told to end", async () => {
    const first = await restart("1h");
    await ask(first, "put 5 0 60 1\r\nx", "reserve", "release 1 77 500");
    first.signal("SIGTERM");
    await first.exited;
    const [stats] = await ask(await restart("1h"), "stats-job 1");
    expect(stats).toMatch(/state: delayed\npri: 77\n/);
  });
});
