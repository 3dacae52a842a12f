/* What the client's types say: what is right compiles, what is wrong does not (`npm run check`). */
import { expectTypeOf, test } from "vitest";
import type {
  Client,
  DeletedBatch,
  Done,
  Facts,
  Inserted,
  Job,
  Queued,
} from "../../src/entries/client.ts";

test("what comes of a call is known", () => {
  expectTypeOf<Client["put"]>().returns.resolves.toEqualTypeOf<Inserted>();
  expectTypeOf<Client["putMany"]>().returns.resolves.toEqualTypeOf<readonly Inserted[]>();
  expectTypeOf<Client["reserveMany"]>().returns.resolves.toEqualTypeOf<readonly Job[]>();
  expectTypeOf<Client["deleteMany"]>().returns.resolves.toEqualTypeOf<DeletedBatch>();
  expectTypeOf<Client["reserve"]>().returns.resolves.toEqualTypeOf<Job>();
  expectTypeOf<Client["reserveWithTimeout"]>().returns.resolves.toEqualTypeOf<Job | undefined>();
  expectTypeOf<Client["statsJob"]>().returns.resolves.toEqualTypeOf<Facts | undefined>();
  expectTypeOf<Client["await"]>().returns.resolves.toEqualTypeOf<Done>();
  expectTypeOf<Job["release"]>().returns.resolves.toEqualTypeOf<Queued>();
  expectTypeOf<Done["end"]>().toEqualTypeOf<
    "finished" | "buried" | "deleted" | "cancelled" | "expired" | "dead"
  >();
});

test("what comes of a batch is known for each of its commands", () => {
  const asked = (client: Client) =>
    client.batch((b) => [b.put("x"), b.use("y"), b.delete(1), b.release(2)]);
  expectTypeOf(asked).returns.resolves.toEqualTypeOf<[Inserted, string, void, Queued]>();
});

test("what is wrong does not compile", () => {
  const wrong = (client: Client): readonly unknown[] => [
    // @ts-expect-error a priority is a number
    client.put("x", { pri: "high" }),
    // @ts-expect-error a body is text or bytes
    client.put({ to: "a" }),
    // @ts-expect-error bodies are many
    client.putMany("x"),
    // @ts-expect-error jobs are named by their ids
    client.deleteMany(["1"]),
    // @ts-expect-error there is no such tag
    client.put("x", { tags: { once: "k" } }),
    // @ts-expect-error this tag has no limit
    client.put("x", { tags: { fair: { key: "k", limit: 3 } } }),
    // @ts-expect-error there is no such mode
    client.reserveMode("random"),
    // @ts-expect-error there is no such setting
    client.setTube("a", { colour: 1 }),
    // @ts-expect-error kick has no place in a batch
    client.batch((b) => [b.kick(1)]),
  ];
  expectTypeOf(wrong).returns.toExtend<readonly unknown[]>();
});
