/* Makes a stream that shows a mismatch as short as it can within a bounded time (delta debugging).
 *
 * What can be left out is a unit of a burst or farewell, or a whole step of another kind. First
 * large chunks are left out, then smaller ones; whatever does not make the mismatch go away stays
 * out.
 */
import type { Step, Stream } from "./stream.ts";
import type { Unit } from "./unit.ts";

/**
 * Shortens the stream as long as `fails` says that a stream still shows a mismatch, it is not yet
 * short enough, and there is time. Returns the shortest failing stream found; it is the given one
 * if nothing could be left out.
 */
export async function shrink(
  stream: Stream,
  fails: (shorter: Stream) => Promise<boolean>,
  { budgetMs, isShortEnough }: { budgetMs: number; isShortEnough: (shorter: Stream) => boolean },
): Promise<Stream> {
  const giveUpAt = performance.now() + budgetMs;
  let atoms = atomsOf(stream);
  let chunk = Math.ceil(atoms.length / 2);
  while (atoms.length > 1) {
    let shorter = false;
    // From the end: what comes after the mismatch goes first, and goes in one piece.
    for (let end = atoms.length; end > 0; end -= chunk) {
      if (performance.now() > giveUpAt) return assemble(stream, atoms);
      const rest = [...atoms.slice(0, Math.max(0, end - chunk)), ...atoms.slice(end)];
      if (rest.length === 0 || !(await fails(assemble(stream, rest)))) continue;
      atoms = rest;
      shorter = true;
      if (isShortEnough(assemble(stream, atoms))) return assemble(stream, atoms);
    }
    if (chunk === 1 && !shorter) break;
    chunk = shorter ? Math.min(chunk, atoms.length) : Math.ceil(chunk / 2);
  }
  return assemble(stream, atoms);
}

/** The smallest thing that can be left out. A farewell is an atom of its own beside its units. */
interface Atom {
  readonly step: Step;
  readonly unit: Unit | undefined;
}

function atomsOf(stream: Stream): Atom[] {
  return stream.steps.flatMap((step) => {
    const units = "units" in step ? step.units.map((unit) => ({ step, unit })) : [];
    return step.kind === "burst" ? units : [...units, { step, unit: undefined }];
  });
}

/** The stream of these atoms. Units of a farewell that was left out become a burst. */
function assemble(stream: Stream, atoms: readonly Atom[]): Stream {
  const groups: { step: Step; units: Unit[]; whole: boolean }[] = [];
  for (const { step, unit } of atoms) {
    let group = groups.at(-1);
    if (group?.step !== step) groups.push((group = { step, units: [], whole: false }));
    if (unit === undefined) group.whole = true;
    else group.units.push(unit);
  }
  return { ...stream, steps: groups.map(({ step, units, whole }) => rebuilt(step, units, whole)) };
}

function rebuilt(step: Step, units: Unit[], whole: boolean): Step {
  if (step.kind === "burst" || (step.kind === "farewell" && !whole)) {
    return { kind: "burst", connection: step.connection, units, cuts: step.cuts };
  }
  return step.kind === "farewell" ? { ...step, units } : step;
}
