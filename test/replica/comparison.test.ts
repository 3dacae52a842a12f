/*
 * A directory beside its copy: what differs is named, and nothing is changed.
 */
import { expect, test } from "vitest";
import { fetchAll, sign } from "../../src/journal/catch-up.ts";
import { compare } from "../../src/journal/comparison.ts";
import type { Comparison } from "../../src/journal/comparison.ts";
import { segmentName } from "../../src/journal/format.ts";
import { writeFully } from "../../src/journal/segment-file.ts";
import { RemoteError } from "../../src/remote-log.ts";
import type { RemoteOperation } from "../../src/remote-log.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";
import { SimulatedRemote } from "./simulated-remote.ts";

const BYTES = 8192;
const [FIRST, SECOND, THIRD] = [1, 2, 3].map(segmentName) as [string, string, string];
/** What changes nothing on a disk. */
const LOOKS: ReadonlySet<string> = new Set(["list", "open", "size", "read", "close"]);
const breathe = (): Promise<void> => Promise.resolve();

function written(file: string, position: number, body: string): RemoteOperation {
  return { kind: "write", file, position, body: new TextEncoder().encode(body) };
}

/** A log with two files that ann wrote, and a directory that is as the log says. */
async function copied(): Promise<{ remote: SimulatedRemote; storage: SimulatedDisk }> {
  const remote = new SimulatedRemote(() => 0, RemoteError);
  remote.isCalm = true;
  const log = remote.connect();
  await remote.answered(log.lead(1, 1, "ann"));
  const operations: readonly RemoteOperation[] = [
    { kind: "create", file: FIRST, bytes: BYTES },
    { kind: "create", file: SECOND, bytes: BYTES },
    written(FIRST, 0, "old"),
    written(FIRST, 0, "one"),
    written(FIRST, 5000, "more"),
    written(SECOND, 100, "two"),
  ];
  await remote.answered(log.append(2, 1, operations));
  const storage = new SimulatedDisk(() => 0);
  await remote.answered(fetchAll({ storage, log, breathe }));
  sign(storage, "ann");
  return { remote, storage };
}

function change(storage: SimulatedDisk, file: string, position: number, text: string): void {
  const opened = storage.open(file, true);
  writeFully(opened, position, [new TextEncoder().encode(text)]);
  opened.close();
}

async function compared(remote: SimulatedRemote, storage: SimulatedDisk): Promise<Comparison> {
  const rows = [...remote.rows.entries()];
  const changes: string[] = [];
  storage.onCall = (kind) => void (LOOKS.has(kind) || changes.push(kind));
  const found = await remote.answered(compare({ storage, log: remote.connect(), breathe }));
  storage.onCall = () => undefined;
  expect([...remote.rows.entries()]).toEqual(rows);
  expect(remote.holder).toBe("");
  expect(changes).toEqual([]);
  return found;
}

test("a directory that is as its copy is the same, and hardly anything is fetched to tell", async () => {
  const { remote, storage } = await copied();
  expect(await compared(remote, storage)).toEqual({
    standing: "ahead",
    files: 2,
    fetchedBytes: "old".length, // of which another write came in front
    differences: [],
  });
});

test("what differs is named by its file and place, on whichever side it lacks", async () => {
  const { remote, storage } = await copied();
  change(storage, FIRST, 1, "x");
  change(storage, FIRST, 5001, "xx");
  storage.remove(SECOND);
  storage.create(THIRD).close();
  change(storage, THIRD, 0, "three");
  await remote.answered(remote.connect().lead(remote.last + 1, 2, "bob"));
  const { standing, differences } = await compared(remote, storage);
  expect(standing).toBe("behind");
  expect(differences).toEqual([
    { file: FIRST, kind: "different", position: 1, bytes: 3 },
    { file: SECOND, kind: "missing here", position: 0, bytes: BYTES },
    { file: THIRD, kind: "not in the copy", position: 0, bytes: 5 },
  ]);
});

test("a file that is longer, or shorter, differs by what there is too much of", async () => {
  const { remote, storage } = await copied();
  change(storage, SECOND, BYTES, "beyond");
  expect((await compared(remote, storage)).differences).toEqual([
    { file: SECOND, kind: "different", position: BYTES, bytes: 6 },
  ]);
});

test("a directory that was never a copy of the log is refused", async () => {
  const { remote, storage } = await copied();
  storage.remove("replica");
  const comparing = compare({ storage, log: remote.connect(), breathe });
  await expect(remote.answered(comparing)).rejects.toMatchObject({ code: "HM_REMOTE_FAILED" });
});

test("what a leader forgets between the listing and the reading is listed anew", async () => {
  const { remote, storage } = await copied();
  change(storage, FIRST, 0, "x");
  const log = remote.connect();
  const read = log.read.bind(log);
  log.read = async (sequence) => {
    const leader = remote.connect();
    await leader.append(remote.last + 1, 1, [{ kind: "remove", file: FIRST }]);
    await leader.append(remote.last + 1, 1, [written(SECOND, 200, "newest")]);
    await leader.sweep();
    if (!remote.rows.has(sequence)) throw new RemoteError("HM_REMOTE_FAILED", "it is gone");
    return read(sequence);
  };
  const { differences } = await remote.answered(compare({ storage, log, breathe }));
  expect(differences).toEqual([
    { file: FIRST, kind: "not in the copy", position: 0, bytes: BYTES },
    { file: SECOND, kind: "different", position: 200, bytes: 6 },
  ]);
  log.read = () => Promise.reject(new RemoteError("HM_REMOTE_FAILED", "it is gone"));
  const never = compare({ storage, log, breathe });
  await expect(remote.answered(never)).rejects.toMatchObject({ code: "HM_REMOTE_FAILED" });
});
