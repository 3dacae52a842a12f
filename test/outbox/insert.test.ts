/*
 * homemaker/outbox: a kind of job as a row, with all that a put of it would say.
 */
import { expect, test } from "vitest";
import { outboxInsert, outboxRow } from "../../src/entries/outbox.ts";
import { problemOf } from "../../src/server/outbox-row.ts";
import { defineJob } from "../../src/worker/define-job.ts";
import { decodeEnvelope } from "../../src/worker/envelope.ts";
import { unchecked } from "../../src/worker/standard-schema.ts";
import { rowOf } from "./simulated-table.ts";

const invoice = defineJob("invoice", {
  payload: unchecked<{ order: number }>(),
  tube: "invoices",
  priority: 7,
  lease: "30s",
  attemptsMax: 5,
  acknowledge: "memory",
  unique: ({ order }) => ({ key: String(order), cooldown: "1h" }),
});

test("a row says what a put would say, but for what replies wait for", async () => {
  const row = await outboxRow(invoice, { order: 17 }, { delay: 1500.2, key: "ann", queue: "shop" });
  expect(row).toMatchObject({
    queue: "shop",
    tube: "invoices",
    priority: 7,
    delay_millis: 1501,
    ttr_seconds: 30,
    tags: "idp:invoice/17:3600 fair:ann max:5",
  });
  expect(decodeEnvelope(row.body)).toMatchObject({ type: "invoice", data: { order: 17 } });
  const { delay_millis: delayMillis, ttr_seconds: ttrSeconds, ...rest } = row;
  const taken = rowOf(1, { ...rest, delayMillis, ttrSeconds, bodyBytes: row.body.length });
  expect(problemOf(taken, 65_535)).toBeUndefined();
});

test("a statement has a place for each of its values", async () => {
  const { text, values } = await outboxInsert(invoice, { order: 17 });
  expect(text).toBe(
    "insert into homemaker.outbox (queue, tube, body, priority, delay_millis, ttr_seconds, tags) " +
      "values ($1, $2, $3, $4, $5, $6, $7)",
  );
  expect(values).toHaveLength(7);
  expect(values[0]).toBe("default");
});

test("what is wrong is said before anything is inserted", async () => {
  const typo = { delay: "1s", dealy: "5m" } as const;
  await expect(outboxInsert(invoice, { order: 1 }, typo)).rejects.toMatchObject({
    code: "HM_OPTION",
  });
  const both = { delay: "5m", runAt: new Date() } as const;
  await expect(outboxInsert(invoice, { order: 1 }, both)).rejects.toMatchObject({
    code: "HM_OPTION",
  });
});
