/* Makes a stream that shows a mismatch as short as it can within a bounded time (delta debugging).
 *
 * What can be left out is a unit of a burst or farewell, or a whole step of another kind. First
 * large chunks are left out, then smaller ones; whatever does not make the mismatch go away stays
 * out, and so does what comes after the mismatch.
 */
import type { Step, Stream } from "./stream.ts";
import type { Unit } from "./unit.ts";

/** The place of the first difference: the index of a step. Nothing after it matters. */
interface Place {
  readonly step: number;
}

/** How long to look, and what to be content with. */
interface Limits {
  readonly budgetMs: number;
  readonly isShortEnough: (shorter: Stream) => boolean;
}

/**
 * Shortens the stream, whose mismatch is at `first`, as long as `findIn` finds one in a shorter
 * stream, it is not yet short enough, and there is time. Returns the shortest failing stream found.
 */
export async function shrink(
  stream: Stream,
  first: Place,
  findIn: (shorter: Stream) => Promise<Place | undefined>,
  { budgetMs, isShortEnough }: Limits,
): Promise<Stream> {
  const giveUpAt = performance.now() + budgetMs;
  let atoms = upTo(first, atomsOf(stream));
  let chunk = Math.ceil(atoms.length / 2);
  while (atoms.length > 1) {
    let shorter = false;
    for (let end = atoms.length; end > 0; end -= chunk) {
      if (isShortEnough(assemble(stream, atoms)) || performance.now() > giveUpAt) {
        return assemble(stream, atoms);
      }
      const rest = [...atoms.slice(0, Math.max(0, end - chunk)), ...atoms.slice(end)];
      const place = rest.length === 0 ? undefined : await findIn(assemble(stream, rest));
      if (place === undefined) continue;
      atoms = upTo(place, rest);
      end = Math.min(end, atoms.length + chunk);
      shorter = true;
    }
    if (chunk === 1 && !shorter) break;
    chunk = shorter ? Math.min(chunk, atoms.length) : Math.ceil(chunk / 2);
  }
  return assemble(stream, atoms);
}

/** The atoms without those of later steps of the stream that they make. */
function upTo({ step: last }: Place, atoms: readonly Atom[]): Atom[] {
  const kept = new Set([...new Set(atoms.map(({ step }) => step))].slice(0, last + 1));
  return atoms.filter(({ step }) => kept.has(step));
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
