/* Schedule panel: when a schedule is due and what it has enqueued. Part of the page of the job that
 * it is kept as.
 */
import type { JSX } from "preact";
import { piecesInOneLine } from "./hostile-bytes.ts";
import { Pieces } from "./hostile-text.tsx";
import { Moment, TubeLink } from "./parts.tsx";
import type { Schedule } from "./schedule.ts";

/** The panel. */
export function SchedulePanel({ schedule }: { readonly schedule: Schedule }): JSX.Element {
  const { name, when, nextAt, tube, overlap, missed } = schedule;
  return (
    <section class="panel schedule-panel">
      <h2>
        Schedule <Text text={name} />
      </h2>
      <dl class="inline-facts">
        <Fact name="when">
          <Text text={when} />
        </Fact>
        <Fact name="next">
          <Moment atSeconds={nextAt} />
        </Fact>
        {tube !== "" && (
          <Fact name="its runs go to">
            <TubeLink name={tube} state="ready" />
          </Fact>
        )}
        <Fact name="while one is there">
          <Text text={overlap} />
        </Fact>
        <Fact name="missed">
          <Text text={missed} />
        </Fact>
      </dl>
    </section>
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: JSX.Element;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Text({ text }: { readonly text: string }): JSX.Element {
  return <Pieces pieces={piecesInOneLine(new TextEncoder().encode(text))} />;
}
