/* WorkError: workers cannot be started as they were asked for. Its message is one line for the
 * user; thrown and caught in this folder.
 */

/** Something in a module, a configuration or their combination is wrong. */
export class WorkError extends Error {
  override readonly name = "WorkError";
  readonly code = "HM_WORK";
}
