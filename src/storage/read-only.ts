/* ReadOnlyStorage: a journal's directory for somebody who only looks: nothing in it is made,
 * changed or removed, the directory itself included.
 *
 * Used by `homemaker verify`.
 */

import { StorageError } from "../storage.ts";
import type { InspectedStorage, Lease, StorageFile } from "../storage.ts";
import { holderOf } from "./lease.ts";
import { NodeStorage, whyNoDirectory } from "./node-fs.ts";

/** A directory of the file system that exists. */
export class ReadOnlyStorage implements InspectedStorage {
  readonly #directory: string;
  readonly #files: NodeStorage;

  /** Throws a StorageError when there is no such directory. */
  constructor(directory: string) {
    const why = whyNoDirectory(directory);
    if (why !== undefined) throw new StorageError("HM_STORAGE_FAILED", `${directory}: ${why}`);
    this.#directory = directory;
    this.#files = new NodeStorage(directory); // which makes a directory only where there is none
  }

  list(): readonly string[] {
    return this.#files.list();
  }

  open(name: string): StorageFile {
    return this.#files.open(name, false);
  }

  create(name: string): StorageFile {
    return this.#refuse(name);
  }

  rename(from: string): void {
    this.#refuse(from);
  }

  remove(name: string): void {
    this.#refuse(name);
  }

  syncDirectory(): void {
    this.#refuse(this.#directory);
  }

  lease(): Promise<Lease> {
    return this.#refuse(this.#directory);
  }

  #refuse(name: string): never {
    throw new StorageError("HM_STORAGE_READ_ONLY", `${name}: it was opened to be read only`);
  }

  holder(): Promise<string | undefined> {
    return holderOf(this.#directory);
  }
}
