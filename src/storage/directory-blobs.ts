/* Directory blobs: a blob store in a directory, a file for each. Handed to users by src/entries/.
 *
 * Invariants: a file has its name only when it is whole and on the disk; nothing outside of the
 * directory is touched, whatever a key is.
 */
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../system-error.ts";
import { checkBlobKey, isBlobKey } from "../worker/blob-store.ts";
import type { BlobStore } from "../worker/blob-store.ts";

/** What is being written; no key begins so. */
const UNFINISHED = ".unfinished-";

/** A store in that directory, which is made when it is needed. */
export function directoryBlobs(directory: string): BlobStore {
  return new DirectoryBlobs(directory);
}

class DirectoryBlobs implements BlobStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(key);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const unfinished = join(this.#directory, UNFINISHED + crypto.randomUUID());
    try {
      await written(unfinished, bytes);
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    await synced(this.#directory);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#pathOf(key));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  async *list(): AsyncIterable<string> {
    for (const name of await namesIn(this.#directory)) if (isBlobKey(name)) yield name;
  }

  #pathOf(key: string): string {
    checkBlobKey(key);
    return join(this.#directory, key);
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

async function written(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** So that a name that was given stays, whatever happens to the machine. */
async function synced(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
