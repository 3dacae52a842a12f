/* Instance: one instance of the engine on the memory of one shard.
 *
 * A module with other exports is not the engine of this release: whoever calls it would find that
 * out in the middle of a command. Used by engine/shard.ts.
 */
import { EXPORT_NAMES } from "./exports.ts";
import type { EngineExports } from "./exports.ts";
import type { BoardImports } from "./key-board.ts";

/** The module is not the engine of this release. */
class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code = "HM_ENGINE_MODULE";
}

/** Instantiates the engine on a memory and on the board that all shards share. */
export function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  board: BoardImports,
): EngineExports {
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, board });
  if (!isEngine(exports)) throw new EngineError("this module is not the engine of this release");
  return exports;
}

/** Whether `exports` has every function of the engine. */
function isEngine(exports: WebAssembly.Exports): exports is WebAssembly.Exports & EngineExports {
  return EXPORT_NAMES.every((name) => typeof exports[name] === "function");
}
