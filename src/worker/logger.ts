/* Logger: who is told what an operator should know; pino's loggers are such: an
 * error is the field `err`. Without one nobody is.
 */

/** Takes lines with fields. */
export interface Logger {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
  /** One whose lines have these fields too. */
  child?(fields: Readonly<Record<string, unknown>>): Logger;
}
