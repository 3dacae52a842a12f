/* GET /metrics: what a scrape says of a server that is at work. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { METRICS, TUBE_OTHERS } from "../../src/observability/metrics.ts";
import type { Metric } from "../../src/observability/metric.ts";
import { ParsedMetrics } from "../observability/parsed-metrics.ts";
import { promtool } from "../observability/promtool.ts";
import { HttpPort, talk } from "./http-port.ts";

const EVENTS = "homemaker_job_events_total";
const TUBE_EVENTS = "homemaker_tube_job_events_total";
const PATIENCE = { timeout: 60_000 };

async function scrape(http: HttpPort): Promise<ParsedMetrics> {
  const { status, text } = await http.ask("/metrics");
  expect(status).toBe(200);
  return new ParsedMetrics(text);
}

/** Puts, reserves and deletes `count` jobs on a connection of its own, one after the other. */
async function work(http: HttpPort, tube: string, count: number): Promise<void> {
  const cycle = "put 0 0 60 1\r\nx\r\nreserve\r\n";
  const socket: Socket = await http.server.connect();
  socket.setEncoding("latin1");
  socket.write(`use ${tube}\r\nwatch ${tube}\r\nignore default\r\n${cycle}`);
  let text = "";
  let done = 0;
  socket.on("data", (chunk: string) => {
    text += chunk;
    for (;;) {
      const [reply, id] = /RESERVED (\d+) 1\r\nx\r\n/.exec(text) ?? [];
      if (reply === undefined || id === undefined) return;
      text = text.slice(text.indexOf(reply) + reply.length);
      done++;
      socket.write(`delete ${id}\r\n${done < count ? cycle : "quit\r\n"}`);
    }
  });
  await once(socket, "end");
  socket.end();
  expect(done).toBe(count);
}

test(
  "scrapes under load can be read, never go back, and add up with what was done",
  { timeout: 120_000 },
  async () => {
    await using http = await HttpPort.start({ threads: 2, shards: 4 });
    const tubes = ["load-a", "load-b", "load-c"];
    const keeper = await http.server.connect(); // so that the tubes stay
    keeper.write(tubes.map((tube) => `watch ${tube}\r\n`).join(""));
    const each = 300;
    const working = { count: tubes.length };
    const done = Promise.all(
      tubes.map(async (tube) => {
        await work(http, tube, each);
        working.count--;
      }),
    );
    let before = new Map<string, number>();
    let scrapes = 0;
    do {
      const parsed = await scrape(http);
      const now = new Map(
        parsed.all
          .filter(({ name }) => /_(?:total|bucket|count|sum)$/.test(name))
          .map(({ name, labels, value }) => [JSON.stringify([name, labels]), value]),
      );
      const fell = [...now].filter(([series, value]) => value < (before.get(series) ?? 0));
      expect(fell).toEqual([]);
      expect([...before.keys()].filter((series) => !now.has(series))).toEqual([]);
      before = now;
      scrapes++;
    } while (working.count > 0);
    await done;
    const parsed = await scrape(http);
    const all = each * tubes.length;
    expect(scrapes).toBeGreaterThan(0);
    for (const event of ["put", "reserved", "deleted"]) {
      expect([event, parsed.value(EVENTS, { event })]).toEqual([event, all]);
      for (const tube of tubes) expect(parsed.value(TUBE_EVENTS, { tube, event })).toBe(each);
    }
    for (const command of ["put", "reserve", "delete"]) {
      expect(parsed.value("homemaker_commands_total", { command })).toBe(all);
    }
    for (const time of ["queue", "process"]) {
      expect(parsed.value(`homemaker_${time}_duration_seconds_count`)).toBe(all);
      const tube = "load-b";
      expect(parsed.value(`homemaker_tube_${time}_duration_seconds_count`, { tube })).toBe(each);
    }
    expect(parsed.sum("homemaker_tube_process_duration_seconds_sum")).toBeGreaterThan(0);
    expect(parsed.sum("homemaker_jobs")).toBe(0);
    expect(parsed.value("homemaker_tube_watchers", { tube: "load-a" })).toBe(1);
    expect(parsed.find(TUBE_EVENTS, { tube: TUBE_OTHERS })).toEqual([]);
    expect(parsed.labels("homemaker_event_loop_lag_seconds", "thread")).toEqual(
      new Set(["0", "1"]),
    );
    keeper.destroy();
  },
);

