/* Replay: random tests whose failures say with which seed they came, and how to run them again. */

/** The seed that SEED names; another one each time if it names none. */
export function seedHere(): number {
  return Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
}

/** Runs what depends on the seed; whatever it fails with says how to play it again. */
export async function replayable(
  seed: number,
  file: string,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    const project = file.includes(".long.") ? "long" : "quick";
    const replay = `SEED=${seed} npx vitest run --project ${project} ${file}`;
    throw new Error(`${String(error)}\n${replay}`, { cause: error });
  }
}
