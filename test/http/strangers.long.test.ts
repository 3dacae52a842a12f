/* Strangers, on the other runtimes. */
import { OTHER_RUNTIMES } from "../support/runtimes.ts";
import { faceStrangers } from "./strangers.ts";

for (const name of OTHER_RUNTIMES) faceStrangers(name);
