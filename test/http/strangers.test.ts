/* Strangers, on the runtime that most users have. */
import { faceStrangers } from "./strangers.ts";

faceStrangers("node");
