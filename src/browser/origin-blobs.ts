/* Origin blobs: a blob store in a directory of the file system that a browser gives an origin, a
 * file for each. Handed to users by src/entries/browser.ts.
 *
 * Invariants: a file has what was written only when it is whole; nothing outside of the directory
 * is touched, whatever a key is.
 */
import { checkBlobKey, isBlobKey } from "../worker/blob-store.ts";
import type { BlobStore } from "../worker/blob-store.ts";
import { directoryAt } from "./origin-directory.ts";

/** A store in that directory of this origin, which is made when it is needed. */
export function directoryBlobs(directory: string): BlobStore {
  return new OriginBlobs(directory);
}

class OriginBlobs implements BlobStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const file = await this.#fileOf(key, true);
    const writing = await file.createWritable(); // the file has it when that is closed
    try {
      await writing.write(bytes as Uint8Array<ArrayBuffer>);
      await writing.close();
    } catch (error) {
      await this.remove(key);
      throw error;
    }
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    try {
      const file = await (await this.#fileOf(key, false)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    checkBlobKey(key);
    try {
      await (await directoryAt(this.#directory)).removeEntry(key);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }

  async *list(): AsyncIterable<string> {
    const directory = await directoryAt(this.#directory);
    for await (const name of directory.keys()) if (isBlobKey(name)) yield name;
  }

  async #fileOf(key: string, create: boolean): Promise<FileSystemFileHandle> {
    checkBlobKey(key);
    return (await directoryAt(this.#directory)).getFileHandle(key, { create });
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NotFoundError";
}
