/* Engine capabilities: what jobs can have that Homemaker's own engine keeps, wherever it runs. */
import type { Capabilities } from "./backend.ts";

const CAN: Omit<Capabilities, "durable"> = {
  delay: "any",
  priority: true,
  unique: true,
  exclusive: true,
  fair: true,
  expiry: true,
  attemptsMax: true,
  results: "kept",
  atomicNext: true,
  uncharged: true,
  failures: true,
  progress: true,
  cancelRunning: true,
  listing: true,
  move: true,
  retry: true,
  pause: true,
  lookup: true,
  leases: true,
  stats: "all",
};

/** Of an engine with a journal or without one. */
export function engineCapabilities(isDurable: boolean): Capabilities {
  return { ...CAN, durable: isDurable };
}
