/* Definitions of jobs: what they check, what flows through their types, and payloads of older
 * versions.
 */
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { bytes } from "../../src/worker/codec.ts";
import { defineJob } from "../../src/worker/define-job.ts";
import { decodeEnvelope } from "../../src/worker/envelope.ts";
import type { InputOf, JobContext, PayloadOf, ResultOf } from "../../src/worker/job-definition.ts";
import { unchecked } from "../../src/worker/standard-schema.ts";
import type { StandardSchema } from "../../src/worker/standard-schema.ts";

/** What a schema library of one's own could look like: it takes its time. */
const LATER: StandardSchema<string, number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) =>
      typeof value === "string"
        ? { value: value.length }
        : { issues: [{ message: "no text", path: [{ key: "a" }, 0] }] },
  },
};

describe("a definition", () => {
  test("has defaults for all but the payload", () => {
    const job = defineJob("email.send", { payload: unchecked<string>() });
    expect(job).toMatchObject({ name: "email.send", tube: "email.send", version: 1 });
    expect(job.settings).toEqual({
      priority: 1024,
      delayMillis: 0,
      leaseMillis: 60_000,
      timeoutMillis: undefined,
      expiresMillis: undefined,
      attemptsMax: undefined,
      acknowledge: undefined,
      onFailure: undefined,
      onSuccess: undefined,
    });
    expect(job.keysOf("x")).toEqual({});
  });

  test.each([
    ["a name", "", {}, "a job has a name of a character or more"],
    ["a tube", "two words", {}, /^two words: "two words" is no tube; letters, digits/],
    ["a priority", "x", { priority: -1 }, /^priority: -1 is none of/],
    ["a lease", "x", { lease: "1w" as never }, /^x: lease: "1w" is no duration/],
    ["a version", "x", { version: 0 }, "x: version: 0 is no whole number above 0"],
    ["an option", "x", { retries: 3 }, "x: retries: no such option"],
    [
      "a schema",
      "x",
      { payload: undefined as never },
      "x: payload: expected a Standard Schema, or unchecked<Type>()",
    ],
    ["attempts", "x", { attemptsMax: 1.5 }, "x: attemptsMax: 1.5 is no whole number above 0"],
  ])("that is wrong about %s is refused", (_, name, options, message) => {
    expect(() => defineJob(name, { payload: unchecked(), ...options })).toThrow(message);
  });
});

describe("a payload", () => {
  const user = defineJob("user.greet", {
    payload: z.object({ id: z.coerce.number().int(), name: z.string().default("you") }),
    key: ({ name }) => name,
    unique: ({ id }) => ({ key: `user:${id}`, cooldown: "1h" }),
  });

  test("is checked as a worker will read it, and what was given travels", async () => {
    const prepared = await user.prepare({ id: "7" });
    expect(prepared.payload).toEqual({ id: 7, name: "you" });
    const envelope = decodeEnvelope(prepared.body({ at: 1 }));
    expect(envelope).toEqual({ type: "user.greet", data: { id: "7" }, hm: { at: 1 } });
    expect(await user.payloadOf(envelope)).toEqual({ id: 7, name: "you" });
    expect(user.keysOf(prepared.payload)).toEqual({
      key: "you",
      unique: { key: "user:7", cooldown: "1h" },
      exclusive: undefined,
    });
  });

  test("that is wrong is refused with where and why", () => {
    const wrong = (): unknown => user.prepare({ id: 1.5, name: 7 } as never);
    expect(wrong).toThrow(expect.objectContaining({ code: "HM_INVALID_DATA", job: "user.greet" }));
    expect(wrong).toThrow(
      /^user\.greet: the payload is not what its schema says: id: .*; name: .*string/,
    );
  });

  test("that would arrive as something else is refused: JSON has no dates", () => {
    const job = defineJob("remind", { payload: z.object({ at: z.date() }) });
    expect(() => job.prepare({ at: new Date(0) })).toThrow(/^remind: the payload .*at: .*date/);
  });

  test("may be checked by a schema that takes its time", async () => {
    const job = defineJob("later", { payload: LATER });
    expect((await job.prepare("four")).payload).toBe(4);
    await expect(job.prepare(7 as never)).rejects.toThrow(/a\.0: no text$/);
  });

  test("may be bytes, any bytes", async () => {
    const job = defineJob("scan", { payload: unchecked<Uint8Array>(), codec: bytes, version: 3 });
    const page = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const envelope = decodeEnvelope((await job.prepare(page)).body({}));
    expect(envelope.hm).toEqual({ codec: "bytes", v: 3 });
    expect(await job.payloadOf(envelope)).toEqual(page);
    const text = decodeEnvelope(new TextEncoder().encode('{"type":"scan","data":1}'));
    expect(() => job.payloadOf(text)).toThrow("scan: a payload of json; here it is bytes");
  });
});

