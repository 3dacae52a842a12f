/* Suite: the client's tests (test/client), with a real server over WebSockets. */
import files from "virtual:tests/client";
import { runTestFiles } from "./test-files.ts";

runTestFiles("client", files);
