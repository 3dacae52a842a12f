/*
 * What every back end promises, and what each says that it can do besides: the kinds that keep jobs
 * with Homemaker's own engine.
 */
import { KINDS } from "./beds.ts";
import { backendSuite } from "./suite.ts";

for (const kind of KINDS) backendSuite(kind);
