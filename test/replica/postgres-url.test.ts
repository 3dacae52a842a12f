/*
 * The url of a copy on PostgreSQL, and what the failures of its client mean.
 */
import { expect, test } from "vitest";
import { parsePostgres } from "../../src/storage/postgres-address.ts";
import { failureOf } from "../../src/storage/postgres-link.ts";

test.each([
  ["postgres://ann@db1:5432,db2/jobs?journal=x&sslmode=require", "ann@", "/jobs?sslmode=require"],
  ["postgres://ann:a@b,c@db1:5432,db2/jobs", "ann:a%40b%2Cc@", "/jobs"],
  ["postgres://ann:a/b@db1:5432,db2/jobs", "ann:a%2Fb@", "/jobs"],
  ["postgres://ann:a%40b@db1:5432,db2", "ann:a%40b@", ""],
])("%s is two servers, and no part of who comes is a host", (url, who, rest) => {
  const { servers } = parsePostgres(url);
  expect(servers).toEqual([
    { host: "db1:5432", url: `postgres://${who}db1:5432${rest}` },
    { host: "db2", url: `postgres://${who}db2${rest}` },
  ]);
});

test("a question mark in a password is refused, and not shown", () => {
  const url = "postgres://ann:secret?more@db1/jobs";
  expect(() => parsePostgres(url)).toThrow(expect.objectContaining({ code: "HM_REMOTE_FAILED" }));
  expect(() => parsePostgres(url)).not.toThrow(/secret|more/);
});

test("what the system says of a connection is no word of the server's, however its code looks", () => {
  const broken = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
  expect(failureOf(broken).code).toBe("HM_REMOTE_UNREACHABLE");
  const said = { severity: "FEHLER", code: "42501" };
  expect(failureOf(Object.assign(new Error("no right"), said)).code).toBe("HM_REMOTE_FAILED");
  expect(failureOf(Object.assign(new Error("restart"), said, { code: "57P01" })).code).toBe(
    "HM_REMOTE_UNREACHABLE",
  );
});
