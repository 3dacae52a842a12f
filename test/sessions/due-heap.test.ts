/* The heap of blocked sessions against a sorted list. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DueHeap } from "../../src/session/due-heap.ts";
import type { Due } from "../../src/session/due-heap.ts";
import { propertiesOf } from "../support/properties.ts";

const holds = propertiesOf("sessions");

interface Named extends Due {
  readonly name: number;
}

test("what is added, removed anywhere and taken from the front stands in the order of a sorted list", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add"), number: fc.nat(20) }),
    fc.record({ kind: fc.constant("remove"), number: fc.nat(200) }),
    fc.record({ kind: fc.constant("takeFirst"), number: fc.constant(0) }),
  );
  holds(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DueHeap<Named>();
      const members: Named[] = [];
      const remove = (member: Named | undefined): void => {
        if (member === undefined) return;
        heap.remove(member);
        heap.remove(member); // stands in no heap: nothing happens
        members.splice(members.indexOf(member), 1);
        expect(member.heapIndex).toBe(-1);
      };
      for (const [name, { kind, number }] of steps.entries()) {
        if (kind === "add") {
          const member = { name, dueMicros: number, heapIndex: -1 };
          heap.add(member);
          members.push(member);
        } else {
          remove(kind === "remove" ? members[number % Math.max(1, members.length)] : heap.first());
        }
        expect(heap.size).toBe(members.length);
        expect(heap.first()?.dueMicros).toBe(
          members.map(({ dueMicros }) => dueMicros).toSorted((a, b) => a - b)[0],
        );
      }
      const rest = members.map(({ dueMicros }) => dueMicros).toSorted((a, b) => a - b);
      for (const expected of rest) {
        const first = heap.first();
        expect(first?.dueMicros).toBe(expected);
        remove(first);
      }
      expect(heap.first()).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
