/*
 * The engine guard: passes code on one imported memory, and names each thing that several instances
 * could not share.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findForbiddenParts } from "../../src/toolchain/engine-guard.ts";

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** The bytes of a name: its length, then its letters. */
function name(text: string): number[] {
  return [text.length, ...new TextEncoder().encode(text)];
}

/** A module of these sections, each an id and its content. */
function moduleOf(...sections: [id: number, ...content: number[]][]): Uint8Array<ArrayBuffer> {
  const bytes = sections.flatMap(([id, ...content]) => [id, content.length, ...content]);
  return Uint8Array.from([...HEADER, ...bytes]);
}

const VOID_TYPE: [number, ...number[]] = [1, 1, 0x60, 0, 0];
const ONE_FUNCTION: [number, ...number[]] = [3, 1, 0];
const EMPTY_BODY: [number, ...number[]] = [10, 1, 2, 0, 0x0b];
const SHARED_MEMORY = [...name("env"), ...name("memory"), 2, 3, 1, 2];

describe("the engine guard", () => {
  test("accepts functions on an imported memory", () => {
    const engine = moduleOf(VOID_TYPE, [2, 1, ...SHARED_MEMORY], ONE_FUNCTION, EMPTY_BODY);
    expect(findForbiddenParts(engine)).toEqual([]);
  });

  test("accepts the release engine as it was built", () => {
    const engine = new URL("../../build/engine.wasm", import.meta.url);
    expect(findForbiddenParts(readFileSync(engine))).toEqual([]);
  });

  test("names a table and its elements", () => {
    const table: [number, ...number[]] = [4, 1, 0x70, 0, 1];
    const element: [number, ...number[]] = [9, 1, 0, 0x41, 0, 0x0b, 1, 0];
    const engine = moduleOf(VOID_TYPE, ONE_FUNCTION, table, element, EMPTY_BODY);
    expect(findForbiddenParts(engine)).toEqual(["a table section", "an element section"]);
  });

  test("names a global", () => {
    expect(findForbiddenParts(moduleOf([6, 1, 0x7f, 1, 0x41, 0, 0x0b]))).toEqual([
      "a global section",
    ]);
  });

  test("names a start function", () => {
    const engine = moduleOf(VOID_TYPE, ONE_FUNCTION, [8, 0], EMPTY_BODY);
    expect(findForbiddenParts(engine)).toEqual(["a start section"]);
  });

  test("names data and its count", () => {
    const data: [number, ...number[]] = [11, 1, 0, 0x41, 0, 0x0b, 1, 42];
    const engine = moduleOf([2, 1, ...SHARED_MEMORY], [12, 1], data);
    expect(findForbiddenParts(engine)).toEqual(["a data count section", "a data section"]);
  });

  test("names every import but the memory", () => {
    const abort = [...name("env"), ...name("abort"), 0, 0];
    const engine = moduleOf(VOID_TYPE, [2, 2, ...SHARED_MEMORY, ...abort]);
    expect(findForbiddenParts(engine)).toEqual(["the import function env.abort"]);
  });

  test("finds sections behind one whose size takes several bytes", () => {
    const padding = [0, 0xac, 0x02, 1, 0x78, ...Array<number>(298).fill(0)];
    const start = [8, 1, 0];
    const types = [1, 4, 1, 0x60, 0, 0];
    const functions = [3, 2, 1, 0];
    const code = [10, 4, 1, 2, 0, 0x0b];
    const bytes = [...HEADER, ...padding, ...types, ...functions, ...start, ...code];
    expect(findForbiddenParts(Uint8Array.from(bytes))).toEqual(["a start section"]);
  });

  test("refuses what is not a whole module", () => {
    const cut = Uint8Array.from([...HEADER, 1, 9, 1]);
    expect(() => findForbiddenParts(new Uint8Array(20))).toThrow(RangeError);
    expect(() => findForbiddenParts(cut)).toThrow(RangeError);
  });
});
