/* Isolated jobs: definitions of jobs whose handlers run in threads and processes. */
import { bury, defineJob, retry, unchecked } from "../../src/worker/public.ts";

const once = { onFailure: bury() } as const;
const twice = { onFailure: retry({ attempts: 2, backoff: () => 0 }) } as const;

/** Gives back twice the number, and says where it was run. */
export const double = defineJob("double", {
  payload: unchecked<number>(),
  result: unchecked<{ readonly doubled: number; readonly where: string }>(),
});

/** Throws as it is told: an error with a cause, or a class that says what becomes of the job. */
export const thrower = defineJob("thrower", { payload: unchecked<string>(), ...twice });

/** Uses all of its context. */
export const talker = defineJob("talker", {
  payload: unchecked<number>(),
  result: unchecked<string>(),
  key: (number) => `key-${number}`,
  ...once,
});

/** Ends its thread or process in the way that it is told, at its first attempt. */
export const killer = defineJob("killer", {
  payload: unchecked<"exit" | "throw" | "reject" | "memory" | "abort" | "unready">(),
  result: unchecked<number>(),
  ...twice,
});

/** Goes on, whatever it is told: in its loop, or blocking it; or stops when it is told to. */
export const endless = defineJob("endless", {
  payload: unchecked<"idle" | "busy" | "minds">(),
  timeout: "700ms",
  ...once,
});

/** The same without a time-out. */
export const long = defineJob("long", { payload: unchecked<"idle" | "minds">(), ...once });

/** How often the state of its thread was used. */
export const counter = defineJob("counter", {
  payload: unchecked<"count" | "reinitialise">(),
  result: unchecked<number>(),
  ...once,
});

/** Throws the one of that number of what cannot be read. */
export const unreadable = defineJob("unreadable", { payload: unchecked<number>(), ...once });

/** Posts to its worker what is no message of ours, and logs what is no fields. */
export const stray = defineJob("stray", {
  payload: unchecked<null>(),
  result: unchecked<string>(),
  ...once,
});

/** Says in which process it is, and goes on for ever. */
export const orphan = defineJob("orphan", { payload: unchecked<null>(), ...once });