test(
  "each way in which an attempt fails is an event, of the tube and of the server",
  PATIENCE,
  async () => {
    await using http = await HttpPort.start({ threads: 1 });
    const keeper = await http.server.connect(); // so that the tube stays
    keeper.write("watch ends\r\n");
    const failing =
      "reserve\r\nrelease 1 0 0 2\r\nno\r\nreserve\r\nbury 1 0\r\nkick-job 1\r\nreserve\r\n";
    await talk(http, `use ends\r\nwatch ends\r\nput 0 0 60 1\r\nx\r\n${failing}`);
    const event = "connection-lost";
    await expect.poll(async () => (await scrape(http)).value(EVENTS, { event })).toBe(1);
    const parsed = await scrape(http);
    for (const end of ["released", "buried", event]) {
      expect([end, parsed.value(EVENTS, { event: end })]).toEqual([end, 1]);
      expect(parsed.value(TUBE_EVENTS, { tube: "ends", event: end })).toBe(1);
    }
    expect(parsed.value(EVENTS, { event: "timed-out" })).toBe(0);
    expect(await talk(http, "stats-tube ends\r\n")).toContain("\ntotal-failures: 3\n");
    keeper.destroy();
  },
);

test(
  "batches that are refused count, and results that find no room, each by itself",
  PATIENCE,
  async () => {
    await using http = await HttpPort.start({ threads: 1, flags: ["--max-results", "0"] });
    const [refused, lost] = ["homemaker_batches_refused_total", "homemaker_results_not_kept_total"];
    const counts = async (): Promise<readonly number[]> => {
      const parsed = await scrape(http);
      return [refused, lost].map((name) => parsed.value(name ?? "") ?? NaN);
    };
    expect(await counts()).toEqual([0, 0]);
    const done = "batch 2\r\nput 0 0 60 1\r\nx\r\nuse a\r\n";
    await talk(http, `batch 1\r\ndelete 7\r\nbatch 1\r\nuse -\r\n${done}`);
    expect(await counts()).toEqual([2, 0]);
    await talk(http, "reserve\r\nfinish 1 60 1\r\nx\r\n");
    expect(await counts()).toEqual([2, 1]);
  },
);

test(
  "a dead job that goes to its dead-letter tube is an event of the tube that it leaves",
  PATIENCE,
  async () => {
    await using http = await HttpPort.start({ threads: 2, shards: 4 });
    const tubes = ["dying-a", "dying-b", "dying-c", "dying-d"];
    for (const tube of tubes) {
      const job = `use ${tube}\r\nput 0 0 60 1 max:1\r\nx\r\nwatch ${tube}\r\nreserve\r\n`;
      const id = /RESERVED (\d+)/.exec(
        await talk(http, `set-tube ${tube} dead=graves\r\n${job}`),
      )?.[1];
      await talk(http, `reserve-job ${id}\r\nbury ${id} 0\r\n`);
    }
    const event = "dead-lettered";
    await expect.poll(async () => (await scrape(http)).value(EVENTS, { event })).toBe(4);
    const parsed = await scrape(http);
    for (const tube of tubes) expect(parsed.value(TUBE_EVENTS, { tube, event })).toBe(1);
    expect(parsed.value(TUBE_EVENTS, { tube: "graves", event })).toBe(0);
  },
);

test(
  "puts that were not taken count by reason, and those that met their key",
  PATIENCE,
  async () => {
    await using http = await HttpPort.start({ flags: ["--max-job-size", "10"] });
    const put = "put 0 0 60 1\r\nx\r\n";
    const long = (bytes: number): string => `put 0 0 60 ${bytes}\r\n${"x".repeat(bytes)}\r\n`;
    const keyed = "put 0 0 60 1 idp:k\r\nx\r\n";
    const limits = "set-tube full jobs=1\r\nset-tube short body=2\r\n";
    await talk(http, `${limits}use full\r\n${put}${put}${put}use short\r\n${long(3)}${long(11)}`);
    await talk(http, `${keyed}${keyed}${keyed}drain\r\n${put}undrain\r\n`);
    const parsed = await scrape(http);
    const refused = ["tube-full", "job-too-big", "draining", "out-of-memory"].map((reason) =>
      parsed.value("homemaker_puts_refused_total", { reason }),
    );
    expect(refused).toEqual([2, 2, 1, 0]);
    expect(parsed.value("homemaker_puts_met_total")).toBe(2);
  },
);

