/* Errors of the file system are told apart by number, since runtimes have no name for some. */
import { constants } from "node:os";
import { expect, test } from "vitest";
import { lacksSpace } from "../../src/storage.ts";
import { storageErrorOf } from "../../src/storage/node-fs.ts";

/** What node:fs throws for an error that it calls by that name. */
function systemError(errno: number, code: string): Error {
  return Object.assign(new Error(`${code}: write`), { errno: -errno, code, syscall: "write" });
}

const { ENOSPC, EDQUOT, EFBIG, EROFS, EIO } = constants.errno;

test.for([
  [ENOSPC, "ENOSPC", "HM_STORAGE_FULL", "f: ENOSPC: no space left on device"],
  [EDQUOT, "Unknown system error -122", "HM_STORAGE_FULL", "f: EDQUOT: disk quota exceeded"],
  [EDQUOT, "UNKNOWN", "HM_STORAGE_FULL", "f: EDQUOT: disk quota exceeded"],
  [EDQUOT, "EDQUOT", "HM_STORAGE_FULL", "f: EDQUOT: disk quota exceeded"],
  [EFBIG, "EFBIG", "HM_STORAGE_FULL", "f: EFBIG: file too large"],
  [EROFS, "EROFS", "HM_STORAGE_READ_ONLY", "f: EROFS: read-only file system"],
  [EIO, "EIO", "HM_STORAGE_FAILED", "f: EIO: write"],
] as const)("errno %i, which is called %s here, is %s", ([errno, code, failure, message]) => {
  const error = storageErrorOf("f", systemError(errno, code));
  expect([error.code, error.message]).toEqual([failure, message]);
  expect(lacksSpace(error)).toBe(failure === "HM_STORAGE_FULL");
});
