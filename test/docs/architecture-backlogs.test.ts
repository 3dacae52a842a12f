/* docs/architecture-backlogs.md says what each byte of a job is for that stays when its body leaves
 * memory: as the engine's records have it, and as a shard with many such jobs shows it.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { JournalWorld } from "../support/journal-world.ts";
import { readPage, section, tableRows } from "./page.ts";

const PAGE = section(readPage("docs/architecture-backlogs.md"), "The 88 bytes");
const BYTES: Readonly<Record<string, number>> = { u8: 1, u32: 4, u64: 8, i64: 8 };
/** What a shard's memory may grow to, and what of it is for other things. */
const SHARD_BYTES = 2 ** 32 - 2 ** 25;
const BODY = "b".repeat(100);

/** The fields of a class of assembly/, in order, and the bytes of each. */
function fieldsOf(file: string, name: string): ReadonlyMap<string, number> {
  const source = readFileSync(new URL(`../../assembly/${file}`, import.meta.url), "utf8");
  const [, body = ""] =
    new RegExp(`^export class ${name} .*?\\{\\n(.*?)^\\}`, "ms").exec(source) ?? [];
  const fields = [...body.matchAll(/^ {2}(\w+): (\w+);$/gm)];
  return new Map(fields.map(([, field = "", type = ""]) => [field, BYTES[type] ?? NaN]));
}

/** A number that assembly/job.ts declares. */
function declared(name: string): number {
  const source = readFileSync(new URL("../../assembly/job.ts", import.meta.url), "utf8");
  return Number(new RegExp(`^export const ${name}: u32 = (\\d+);$`, "m").exec(source)?.[1]);
}

test("each field of a job stands in one row, and each row has the bytes of its fields", () => {
  const placeBytes = declared("PLACE_BYTES");
  const fields = new Map([...fieldsOf("node.ts", "Node"), ...fieldsOf("job.ts", "Job")]);
  const recordBytes = [...fields.values()].reduce((sum, bytes) => sum + bytes, 0);
  expect(recordBytes).toBe(declared("RECORD_BYTES"));
  expect(recordBytes + placeBytes).toBe(88);

  const named: string[] = [];
  const told: number[] = [];
  for (const [what, bytes, cell = ""] of tableRows(PAGE)) {
    const names = [...cell.matchAll(/`(\w+)`/g)].map(([, field = ""]) => field);
    const known = cell.includes("the place") ? placeBytes : 0;
    const sum = names.reduce((all, field) => all + (fields.get(field) ?? 0), known);
    expect({ what, bytes }).toEqual({ what, bytes: String(sum) });
    named.push(...names);
    told.push(sum);
  }
  expect(named.toSorted()).toEqual([...fields.keys()].toSorted());
  const [order = 0, table = 0, attempts = 0] = told;
  expect(order + table + attempts).toBeLessThanOrEqual(64);
});

test("a shard of 4 GiB has room for as many jobs as the page says", () => {
  const made = new JournalWorld({}, { keptBytes: 0, broughtBytes: 0 });
  const client = made.world.connect();
  const put = (jobs: number): void => {
    for (let left = jobs; left > 0; left -= 500)
      client.ask(`put 0 0 9 ${BODY.length}\r\n${BODY}\r\n`.repeat(500));
  };
  const [{ shard } = { shard: undefined }] = made.shards;
  if (shard === undefined) throw new RangeError("no shard");
  const figure = (which: number): number => {
    shard.statsShard(0);
    return shard.field(C.RESULT_STATS + which);
  };
  put(20_000); // the table has its first page, and with these it begins to grow
  const before = figure(C.SHARD_USED_BYTES);
  put(20_000);
  expect(figure(C.SHARD_AWAY)).toBe(39_999);
  const bytes = (figure(C.SHARD_USED_BYTES) - before) / 20_000;
  const millions = Number(/room for (\d+)\s+million jobs/.exec(PAGE)?.[1]);
  expect(SHARD_BYTES / bytes / 1e6).toBeGreaterThan(millions * 0.97); // pages are whole
  expect(SHARD_BYTES / bytes / 1e6).toBeLessThan(millions * 1.03);
  expect(readPage("docs/durability.md")).toContain(`about ${millions}\n  million jobs`);
});
