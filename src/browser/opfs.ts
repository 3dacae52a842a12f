/* OPFS: a journal's directory in the file system that a browser gives an origin (the origin private
 * file system), for a dedicated worker, which alone may wait there.
 *
 * Two locks of the browser's keep others out. The queue's own (`leaseOf`) is held by the worker
 * that has the broker, which is gone as soon as it is ended; so whoever comes second hears at once
 * that he is. That of the journal is held by the committer, which a browser takes a second or two
 * to end while it waits for something, and whose files stay locked as long: that is waited for.
 * Used by browser-broker.ts and browser-committer.ts.
 */
import { foundSpaceFor, StorageError } from "../storage.ts";
import type { Lease } from "../storage.ts";
import { HandlePool, storageErrorOf } from "../storage/handle-pool.ts";
import type { SyncHandle } from "../storage/handle-pool.ts";
import { takeLock, waitForLock } from "./held-lock.ts";
import { directoryAt } from "./origin-directory.ts";

/** Files of a pool at least, and files that are free when it is opened. */
const FILES_MIN = 32;
const FREE_MIN = 24;
const PATIENCE_MS = 10_000;
const RETRY_MS = 50;

/** What the types of pages do not have, since only workers do. */
interface WithSyncHandle {
  createSyncAccessHandle(): Promise<SyncHandle>;
}

/** Takes the lease of a queue's directory. Rejects with HM_STORAGE_BUSY if somebody has it. */
export async function leaseOf(path: string): Promise<() => void> {
  const giveBack = await takeLock(`homemaker directory ${path}`);
  if (giveBack === undefined) throw busy(path);
  return giveBack;
}

/**
 * Opens a directory of this origin, with its lease. Rejects with HM_STORAGE_BUSY if somebody has it
 * open and does not end, and with what else a StorageError says.
 */
export async function openOpfs(path: string): Promise<HandlePool> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const unlock = await waitForLock(`homemaker journal ${path}`, patience).catch(() => {
    throw busy(path);
  });
  const handles: SyncHandle[] = [];
  const release = (): void => {
    for (const handle of handles) handle.close();
    unlock();
  };
  try {
    const directory = await directoryAt(path);
    const add = async (from: number, to: number): Promise<readonly SyncHandle[]> => {
      const numbers = Array.from({ length: Math.max(0, to - from) }, (_, n) => from + n);
      const added = await Promise.all(numbers.map((number) => opened(directory, number)));
      handles.push(...added);
      return added;
    };
    await add(0, Math.max(FILES_MIN, await countFiles(directory)));
    const lease: Lease = { weakness: undefined, renew: () => Promise.resolve(), release };
    const pool = new HandlePool(path, handles, lease);
    const more = await add(handles.length, handles.length + FREE_MIN - pool.free);
    foundSpaceFor(() => {
      for (const handle of more) pool.add(handle);
    });
    return pool;
  } catch (error) {
    release();
    throw storageErrorOf(path, error);
  }
}

function nameOf(number: number): string {
  return `pool.${number}`;
}

/** The files of the pool lie there one behind the other. */
async function countFiles(directory: FileSystemDirectoryHandle): Promise<number> {
  let count = 0;
  for await (const name of directory.keys()) {
    const [, number] = /^pool\.(\d+)$/.exec(name) ?? [];
    if (number !== undefined) count = Math.max(count, Number(number) + 1);
  }
  return count;
}

async function opened(directory: FileSystemDirectoryHandle, number: number): Promise<SyncHandle> {
  const file = await directory.getFileHandle(nameOf(number), { create: true });
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await (file as unknown as WithSyncHandle).createSyncAccessHandle();
    } catch (error) {
      const isLocked = error instanceof Error && error.name === "NoModificationAllowedError";
      if (!isLocked || performance.now() > deadline) throw error;
      await new Promise((again) => setTimeout(again, RETRY_MS));
    }
  }
}

/** Somebody has it open. */
function busy(path: string): StorageError {
  return new StorageError("HM_STORAGE_BUSY", `${path}: another page of this origin uses it`);
}