test(
  "promtool takes what a server with a journal says, and every declared metric is in it",
  { ...PATIENCE, tags: ["promtool"] },
  async () => {
    const folder = mkdtempSync(`${tmpdir()}/homemaker-metrics-`);
    try {
      const flags = ["--data", folder, "--memory", "64MiB", "--max-index", "16MiB"];
      await using http = await HttpPort.start({ flags });
      await talk(http, "put 0 0 60 1\r\nx\r\n");
      const { text, headers } = await http.ask("/metrics");
      expect(headers["content-type"]).toContain("text/plain; version=0.0.4");
      expect(promtool(["check", "metrics"], text)).toBe("");
      const { types } = new ParsedMetrics(text);
      const all: readonly Metric[] = Object.values(METRICS);
      const isHere = ({ source }: Metric): boolean => source !== "copy" && source !== "outbox";
      const declared = all.filter(isHere);
      expect(Object.fromEntries(types)).toEqual(
        Object.fromEntries(declared.map(({ name, type }) => [name, type])),
      );
      const parsed = new ParsedMetrics(text);
      expect(parsed.value("homemaker_journal_sync_duration_seconds_count")).toBeGreaterThan(0);
      expect(parsed.value("homemaker_journal_records_total", { reason: "new" })).toBe(1);
      expect(parsed.value("homemaker_memory_cap_bytes")).toBe(80 * 1_048_576);
      const taken = parsed.sum("homemaker_shard_memory_taken_bytes");
      expect(taken).toBeLessThanOrEqual(80 * 1_048_576);
      const used = parsed.sum("homemaker_shard_memory_used_bytes");
      expect(parsed.value("process_resident_memory_bytes")).toBeGreaterThan(used);
      await expect
        .poll(async () => (await scrape(http)).value("homemaker_journal_unsafe_bytes"))
        .toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test(
  "beyond the cap tubes are summed, the fullest have names, and no counter falls when tubes go",
  PATIENCE,
  async () => {
    await using http = await HttpPort.start({
      threads: 2,
      shards: 4,
      flags: ["--metrics-tubes", "3"],
    });
    const puts = (count: number): string => "put 0 0 60 1\r\nx\r\n".repeat(count);
    for (let tube = 1; tube <= 10; tube++) await talk(http, `use cap-${tube}\r\n${puts(tube)}`);
    const first = await scrape(http);
    expect(first.labels("homemaker_tube_jobs", "tube")).toEqual(
      new Set(["cap-10", "cap-9", "cap-8", TUBE_OTHERS]),
    );
    const ready = { state: "ready" };
    expect(first.sum("homemaker_tube_jobs", ready)).toBe(55);
    expect(first.value("homemaker_tube_jobs", { ...ready, tube: TUBE_OTHERS })).toBe(28);
    expect(first.value(TUBE_EVENTS, { tube: TUBE_OTHERS, event: "put" })).toBe(28);
    // Nothing refers to them any more.
    await talk(http, "flush-tube cap-10\r\nflush-tube cap-1\r\n");
    const second = await scrape(http);
    expect(second.labels("homemaker_tube_jobs", "tube")).toEqual(
      new Set(["cap-9", "cap-8", "cap-7", TUBE_OTHERS]),
    );
    expect(second.value("homemaker_tube_jobs", { ...ready, tube: TUBE_OTHERS })).toBe(20);
    expect(second.value(TUBE_EVENTS, { tube: TUBE_OTHERS, event: "put" })).toBe(28);
    expect(second.value(TUBE_EVENTS, { tube: "cap-7", event: "put" })).toBe(7);
    await talk(http, `use cap-7\r\n${puts(2)}use cap-2\r\n${puts(1)}`);
    const third = await scrape(http);
    expect(third.value(TUBE_EVENTS, { tube: "cap-7", event: "put" })).toBe(9);
    expect(third.value(TUBE_EVENTS, { tube: TUBE_OTHERS, event: "put" })).toBe(29);
  },
);

test("who shows no token gets no metrics, and the reader's token is enough", PATIENCE, async () => {
  const token = "a-token-for-those-who-look";
  await using http = await HttpPort.start({ flags: ["--http-read-token", token] });
  expect((await http.ask("/metrics")).status).toBe(401);
  const headers = { authorization: `Bearer ${token}` };
  expect((await http.ask("/metrics", { headers })).status).toBe(200);
});

test(
  "scrapes that come at the same time are one, and all of them are answered",
  PATIENCE,
  async () => {
    await using http = await HttpPort.start();
    const answers = await Promise.all(Array.from({ length: 20 }, () => http.ask("/metrics")));
    const times = answers.map(({ text }) =>
      new ParsedMetrics(text).value("homemaker_scrape_duration_seconds"),
    );
    expect(new Set(times).size).toBeLessThan(20);
  },
);
