/*
 * Traces: failures as the runtimes of several languages print them, for an exception and its
 * message, at a line of the program.
 */

/** How one kind of program says what went wrong. */
export interface Trace {
  readonly name: string;
  /** The message of a failure, with an exception of this class. */
  readonly say: (kind: string, message: string, line?: number) => string;
  /** The headline of that. */
  readonly headline: (kind: string, message: string) => string;
}

const colon = (kind: string, message: string): string => `${kind}: ${message}`;

export const TRACES: readonly Trace[] = [
  {
    name: "JavaScript",
    headline: colon,
    say: (kind, message, line = 12) => `${kind}: ${message}
    at charge (/srv/app/dist/billing.js:${line}:11)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)
    at async Worker.run (file:///srv/app/dist/worker.js:40:5)`,
  },
  {
    name: "JavaScript that nobody caught",
    headline: colon,
    say: (kind, message, line = 3) => `/srv/app/dist/billing.js:${line}
    throw new ${kind}("no");
    ^

${kind}: ${message}
    at charge (/srv/app/dist/billing.js:${line}:11)
    at Module._compile (node:internal/modules/cjs/loader:1554:14)

Node.js v24.1.0`,
  },
  {
    name: "JavaScript of Firefox",
    headline: colon,
    say: (kind, message, line = 3) =>
      `${kind}: ${message}\ncharge@https://app.example/billing.js:${line}:11\n@https://app.example/main.js:1:1`,
  },
  {
    name: "Python",
    headline: colon,
    say: (kind, message, line = 8) => `Traceback (most recent call last):
  File "/srv/app/worker.py", line ${line}, in run
    handle(job)
    ~~~~~~^^^^^
  File "/srv/app/billing.py", line 31, in handle
    raise ValueError("a decoy")
${kind}: ${message}`,
  },
  {
    name: "Python, chained",
    headline: colon,
    say: (kind, message, line = 8) => `Traceback (most recent call last):
  File "/srv/app/db.py", line ${line}, in get
    return rows[0]
           ~~~~^^^
IndexError: list index out of range

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app/worker.py", line 9, in run
    raise
${kind}: ${message}
`,
  },
  {
    name: "Python without its first lines",
    headline: colon,
    say: (kind, message, line = 8) => `  File "/srv/app/worker.py", line ${line}, in run
    handle(job)
${kind}: ${message}`,
  },
  {
    name: "a group of exceptions of Python",
    headline: colon,
    say: (kind, message, line = 8) => `  + Exception Group Traceback (most recent call last):
  |   File "/srv/app/worker.py", line ${line}, in run
  |     raise ExceptionGroup("several", errors)
  | ExceptionGroup: several (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/app/worker.py", line 4, in one
    |     raise error
    | ${kind}: ${message}
    +------------------------------------`,
  },
  {
    name: "Ruby",
    headline: colon,
    say: (
      kind,
      message,
      line = 5,
    ) => `/srv/app/billing.rb:${line}:in 'Billing#charge': ${message} (${kind})
\tfrom /srv/app/worker.rb:12:in 'block in Worker#run'
\tfrom /srv/app/worker.rb:10:in 'Kernel#loop'`,
  },
  {
    name: "Ruby with the last call last",
    headline: colon,
    say: (kind, message, line = 5) => `Traceback (most recent call last):
\t2: from /srv/app/worker.rb:12:in \`<main>'
\t1: from /srv/app/worker.rb:10:in \`run'
/srv/app/billing.rb:${line}:in \`charge': ${message} (${kind})`,
  },
  {
    name: "Ruby, an exception and its backtrace",
    headline: colon,
    say: (kind, message, line = 5) => `${kind}: ${message}
/srv/app/billing.rb:${line}:in 'Billing#charge'
/srv/app/worker.rb:12:in 'block in Worker#run'`,
  },
  {
    name: "PHP",
    headline: (kind, message) => `${kind}: ${message} in /srv/app/Billing.php:31`,
    say: (kind, message, line = 31) => `${kind}: ${message} in /srv/app/Billing.php:${line}
Stack trace:
#0 /srv/app/Worker.php(12): App\\Billing->charge(Object(App\\Job))
#1 /srv/app/vendor/framework/src/Queue/Worker.php(440): App\\Worker->run()
#2 {main}`,
  },
  {
    name: "PHP that nobody caught",
    headline: (kind, message) => `${kind}: ${message} in /srv/app/Billing.php:31`,
    say: (
      kind,
      message,
      line = 31,
    ) => `PHP Fatal error:  Uncaught ${kind}: ${message} in /srv/app/Billing.php:${line}
Stack trace:
#0 /srv/app/Worker.php(12): App\\Billing->charge()
#1 {main}
  thrown in /srv/app/Billing.php on line ${line}`,
  },
  {
    name: "Java",
    headline: colon,
    say: (kind, message, line = 77) => `Exception in thread "worker-${line}" ${kind}: ${message}
\tat com.example.Billing.charge(Billing.java:${line})
\tat com.example.Worker.run(Worker.java:20)
\tat java.base/java.lang.Thread.run(Thread.java:1583)`,
  },
  {
    name: "Java with causes",
    headline: colon,
    say: (kind, message, line = 77) => `com.example.JobFailed: job failed
\tat com.example.Worker.run(Worker.java:20)
\tSuppressed: java.io.IOException: closed
\t\tat com.example.Pool.close(Pool.java:9)
\tCaused by: java.lang.IllegalStateException: of what was suppressed
\t\t... 3 more
Caused by: java.lang.RuntimeException: charge failed
\tat com.example.Billing.charge(Billing.java:${line})
\t... 1 more
Caused by: ${kind}: ${message}
\tat org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2725)
\t... 12 more`,
  },
  {
    name: ".NET",
    headline: colon,
    say: (kind, message, line = 20) => `Unhandled exception. ${kind}: ${message}
   at Example.Billing.Charge(Job job) in /src/Billing.cs:line ${line}
   at Example.Worker.RunAsync(CancellationToken token) in /src/Worker.cs:line 7`,
  },
  {
    name: ".NET with an inner exception",
    headline: colon,
    say: (kind, message, line = 20) => `System.AggregateException: One or more errors occurred.
 ---> Example.JobFailed: job failed
 ---> ${kind}: ${message}
   at Example.Billing.Charge(Job job) in /src/Billing.cs:line ${line}
   --- End of inner exception stack trace ---
   at Example.Worker.Run() in /src/Worker.cs:line 7`,
  },
  {
    name: ".NET with an inner exception in one line",
    headline: colon,
    say: (kind, message, line = 20) => `System.Exception: job failed ---> ${kind}: ${message}
   at Example.Billing.Charge(Job job) in C:\\src\\Billing.cs:line ${line}
   --- End of inner exception stack trace ---
   at Example.Worker.Run() in C:\\src\\Worker.cs:line 7`,
  },
  {
    name: "Go",
    headline: (kind, message) => `panic: ${kind}: ${message}`,
    say: (kind, message, line = 8) => `panic: ${kind}: ${message}

goroutine ${line} [running]:
main.charge(...)
\t/srv/app/billing.go:${line}
main.main()
\t/srv/app/main.go:9 +0x1d
exit status 2`,
  },
  {
    name: "Go, caught",
    headline: (kind, message) => `panic: ${kind}: ${message}`,
    say: (kind, message, line = 8) => `2024/03/01 10:00:${line} job failed
panic: ${kind}: ${message} [recovered]
\tpanic: again

goroutine ${line} [running]:
main.main()
\t/srv/app/main.go:9 +0x1d`,
  },
  {
    name: "Rust",
    headline: (kind, message) => `panicked: ${kind}: ${message}`,
    say: (kind, message, line = 4) => `thread 'main' panicked at src/billing.rs:${line}:5:
${kind}: ${message}
stack backtrace:
   0: std::panicking::begin_panic
   1: worker::main
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace`,
  },
  {
    name: "Rust of old",
    headline: (kind, message) => `panicked: ${kind}: ${message}`,
    say: (kind, message, line = 4) =>
      `thread 'worker' panicked at '${kind}: ${message}', src/billing.rs:${line}:5
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace`,
  },
  {
    name: "Rust, anyhow",
    headline: colon,
    say: (kind, message, line = 4) => `Error: job ${line} failed

Caused by:
    0: charge failed
    1: ${kind}: ${message}`,
  },
  {
    name: "Perl",
    headline: (kind, message) => `${kind}: ${message} at /srv/app/billing.pl line 4.`,
    say: (kind, message, line = 4) => `${kind}: ${message} at /srv/app/billing.pl line ${line}.
\tmain::charge('HASH(0x55d0c8a3e2a0)') called at /srv/app/worker.pl line 9`,
  },
  {
    name: "Elixir",
    headline: (kind, message) => `** (${kind}) ${message}`,
    say: (kind, message, line = 4) => `** (${kind}) ${message}
    (app 0.1.0) lib/app/billing.ex:${line}: App.Billing.charge/1
    (elixir 1.18.3) lib/enum.ex:987: Enum."-each/2-lists^foreach/1-0-"/2`,
  },
  {
    name: "JSON",
    headline: colon,
    say: (kind, message, line = 4) =>
      JSON.stringify({ at: line, error: { message, type: kind }, level: "error" }),
  },
  {
    name: "JSON with a trace in it",
    headline: colon,
    say: (kind, message, line = 4) =>
      JSON.stringify({
        error: `${kind}: ${message}\n    at charge (/srv/app/billing.js:${line}:11)`,
      }),
  },
  { name: "a line", headline: colon, say: (kind, message) => `${kind}: ${message}` },
];
