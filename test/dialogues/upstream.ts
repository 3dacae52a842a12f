/* The tests of beanstalkd's own suite (testserv.c of 1.13), so that it can be counted that each has
 * its dialogue. A case claims the ones that it stands for with `@upstream`.
 */
import type { Case } from "./dialogue.ts";

/** Names as in testserv.c, without `cttest_`. */
const WITH_A_DIALOGUE = `
  unknown_command too_long_commandline put_in_drain peek_ok peek_ok_unix peek_not_found
  peek_bad_format peek_delayed peek_buried_kick touch_bad_format touch_not_found bury_bad_format
  kickjob_bad_format kickjob_buried kickjob_delayed pause underscore 2cmdpacket too_big
  job_size_invalid job_size_max_plus_1 delete_ready delete_reserved_by_other delete_bad_format
  multi_tube negative_delay garbage_priority negative_priority max_priority too_big_priority
  omit_time_left small_delay zero_delay delayed_to_ready statsjob_ck_format stats_tube ttrlarge
  ttr_small reserve_with_timeout_2conns reserve_ttr_deadline_soon reserve_job_ttr_deadline_soon
  reserve_job_already_reserved reserve_job_ready reserve_job_delayed reserve_job_buried
  release_bad_format release_not_found close_releases_job quit_releases_job unpause_tube list_tube
  use_tube_long longest_command
`;

/** Tests that no conversation can show, each with the reason. */
const WITHOUT: Readonly<Record<string, string>> = {
  unix_auto_removal: "about the socket's file at start: unix-socket.test.ts",
  binlog_empty_exit: "needs the journal (-b)",
  binlog_bury: "needs the journal (-b)",
  binlog_basic: "needs the journal (-b)",
  binlog_size_limit: "needs the journal (-b, -s)",
  binlog_allocation: "needs the journal (-b, -s)",
  binlog_read: "needs the journal (-b)",
  binlog_disk_full: "needs the journal (-b, -s) and a disk that is full",
  binlog_disk_full_delete: "needs the journal (-b, -s) and a disk that is full",
  binlog_v5: "reads the log of beanstalkd 1.4.6",
};

/** beanstalkd has this many tests of its server. */
const UPSTREAM_TESTS = 63;

/** What does not add up: tests without a dialogue, names that upstream does not have. */
export function uncounted(cases: readonly Case[]): string[] {
  const wanted = WITH_A_DIALOGUE.trim().split(/\s+/);
  const claimed = new Set(cases.flatMap(({ upstream }) => upstream));
  const missing = wanted.filter((name) => !claimed.has(name)).map((name) => `${name}: no dialogue`);
  const unknown = [...claimed].filter((name) => !wanted.includes(name));
  const total = new Set([...wanted, ...Object.keys(WITHOUT)]).size;
  return [
    ...missing,
    ...unknown.map((name) => `${name}: not a test of upstream, or listed as having no dialogue`),
    ...(total === UPSTREAM_TESTS ? [] : [`${total} tests are listed, not ${UPSTREAM_TESTS}`]),
  ];
}