describe("a version", () => {
  const first = defineJob("resize", { payload: z.object({ width: z.number() }) });
  const second = defineJob("resize", {
    payload: z.object({ size: z.object({ width: z.number() }) }),
    version: 2,
    upgrade: (payload, from) => ({ size: payload, from }),
  });

  test("reads what an older one enqueued", async () => {
    const old = decodeEnvelope((await first.prepare({ width: 3 })).body({}));
    expect(await second.payloadOf(old)).toEqual({ size: { width: 3 } });
  });

  test("does not take what a newer one enqueued", async () => {
    const newer = decodeEnvelope((await second.prepare({ size: { width: 3 } })).body({}));
    expect(newer.hm.v).toBe(2);
    expect(() => first.payloadOf(newer)).toThrow(
      expect.objectContaining({
        code: "HM_JOB_VERSION",
        message: "resize: version 2; here it is version 1",
      }),
    );
  });

  test("without an upgrade has the schema decide", async () => {
    const strict = defineJob("resize", { payload: z.object({ w: z.number() }), version: 5 });
    const old = decodeEnvelope((await first.prepare({ width: 3 })).body({}));
    expect(() => strict.payloadOf(old)).toThrow(/^resize: the payload .*w: /);
  });
});

describe("a result", () => {
  const thumb = defineJob("thumbnail", {
    payload: z.object({ url: z.url() }),
    result: z.object({ at: z.coerce.date() }),
  });

  test("is checked where it is made and where it is read", async () => {
    const encoded = await thumb.encodeResult({ at: "2026-11-29" });
    expect(new TextDecoder().decode(encoded)).toBe('{"at":"2026-11-29"}');
    expect(await thumb.decodeResult(encoded)).toEqual({ at: new Date("2026-11-29") });
    expect(() => thumb.encodeResult({ at: "soon" })).toThrow(/^thumbnail: the result is not/);
  });

  test("of a job that says nothing of one is nothing", async () => {
    const job = defineJob("quiet", { payload: unchecked<string>() });
    expect(await job.encodeResult()).toHaveLength(0);
    expect(await job.decodeResult(new Uint8Array(0))).toBeUndefined();
  });
});

test("types flow from schemas to inputs, payloads, handlers and results", () => {
  const job = defineJob("typed", {
    payload: z.object({ id: z.string().transform(Number) }),
    result: z.string().transform((text) => text.length),
  });
  expectTypeOf(job.name).toEqualTypeOf<"typed">();
  expectTypeOf<InputOf<typeof job>>().toEqualTypeOf<{ id: string }>();
  expectTypeOf<PayloadOf<typeof job>>().toEqualTypeOf<{ id: number }>();
  expectTypeOf<ResultOf<typeof job>>().toEqualTypeOf<number>();
  const { run } = job.handler((payload, context) => {
    expectTypeOf(payload).toEqualTypeOf<{ id: number }>();
    expectTypeOf(context).toEqualTypeOf<JobContext<undefined>>();
    return payload.id.toFixed();
  });
  expect(run({ id: 7 }, {} as JobContext<undefined>)).toBe("7");
  // @ts-expect-error a handler must give what the job promises
  job.handler(() => 7);
  const none = defineJob("none", { payload: unchecked<string>() });
  // @ts-expect-error a job without a result gives none
  none.handler(() => "text");
  none.handler(async () => undefined);
  expectTypeOf<ResultOf<typeof none>>().toEqualTypeOf<void>();
});
