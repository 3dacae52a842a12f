/* Ids: none is given twice, and at the end of all of them there are none. */
import { describe, expect, test } from "vitest";
import { ID_MAX } from "../../assembly/constants.ts";
import { tubeIn, World } from "../support/session-world.ts";

/** A world in which so many ids are left. */
function nearTheEnd(left: number, shards: number): World {
  const world = new World({ shards });
  world.shards[0]?.[0]?.skipIds(ID_MAX - left);
  return world;
}

describe.each([1, 4])("when all ids have been given, on %i shards,", (shards) => {
  test.each(Array.from({ length: shards }, (_, shard) => shard))(
    "puts to a tube of shard %i are refused, one by one or many at once, and all else goes on",
    (shard) => {
      const world = nearTheEnd(2, shards);
      const end = world.connect();
      end.ask(`use ${tubeIn(shard, shards)}\r\n`);
      const put = "put 0 0 60 1\r\nx\r\n";
      const inserted = `INSERTED ${ID_MAX - 1}\r\nINSERTED ${ID_MAX}\r\n`;
      expect(end.ask(put.repeat(4))).toBe(`${inserted}${"OUT_OF_MEMORY\r\n".repeat(2)}`);
      expect(end.ask(put)).toBe("OUT_OF_MEMORY\r\n");
      end.say("put 0 0 60 8\r\nhalf");
      expect(end.ask(" off\r\n")).toBe("OUT_OF_MEMORY\r\n");
      expect(end.ask("put 0 0 60 1\r\nxyz")).toContain("EXPECTED_CRLF\r\n");
      end.ask("\r\n");
      expect(end.ask(`peek ${ID_MAX}\r\n`)).toBe(`FOUND ${ID_MAX} 1\r\nx\r\n`);
      expect(end.ask(`delete ${ID_MAX}\r\n`)).toBe("DELETED\r\n");
      expect(end.ask(put)).toBe("OUT_OF_MEMORY\r\n");
      expect(world.lastId()).toBe(ID_MAX);
      world.verify();
    },
  );
});

test("a counter that begins beyond the highest id gives none", () => {
  const world = new World();
  world.shards[0]?.[0]?.skipIds(2 ** 53 + 4096);
  expect(world.connect().ask("put 0 0 60 1\r\nx\r\n")).toBe("OUT_OF_MEMORY\r\n");
  expect(world.lastId()).toBe(ID_MAX);
});
