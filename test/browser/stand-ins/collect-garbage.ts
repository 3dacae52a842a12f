/* Stand-in for test/support/collect-garbage.ts in a browser. */

export function collectGarbage(): never {
  throw new Error("a page cannot ask for that");
}
