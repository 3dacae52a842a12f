/* When there: goes on with a value that mostly is there already: most schemas take no time, and a
 * promise a job does.
 */

/** What `make` makes of it: at once where it can be. */
export function whenThere<From, To>(
  value: From | Promise<From>,
  make: (value: From) => To,
): To | Promise<To> {
  return value instanceof Promise ? value.then(make) : make(value);
}
