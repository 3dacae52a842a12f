/* Doomed: tells whoever runs a held job when the work is for nothing. */
import type { HeldJob } from "./backend.ts";

/** Calls `told` once, with the reason of the job's signal, as HeldJob says. It throws nothing. */
export function whenDoomed(held: HeldJob, told: (reason: unknown) => void): void {
  if (held.onDoomed !== undefined) return held.onDoomed(told);
  const { signal } = held;
  const aborted = (): void => told(signal.reason);
  if (signal.aborted) aborted();
  else signal.addEventListener("abort", aborted, { once: true });
}
