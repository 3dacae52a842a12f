/* A lister and a flusher on a real server with a journal, beside producers and workers in the same tubes, on several threads. */
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Random } from "../fuzz/random.ts";
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

async function answer(wire: Wire, command: string): Promise<string> {
  const { line = "gone", body } = await wire.ask(command);
  return body === undefined ? line : body.toString();
}

async function put(wire: Wire, delaySeconds: number): Promise<number> {
  const line = await answer(wire, `put 0 ${delaySeconds} 100 1\r\nx`);
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

test(`every job that stays is listed once, and what is flushed was there (CROWD_SEED=${SEED} npx vitest run test/concurrency)`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "inspection-"));
  const flags = ["--data", folder, "--durability", "os"];
  const server = await startHomemaker({ threads: 3, shards: 4, flags });
  try {
    const random = new Random(SEED);
    let isOver = false;
    const lister = await open(server, "listed");
    const staying: number[] = [];

    /** Puts jobs that stay among others that do not: kicked, reserved, deleted. */
    const churn = async (wire: Wire): Promise<void> => {
      for (let round = 0; !isOver; round += 1) {
        const id = await put(wire, 3600);
        if (round % 3 === 0) await answer(wire, `delete ${id}`);
        else if (round % 3 === 1) await answer(wire, `kick-job ${id}`);
        const [, held] =
          /^RESERVED (\d+)/.exec((await wire.ask("reserve-with-timeout 0")).line ?? "") ?? [];
        if (held !== undefined) await answer(wire, `delete ${held}`);
      }
      wire.hangUp();
    };
    const churning = await Promise.all(Array.from({ length: 3 }, () => open(server, "listed")));
    const running = churning.map((wire) => churn(wire));
    while (staying.length < STAYING) {
      staying.push(...(await Promise.all([put(lister, 7200)])));
    }

    let wasPut = 0;
    const produce = async (wire: Wire): Promise<void> => {
      while (!isOver) {
        await put(wire, wasPut % 2 === 0 ? 0 : 3600);
        wasPut += 1;
      }
      wire.hangUp();
    };
    const flusher = await open(server, "flushed");
    const producers = await Promise.all(Array.from({ length: 2 }, () => open(server, "flushed")));
    running.push(...producers.map((wire) => produce(wire)));

    let flushed = 0;
    const flush = async (): Promise<void> => {
      for (let count = 0; count < FLUSHES; count += 1) {
        const before = wasPut;
        while (wasPut < before + BATCH) await answer(flusher, "list-tube-used");
        const line = await answer(flusher, "flush-tube flushed");
        flushed += Number(/^FLUSHED (\d+)$/.exec(line)?.[1]);
      }
    };
    const list = async (): Promise<void> => {
      for (let count = 0; count < LISTINGS; count += 1) {
        const found = await listAll(lister, random);
        const seen = new Set(found);
        expect(seen.size).toBe(found.length);
        expect(found).toEqual(found.toSorted((a, b) => a - b));
        expect(staying.filter((id) => !seen.has(id))).toEqual([]);
      }
    };
    await Promise.all([flush(), list()]);
    isOver = true;
    await Promise.all(running);
    const last = await answer(flusher, "flush-tube flushed");
    flushed += Number(/^FLUSHED (\d+)$/.exec(last)?.[1]);
    expect(flushed).toBe(wasPut);
    expect(server.running).toBe(true);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
