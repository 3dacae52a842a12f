/*
 * A blob store in a directory: what is there is whole, and nothing beside it is touched.
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { directoryBlobs } from "../../src/entries/queue.ts";
import type { BlobStore } from "../../src/entries/queue.ts";

function open(): { readonly path: string; readonly store: BlobStore } {
  const root = mkdtempSync(join(tmpdir(), "homemaker-blobs-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const path = join(root, "blobs");
  return { path, store: directoryBlobs(path) };
}

async function keysOf(store: BlobStore): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const key of store.list()) keys.push(key);
  return keys.toSorted();
}

test("what is written is read, listed and removed", async () => {
  const { path, store } = open();
  expect(await store.read("a")).toBeUndefined();
  expect(await keysOf(store)).toEqual([]);
  const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at % 256);
  await store.write("a-1.job", bytes);
  await store.write("b", new Uint8Array(0));
  expect(Buffer.from((await store.read("a-1.job")) ?? [])).toEqual(Buffer.from(bytes));
  expect(await store.read("b")).toHaveLength(0);
  expect(await keysOf(store)).toEqual(["a-1.job", "b"]);
  expect(statSync(join(path, "b")).mode & 0o777).toBe(0o600);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  await store.remove("b");
  await store.remove("b");
  expect(await keysOf(store)).toEqual(["a-1.job"]);
  expect(readdirSync(path)).toEqual(["a-1.job"]);
});

test("what was not finished is not there", async () => {
  const { path, store } = open();
  await store.write("a", new Uint8Array(1));
  writeFileSync(join(path, ".unfinished-x"), "half");
  expect(await keysOf(store)).toEqual(["a"]);
});

test.each(["", "..", ".", "../a", "a/b", "/a", "a\0", ".hidden", "a".repeat(201)])(
  "%j is no key, and nothing is touched",
  async (key) => {
    const { store } = open();
    for (const call of [
      () => store.write(key, new Uint8Array(1)),
      () => store.read(key),
      () => store.remove(key),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: "HM_OPTION" });
    }
  },
);
