/* What a server tells after a restart: tubes in their order, the file that each job lies in, the
 * ids that follow, and what was changed about jobs.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Conversation } from "../support/conversation.ts";
import { ServerWithData } from "./server-with-data.ts";
import { until } from "../support/until.ts";
import type { Launch } from "./server-with-data.ts";

const TIMEOUT_MS = 60_000;

let directory: string;
let server: ServerWithData | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-told-"));
});
afterEach(async () => {
  await server?.kill();
  rmSync(directory, { recursive: true });
});

/** A client of a server on the directory, after the one before has been killed. */
async function restart(launch: Partial<Launch> = {}): Promise<Conversation> {
  await server?.kill();
  server = await ServerWithData.serving({ directory, threads: 2, shards: 4, ...launch });
  return new Conversation(await server.connect());
}

async function put(client: Conversation, tube: string, body = "x"): Promise<number> {
  await client.line(`use ${tube}`);
  const line = await client.line(`put 0 0 60 ${body.length}`, Buffer.from(body));
  return Number(/^INSERTED (\d+)$/.exec(line)?.[1]);
}

async function listTubes(client: Conversation): Promise<readonly string[]> {
  const yaml = (await client.ask("list-tubes"))?.body?.toString() ?? "";
  return [...yaml.matchAll(/^- (.*)$/gm)].map(([, name = ""]) => name);
}

async function fileOf(client: Conversation, id: number): Promise<number> {
  const yaml = (await client.ask(`stats-job ${id}`))?.body?.toString() ?? "";
  return Number(/^file: (\d+)$/m.exec(yaml)?.[1]);
}

test(
  "list-tubes shows tubes as they came into being, after a restart by their oldest jobs, whatever the shards",
  { timeout: TIMEOUT_MS },
  async () => {
    const first = await restart();
    const names = Array.from({ length: 77 }, (_, at) => `tube-${(at * 31) % 77}`);
    const oldest: number[] = [];
    for (const name of names) oldest.push(await put(first, name));
    expect(await listTubes(first)).toEqual(["default", ...names]);
    const late = names.slice(0, 5);
    for (const name of late) await put(first, name);
    for (const id of oldest.slice(0, 5)) await first.line(`delete ${id}`);
    const expected = ["default", ...names.slice(5), ...late];
    for (const shards of [4, 1, 16]) {
      const client = await restart({ shards });
      expect([shards, await listTubes(client)]).toEqual([shards, expected]);
      const name = `after-${shards}-${expected.length}`;
      await put(client, name);
      expected.push(name);
      expect(await listTubes(client)).toEqual(expected);
    }
  },
);

test(
  "stats-job says which file a job lies in, before and after a restart",
  { timeout: TIMEOUT_MS },
  async () => {
    const first = await restart({ shards: 1 });
    const ids: number[] = [];
    for (let n = 0; n < 40; n++) ids.push(await put(first, "a", "x".repeat(60_000)));
    const before = await Promise.all(ids.map((id) => fileOf(first, id)));
    expect(before[0]).toBe(1);
    expect(before.at(-1)).toBeGreaterThan(2);
    expect(before).toEqual(before.toSorted((a, b) => a - b));
    const second = await restart({ shards: 1 });
    expect(await Promise.all(ids.map((id) => fileOf(second, id)))).toEqual(before);
    for (const file of before) {
      expect(existsSync(join(directory, `journal.${String(file).padStart(10, "0")}`))).toBe(true);
    }
  },
);

test.each(["sync", "interval", "os"] as const)(
  "after a kill ids go on right behind the last one, at level %s",
  { timeout: TIMEOUT_MS },
  async (level) => {
    let next = 1;
    for (let life = 0; life < 3; life++) {
      const client = await restart({ level });
      for (let n = 0; n < 3; n++) expect(await put(client, `tube-${n}`)).toBe(next++);
      expect(await client.line(`delete ${next - 1}`)).toBe("DELETED"); // its id is not given again
    }
  },
);

test(
  "after a kill ids go on right behind the last one, also when the server was idle before it",
  { timeout: TIMEOUT_MS },
  async () => {
    const first = await restart({ level: "os" });
    expect(await put(first, "a")).toBe(1);
    const written = (): Buffer => readFileSync(join(directory, "journal.0000000001"));
    const before = written();
    await until("the end of the journal is marked", () => !written().equals(before));
    expect(await put(await restart(), "a")).toBe(2);
  },
);

test(
  "what update-job and hand-back changed is so after a kill, and buried jobs keep their places",
  { timeout: TIMEOUT_MS },
  async () => {
    const first = await restart();
    const [one, two, held] = [await put(first, "a"), await put(first, "a"), await put(first, "a")];
    for (const id of [one, two]) {
      await first.ask(`reserve-job ${id}`);
      expect(await first.line(`bury ${id} 5`)).toBe("BURIED");
    }
    expect(await first.line(`update-job ${one} 8`)).toBe("UPDATED");
    await first.ask(`reserve-job ${held}`);
    expect(await first.line(`hand-back ${held} 3600`)).toBe("HANDED_BACK");
    const second = await restart();
    await second.line("use a");
    const factsOf = async (id: number): Promise<string> =>
      (await second.ask(`stats-job ${id}`))?.body?.toString() ?? "";
    expect((await second.ask("peek-buried"))?.line).toBe(`FOUND ${one} 1`);
    expect(await factsOf(one)).toMatch(/state: buried\npri: 8\n/);
    expect(await factsOf(held)).toMatch(/state: delayed\npri: 0\n/);
    expect(await factsOf(held)).toMatch(/\ndelay: 3600\n/);
    expect(await second.line(`update-job ${held} 9 0`)).toBe("UPDATED");
    const third = await restart();
    const after = (await third.ask(`stats-job ${held}`))?.body?.toString() ?? "";
    expect(after).toMatch(/state: ready\npri: 9\n/);
  },
);

test(
  "a job that moved is in its new tube after a kill, whole, and nowhere else",
  { timeout: TIMEOUT_MS },
  async () => {
    const flags = ["-z", "300000"];
    const first = await restart({ flags });
    const long = "0123456789".repeat(20_000);
    const ids = [await put(first, "a", "short"), await put(first, "a", long)];
    const kept = await put(first, "a", "deleted later");
    for (const id of [...ids, kept]) {
      expect(await first.line(`move ${id} way-${id} 3`, Buffer.from("why"))).toBe("MOVED");
      for (let tube = 1; tube <= 6; tube++)
        expect(await first.line(`move ${id} tube-${tube}`)).toBe("MOVED");
    }
    expect(await first.line(`delete ${kept}`)).toBe("DELETED");
    for (const shards of [4, 2, 8]) {
      const client = await restart({ shards, flags });
      expect(await listTubes(client)).toEqual(["default", "tube-6"]);
      for (const [at, id] of ids.entries()) {
        const { body } = (await client.ask(`peek ${id}`)) ?? {};
        expect(body?.toString() === (at === 0 ? "short" : long)).toBe(true);
        expect((await client.ask(`peek-failure ${id}`))?.body?.toString()).toBe("why");
      }
      expect(await client.line(`peek ${kept}`)).toBe("NOT_FOUND");
      const facts = (await client.ask("stats-tube tube-6"))?.body?.toString() ?? "";
      expect(facts).toMatch(/current-jobs-ready: 2\n/);
    }
  },
);
