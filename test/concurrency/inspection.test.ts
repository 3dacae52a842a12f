/*
 * A lister and a flusher on a real server with a journal, beside producers and workers in the same
 * tubes, on several threads.
 */
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Random } from "../support/random.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { patientConnect } from "../support/patient-connect.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { Wire } from "./wire.ts";

const SEED = Number(process.env["CROWD_SEED"] ?? randomInt(2 ** 31));
const STAYING = 3000;
const LISTINGS = 4;
const FLUSHES = 30;
const BATCH = 100;

async function open(server: ServerProcess, tube: string): Promise<Wire> {
  const wire = new Wire(await patientConnect(server));
  for (const command of [`use ${tube}`, `watch ${tube}`, "ignore default"]) await wire.ask(command);
  return wire;
}

async function answer(wire: Wire, command: string, text?: string): Promise<string> {
  const { line = "gone", body } = await wire.ask(command, text);
  return body === undefined ? line : body.toString();
}

async function put(wire: Wire, delaySeconds: number): Promise<number> {
  const line = await answer(wire, `put 0 ${delaySeconds} 100 1`, "x");
  return Number(/^INSERTED (\d+)$/.exec(line)?.[1]);
}

/** All delayed jobs of "listed", page by page, of whatever size. */
async function listAll(wire: Wire, random: Random): Promise<number[]> {
  const ids: number[] = [];
  for (let after = "0"; ;) {
    const page = await answer(
      wire,
      `list-jobs listed delayed ${after} ${random.between(50, 1000)}`,
    );
    for (const [, id] of page.matchAll(/^- \{id: (\d+),/gm)) ids.push(Number(id));
    after = /^next: (\d+)$/m.exec(page)?.[1] ?? "none";
    if (after === "0") return ids;
  }
}

/** What goes on in the two tubes, until it is told to end. */
class Bustle {
  isOver = false;
  /** Jobs put into "flushed". */
  wasPut = 0;

  /**
   * Puts jobs that do not stay where they are: deleted at once, or kicked and then reserved by
   * somebody here.
   */
  async churn(wire: Wire): Promise<void> {
    for (let round = 0; !this.isOver; round += 1) {
      const id = await put(wire, 3600);
      if (round % 3 === 0) await answer(wire, `delete ${id}`);
      else if (round % 3 === 1) await answer(wire, `kick-job ${id}`);
      const { line = "" } = await wire.ask("reserve-with-timeout 0");
      const held = /^RESERVED (\d+)/.exec(line)?.[1];
      if (held !== undefined) await answer(wire, `delete ${held}`);
    }
    wire.hangUp();
  }

  async produce(wire: Wire): Promise<void> {
    while (!this.isOver) {
      await put(wire, this.wasPut % 2 === 0 ? 0 : 3600);
      this.wasPut += 1;
    }
    wire.hangUp();
  }

  /** Flushes again and again, each time when some jobs were put; returns how many it flushed. */
  async flush(wire: Wire): Promise<number> {
    let flushed = 0;
    for (let count = 0; count < FLUSHES; count += 1) {
      await this.#untilPut(wire, this.wasPut + BATCH);
      flushed += await flushOnce(wire);
    }
    return flushed;
  }

  async #untilPut(wire: Wire, count: number): Promise<void> {
    while (this.wasPut < count) await answer(wire, "list-tube-used");
  }
}

async function flushOnce(wire: Wire): Promise<number> {
  const line = await answer(wire, "flush-tube flushed");
  return Number(/^FLUSHED (\d+)$/.exec(line)?.[1]);
}

async function list(wire: Wire, staying: readonly number[]): Promise<void> {
  const random = new Random(SEED);
  for (let count = 0; count < LISTINGS; count += 1) {
    const found = await listAll(wire, random);
    const seen = new Set(found);
    expect(found).toEqual([...seen].toSorted((a, b) => a - b));
    expect(staying.filter((id) => !seen.has(id))).toEqual([]);
  }
}

async function openMany(server: ServerProcess, tube: string, count: number): Promise<Wire[]> {
  return Promise.all(Array.from({ length: count }, () => open(server, tube)));
}

async function expectWholeInspection(server: ServerProcess): Promise<void> {
  const bustle = new Bustle();
  const churning = await openMany(server, "listed", 3);
  const running = churning.map((wire) => bustle.churn(wire));
  const lister = await open(server, "listed");
  const staying: number[] = [];
  while (staying.length < STAYING) staying.push(await put(lister, 7200));
  const flusher = await open(server, "flushed");
  const producers = await openMany(server, "flushed", 2);
  running.push(...producers.map((wire) => bustle.produce(wire)));
  const [flushed] = await Promise.all([bustle.flush(flusher), list(lister, staying)]);
  bustle.isOver = true;
  await Promise.all(running);
  expect(flushed + (await flushOnce(flusher))).toBe(bustle.wasPut);
  expect(server.running).toBe(true);
}

test(`every job that stays is listed once, and every job put is flushed once (CROWD_SEED=${SEED} npx vitest run test/concurrency)`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "inspection-"));
  const flags = ["--data", folder, "--durability", "os"];
  const server = await startHomemaker({ threads: 3, shards: 4, flags });
  try {
    await expectWholeInspection(server);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
