/* Memory blobs: a blob store in memory that a test can look into, break and stop. */
import type { BlobStore } from "../../src/entries/queue.ts";

/** A store. */
export class MemoryBlobs implements BlobStore {
  readonly kept = new Map<string, Uint8Array>();
  /** What each call rejects with, if anything. */
  trouble: Error | undefined;

  async write(key: string, bytes: Uint8Array): Promise<void> {
    this.#check();
    this.kept.set(key, Uint8Array.from(bytes));
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    this.#check();
    return this.kept.get(key);
  }

  async remove(key: string): Promise<void> {
    this.#check();
    this.kept.delete(key);
  }

  async *list(): AsyncIterable<string> {
    this.#check();
    yield* [...this.kept.keys()];
  }

  /** The keys of blobs, without the notes beside them. */
  get blobs(): readonly string[] {
    return [...this.kept.keys()].filter((key) => !key.endsWith(".job"));
  }

  #check(): void {
    if (this.trouble !== undefined) throw this.trouble;
  }
}
