/*
 * docs/blobs.md: its programs run and print what stands behind their lines; its store for S3 does
 * all that a store does, against a small S3; its table names what there is.
 */
import { AwsClient } from "aws4fetch";
import { expect, test, vi } from "vitest";
import type { BlobStore } from "../../src/entries/queue.ts";
import { until } from "../support/until.ts";
import { FakeS3 } from "./fake-s3.ts";
import { codeBlocks, readPage, section, tableRows } from "./page.ts";
import { printed, promised, writeProgram } from "./programs.ts";

const PAGE = readPage("docs/blobs.md");
const ENTRY = "src/entries/queue.ts";
const [WITH_DIRECTORY = "", WITH_BUCKET = ""] = codeBlocks(PAGE, "ts");

/** So that the program finds the bucket. */
function environment(bucket: FakeS3): void {
  vi.stubEnv("BUCKET_URL", bucket.url);
  vi.stubEnv("ACCESS_KEY", "access");
  vi.stubEnv("SECRET_KEY", "secret");
}

test("the program with a directory prints what it says", async () => {
  expect(await printed(WITH_DIRECTORY, "blobs-directory", ENTRY)).toEqual(promised(WITH_DIRECTORY));
  expect(promised(WITH_DIRECTORY)).toHaveLength(2);
});

test("the program with a bucket prints what it says, and leaves nothing in it", async () => {
  await using bucket = await FakeS3.start();
  environment(bucket);
  expect(await printed(WITH_BUCKET, "blobs-bucket", ENTRY)).toEqual(promised(WITH_BUCKET));
  await until("all is removed", () => bucket.objects.size === 0);
  expect(new Set(bucket.methods)).toEqual(new Set(["PUT", "GET", "DELETE"]));
});

test("its store writes, reads, lists over pages, and removes", async () => {
  await using bucket = await FakeS3.start();
  const end = WITH_BUCKET.indexOf('const encode = defineJob("encode"');
  const source = `${WITH_BUCKET.slice(0, end)}export { Bucket };\n`;
  const file = writeProgram("blobs-store.ts", source, ENTRY);
  const { Bucket } = (await import(file.pathname)) as {
    readonly Bucket: new (...words: readonly string[]) => BlobStore;
  };
  const store = new Bucket(bucket.url, "access", "secret");
  expect(await store.read("a")).toBeUndefined();
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  for (const key of ["a", "b.job", "c", "d", "e"]) await store.write(key, bytes);
  expect(await store.read("b.job")).toEqual(bytes);
  await store.remove("c");
  await store.remove("c");
  const keys: string[] = [];
  for await (const key of store.list()) keys.push(key);
  expect(keys).toEqual(["a", "b.job", "d", "e"]);
});

test("the small S3 takes what is signed, and nothing else", async () => {
  await using bucket = await FakeS3.start();
  const client = new AwsClient({ accessKeyId: "a", secretAccessKey: "s", service: "s3" });
  expect((await fetch(`${bucket.url}/a`)).status).toBe(403);
  expect((await client.fetch(`${bucket.url}/a`)).status).toBe(404);
});

test("the table names each option", () => {
  const source = readPage("src/worker/blob-store.ts");
  const body = source.slice(source.indexOf("interface BlobOptions {")).split("\n}\n")[0] ?? "";
  const declared = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member]) => member);
  const said = tableRows(section(PAGE, "In a minute")).map(([cell = ""]) =>
    cell.replaceAll("`", ""),
  );
  expect(said).toEqual(declared);
});
