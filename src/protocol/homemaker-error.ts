/* HomemakerError: what every error has that a user of the client is given: a code that programs can
 * rely on. Messages are for people and may change.
 */

/** An error of Homemaker's client; `code` says which. */
export abstract class HomemakerError extends Error {
  /** HM_ and a word or some; the same in every version. */
  abstract readonly code: string;
}
