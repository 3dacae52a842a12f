/*
 * Catch-up of a directory that has all that the log has: what goes there, and what comes back.
 */
import { expect, test } from "vitest";
import { fetchAll, missingIn } from "../../src/journal/catch-up.ts";
import { segmentName } from "../../src/journal/format.ts";
import { writeFully } from "../../src/journal/segment-file.ts";
import { RemoteError } from "../../src/remote-log.ts";
import type { RemoteOperation } from "../../src/remote-log.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";
import { SimulatedRemote } from "./simulated-remote.ts";

const BYTES = 16_384;

/** A disk with so many segments, each full of its number. */
function diskWith(segments: number): SimulatedDisk {
  const disk = new SimulatedDisk(() => 0);
  for (let number = 1; number <= segments; number++) {
    const file = disk.create(segmentName(number));
    writeFully(file, 0, [new Uint8Array(BYTES).fill(number)]);
    file.sync();
  }
  disk.syncDirectory();
  return disk;
}

function calmRemote(): SimulatedRemote {
  const remote = new SimulatedRemote(() => 0, RemoteError);
  remote.isCalm = true;
  return remote;
}

test("segments are read one after the other, as they are sent, and others have their turn in between", async () => {
  const storage = diskWith(5);
  const remote = calmRemote();
  const seen: string[] = [];
  storage.onCall = (kind, name) => void (kind === "read" && seen.push(`read ${name}`));
  const breathe = async (): Promise<void> => void seen.push("turn");
  const log = remote.connect();
  const sent = (async () => {
    for await (const [first] of missingIn({ storage, log, breathe })) {
      if (first !== undefined) seen.push(`send ${first.file}`);
    }
  })();
  await remote.answered(sent);
  const names = [1, 2, 3, 4, 5].map(segmentName);
  expect(seen).toEqual(names.flatMap((name) => [`read ${name}`, `send ${name}`, "turn"]));
});

test("what the device cannot read never goes over the good copy: it comes from there", async () => {
  const storage = diskWith(1);
  const remote = calmRemote();
  const log = remote.connect();
  const name = segmentName(1);
  await remote.answered(log.lead(1, 1, "ann"));
  const whole: readonly RemoteOperation[] = [
    { kind: "create", file: name, bytes: BYTES },
    { kind: "write", file: name, position: 0, body: new Uint8Array(10_000).fill(1) },
    { kind: "write", file: name, position: 10_000, body: new Uint8Array(BYTES - 10_000).fill(1) },
  ];
  await remote.answered(log.append(2, 1, whole));
  storage.unreadable = [{ name, from: 8192, to: 12_288 }];
  storage.image(name).fill(9, 8192, 12_288);
  const sent: RemoteOperation[] = [];
  const breathe = (): Promise<void> => Promise.resolve();
  const sending = (async () => {
    for await (const some of missingIn({ storage, log, breathe })) sent.push(...some);
  })();
  await remote.answered(sending);
  expect(sent).toEqual([]);
  expect(storage.image(name).every((byte) => byte === 1)).toBe(true);
});

/** What a server wrote that was killed before it was synced. */
function writtenByTheKilled(): SimulatedDisk {
  const disk = new SimulatedDisk(() => 0);
  writeFully(disk.create(segmentName(1)), 0, [new Uint8Array(BYTES).fill(1)]);
  disk.stopProcess();
  return disk;
}

test.each(["fetches", "sends"])(
  "what somebody wrote who was killed is safe before whoever %s goes on",
  async (does) => {
    const storage = writtenByTheKilled();
    const remote = calmRemote();
    const log = remote.connect();
    const name = segmentName(1);
    const body = new Uint8Array(BYTES).fill(1);
    await remote.answered(log.lead(1, 1, "ann"));
    const whole: readonly RemoteOperation[] = [
      { kind: "create", file: name, bytes: BYTES },
      { kind: "write", file: name, position: 0, body },
    ];
    if (does === "fetches") await remote.answered(log.append(2, 1, whole));
    const parts = { storage, log, breathe: (): Promise<void> => Promise.resolve() };
    const sending = async (): Promise<void> => {
      for await (const some of missingIn(parts)) expect(some).toEqual(whole.slice(0, some.length));
    };
    await remote.answered<unknown>(does === "fetches" ? fetchAll(parts) : sending());
    storage.cutPower(() => false);
    expect(storage.image(name).every((byte) => byte === 1)).toBe(true);
    expect(storage.image(name)).toHaveLength(BYTES);
  },
);
