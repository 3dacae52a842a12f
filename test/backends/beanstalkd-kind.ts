/* A plain beanstalkd, as a kind of back end. */
import { plainCapabilities } from "../../src/worker/plain-backend.ts";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { serverBed } from "./beds.ts";
import type { Kind } from "./beds.ts";

export const BEANSTALKD: Kind = {
  name: "beanstalkd",
  can: plainCapabilities(false),
  isVirtual: false,
  soonMillis: 1000,
  open: () => serverBed(() => startBeanstalkd()),
};
