/* Until: how tests wait for what another process or thread does: they look again and again, or have
 * a promise of it, and give up with a message that says what they waited for.
 */

/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 40_000;
const POLL_MS = 3;

/** Resolves as soon as `isSo` returns true; rejects, with what `tell` adds, when it never does. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  tell: () => string = () => "",
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what} ${tell()}`);
    await pause(POLL_MS);
  }
}

/**
 * Settles as `promised` does; rejects, with what `tell` adds, when that takes longer than so many
 * milliseconds.
 */
export async function within<Value>(
  what: string,
  millis: number,
  promised: Promise<Value>,
  tell: () => string = () => "",
): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`waited in vain until ${what} ${tell()}`)),
    millis,
  );
  try {
    return await Promise.race([promised, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after so many milliseconds. */
export function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
