/* The real beanstalkd as a target.
 */
import { startBeanstalkd } from "../../support/beanstalkd.ts";
import type { Target } from "../stage.ts";
import { ProcessTarget } from "./processes.ts";

/** The real beanstalkd over TCP, many of them at once: they cost next to nothing. */
export function beanstalkdTarget(): Target {
  return new ProcessTarget({
    title: "beanstalkd 1.12",
    server: "beanstalkd",
    processes: 16,
    start: ({ maxJobSize }) =>
      startBeanstalkd({ flags: maxJobSize === undefined ? [] : ["-z", String(maxJobSize)] }),
  });
}
