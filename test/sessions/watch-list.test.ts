/*
 * The list of watched tubes, against an array in which the last one takes the place of the one that
 * goes, as in beanstalkd.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { WatchList } from "../../src/session/watch-list.ts";
import { propertiesOf } from "../support/properties.ts";
import { World } from "../support/session-world.ts";

const holds = propertiesOf("sessions");

const [[SHARD] = []] = new World().shards;
if (SHARD === undefined) throw new Error("a world has a shard");
const shard = SHARD;

test("ignoring a tube moves the last one into its place", () => {
  const list = new WatchList();
  for (const [at, name] of ["a", "b", "c", "d"].entries()) list.add(name, shard, at + 1);
  expect(list.remove("b")).toEqual({ name: "b", shard, tube: 2 });
  expect(list.names()).toEqual(["a", "d", "c"]);
  list.remove("c");
  expect(list.names()).toEqual(["a", "d"]);
});

test("a tube that is not watched cannot be removed", () => {
  const list = new WatchList();
  list.add("a", shard, 1);
  expect(() => list.remove("b")).toThrow(RangeError);
});

test("in any order of adding and removing, it is that array", () => {
  const name = fc.constantFrom("a", "b", "c", "d", "e", "f", "g");
  holds(
    fc.property(fc.array(name, { maxLength: 60 }), (names) => {
      const list = new WatchList();
      const model: string[] = [];
      for (const one of names) {
        const at = model.indexOf(one);
        expect(list.has(one)).toBe(at >= 0);
        if (at < 0) {
          list.add(one, shard, 1);
          model.push(one);
        } else {
          list.remove(one);
          const last = model.pop();
          if (last !== undefined && last !== one) model[at] = last;
        }
        expect(list.names()).toEqual(model);
        expect(list.size).toBe(model.length);
      }
    }),
    { numRuns: 300 },
  );
});
