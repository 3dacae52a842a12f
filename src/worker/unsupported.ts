/* Unsupported: how a back end says that it lacks something. Used by those that lack much. */
import { UnsupportedError } from "./errors.ts";

/** Rejects with an UnsupportedError. */
export function unsupported(backend: string, lack: string): Promise<never> {
  return Promise.reject(new UnsupportedError(`${backend}: this back end has no ${lack}`));
}
