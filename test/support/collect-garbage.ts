/* Garbage: has the runtime forget now what nobody holds, on Node, Deno and Bun. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What Bun has in its global of that name. */
interface BunsOwn {
  gc(isWaitedFor: boolean): void;
}

/** Collects all garbage. */
export const collectGarbage: () => void = "Bun" in globalThis ? ofBun() : ofV8();

function ofBun(): () => void {
  const { Bun } = globalThis as unknown as { readonly Bun: BunsOwn };
  return () => Bun.gc(true);
}

function ofV8(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
