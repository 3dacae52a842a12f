/* The control module: work on text that must come out the same on every runtime.
 *
 * Bound by as-bind, with a memory of its own that is not shared; src/text/control.ts is its only
 * caller. Managed objects are fine here: nothing is collected during a call, the caller collects
 * between calls. Long text is put together in one buffer, so that a call leaves little behind.
 */
export { yamlDictionary, yamlList } from "./yaml";
export { formatDuration, formatSize, parseDuration, parseSize } from "./units";
