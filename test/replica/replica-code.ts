/* Replica code: the parts of the program that keep a copy elsewhere, as they stand or with a
 * planted bug. Made by replica-mutants.ts, used by whatever opens a replicated world.
 */
import { fetchAll } from "../../src/journal/catch-up.ts";
import { MirroredStorage } from "../../src/journal/mirrored-storage.ts";
import { merged } from "../../src/journal/shipping.ts";
import { takeOver } from "../../src/journal/take-over.ts";
import { safePositionOf } from "../../src/broker/safe-positions.ts";
import { RemoteError } from "../../src/remote-log.ts";
import { heardOf } from "../../src/session/heard.ts";

/** The parts that a planted bug may replace. */
export interface ReplicaCode {
  readonly fetchAll: typeof fetchAll;
  readonly heardOf: typeof heardOf;
  readonly safePositionOf: typeof safePositionOf;
  readonly merged: typeof merged;
  readonly MirroredStorage: typeof MirroredStorage;
  readonly RemoteError: typeof RemoteError;
  readonly takeOver: typeof takeOver;
}

/** The program as it stands. */
export const OWN: ReplicaCode = {
  fetchAll,
  heardOf,
  merged,
  MirroredStorage,
  RemoteError,
  safePositionOf,
  takeOver,
};
