/*
 * Tube actions: pause, kick and, in a menu, limits and flush; each asked for first and said
 * afterwards.
 */
import type { ComponentChildren, JSX } from "preact";
import type {
  FlushAnswer,
  KickAnswer,
  KickRequest,
  PauseRequest,
  SettingsRequest,
  Tube,
  TubeDetails,
} from "../http/api-tubes.ts";
import { Menu } from "./menu.tsx";
import { answerOf, attempt, tell, troubleOf } from "./notices.tsx";
import { askNumber, askTexts, confirm } from "./question.tsx";
import { count, counted, duration } from "./quantity.ts";
import { apiName, get, post } from "./server-api.ts";

const LONGEST_PAUSE_SECONDS = 4_294_967_295;
const MOST_KICKED = 4_294_967_295;

/** The buttons of a tube; `after` is called when one did something. */
export function TubeActions({
  tube,
  after,
}: {
  readonly tube: Tube;
  readonly after: () => void;
}): JSX.Element {
  const held = tube.buried + kickableDelayed(tube);
  const flushable = jobsOf(tube);
  const run = (action: (tube: Tube) => Promise<boolean>) => (): void => {
    void action(tube).then((did) => (did ? after() : undefined));
  };
  return (
    <span class="button-row">
      {tube.pauseLeftSeconds > 0 ? (
        <button type="button" aria-label={`Resume ${tube.name}`} onClick={run(resume)}>
          Resume
        </button>
      ) : (
        <button type="button" aria-label={`Pause ${tube.name}`} onClick={run(pause)}>
          Pause…
        </button>
      )}
      <button
        type="button"
        aria-label={`Kick jobs of ${tube.name}`}
        disabled={held === 0}
        onClick={run(kick)}
      >
        Kick…
      </button>
      <Menu
        label={`More for ${tube.name}`}
        choices={[
          { label: "Limits…", act: run(setLimits) },
          {
            label: `Flush ${counted(flushable, "job")}…`,
            isDestructive: true,
            isOff: flushable === 0,
            act: run(flush),
          },
        ]}
      />
    </span>
  );
}

function jobsOf({ ready, reserved, delayed, buried }: Tube): number {
  return ready + reserved + delayed + buried;
}

/** Delayed jobs that a kick takes: it passes over those that wait for a group. */
function kickableDelayed({ delayed, waitingForGroup }: Tube): number {
  return delayed - waitingForGroup;
}

function actionPath(tube: Tube, action: string): string {
  return `tubes/${apiName(tube.name)}/${action}`;
}

async function pause(tube: Tube): Promise<boolean> {
  const seconds = await askNumber({
    title: `Pause ${tube.name}`,
    text: "No worker gets a job of this tube while it is paused. Jobs can still be put.",
    action: "Pause",
    number: { label: "Seconds", preset: 60, least: 1, most: LONGEST_PAUSE_SECONDS },
  });
  if (seconds === null) return false;
  const request: PauseRequest = { seconds };
  return attempt(
    post(actionPath(tube, "pause"), request),
    () => `${tube.name} is paused for ${duration(seconds)}.`,
  );
}

async function resume(tube: Tube): Promise<boolean> {
  const request: PauseRequest = { seconds: 0 };
  return attempt(post(actionPath(tube, "pause"), request), () => `${tube.name} goes on.`);
}

async function kick(tube: Tube): Promise<boolean> {
  const kicked = tube.buried > 0 ? "buried" : "delayed";
  const most = tube.buried > 0 ? tube.buried : kickableDelayed(tube);
  const number = await askNumber({
    title: `Kick jobs of ${tube.name}`,
    text: (
      <p>
        The tube has {counted(most, `${kicked} job`)}. Kicked jobs are ready at once, the oldest
        first.
        {kicked === "delayed" && " Delayed jobs are kicked because none is buried."}
      </p>
    ),
    action: "Kick",
    number: { label: "How many at most", preset: most, least: 1, most: MOST_KICKED },
  });
  if (number === null) return false;
  const request: KickRequest = { count: number };
  return attempt(
    post<KickAnswer>(actionPath(tube, "kick"), request),
    (answer) => `${counted(answer.kicked, "job")} of ${tube.name} kicked.`,
  );
}

async function setLimits({ name }: Tube): Promise<boolean> {
  const path = `tubes/${apiName(name)}`;
  const now = await answerOf(get<TubeDetails>(path));
  if (now === null) return false;
  const texts = await askTexts(
    {
      title: `Limits of ${name}`,
      text: "They stay when the server is started anew. An empty field takes a limit away.",
      action: "Set",
    },
    now.settings.map((one) => ({
      label: one.name,
      form: one.form,
      help: withCode(one.summary),
      preset: one.value,
      isGood: (text) => !/\s/.test(text),
    })),
    (given) => {
      const settings = Object.fromEntries(
        now.settings.map((one, at) => [one.name, given[at] ?? ""]),
      );
      return troubleOf(post(`${path}/settings`, { settings } satisfies SettingsRequest));
    },
  );
  if (texts === null) return false;
  tell(`The limits of ${name} are set.`);
  return true;
}

/** A text in which backticks stand around what is code. */
function withCode(text: string): ComponentChildren {
  return text.split("`").map((part, at) => (at % 2 === 0 ? part : <code key={at}>{part}</code>));
}

async function flush(tube: Tube): Promise<boolean> {
  const lost = jobsOf(tube);
  const isSure = await confirm({
    title: `Flush ${tube.name}`,
    text: (
      <>
        <p>
          This deletes <strong>{counted(lost, "job")}</strong> for good: {count(tube.ready)} ready,{" "}
          {count(tube.reserved)} reserved, {count(tube.delayed)} delayed, {count(tube.buried)}{" "}
          buried.
        </p>
        <p>
          {tube.reserved === 0
            ? "No job of it is reserved."
            : `${counted(tube.reserved, "reserved job")} will be taken from the workers.`}
        </p>
      </>
    ),
    action: `Delete ${counted(lost, "job")}`,
    isDestructive: true,
  });
  if (!isSure) return false;
  return attempt(
    post<FlushAnswer>(actionPath(tube, "flush")),
    (answer) => `${counted(answer.flushed, "job")} of ${tube.name} deleted.`,
  );
}
