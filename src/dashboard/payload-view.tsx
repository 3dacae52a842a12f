/* Payload view: a body or a failure message as text, as laid out JSON, or in hexadecimal; or the
 * error that a message is of, laid out.
 *
 * It begins with what fits the bytes and shows the first part of a long one; the rest comes when it
 * is asked for. Nothing is interpreted: text nodes only (hostile-text.tsx).
 */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { beginningOf, hexRows, isMostlyText, piecesOf, textOf } from "./hostile-bytes.ts";
import { Pieces } from "./hostile-text.tsx";
import { prettyJson } from "./pretty-json.ts";
import type { Token } from "./pretty-json.ts";
import { bytes as size } from "./quantity.ts";

type Way = "error" | "text" | "json" | "hex";

const NAMES: Readonly<Record<Way, string>> = {
  error: "Error",
  text: "Text",
  json: "JSON",
  hex: "Hex",
};
const SHOWN_FIRST_BYTES = 4096;
const narrow = matchMedia("(max-width: 40rem)");

/** Shows the bytes of a user. */
export function PayloadView({
  body,
  error,
  isWhole,
  label,
}: {
  readonly body: Uint8Array<ArrayBuffer>;
  /** What a message of the worker framework says, laid out. */
  readonly error?: Uint8Array<ArrayBuffer> | undefined;
  /** Whether the bytes are all that there are. */
  readonly isWhole: boolean;
  readonly label: string;
}): JSX.Element {
  const tokens = useMemo(() => (isWhole ? tokensOf(body) : null), [body, isWhole]);
  const ways: readonly Way[] = [
    ...(error === undefined ? [] : (["error"] as const)),
    "text",
    ...(tokens === null ? [] : (["json"] as const)),
    "hex",
  ];
  const [chosen, choose] = useState<Way | null>(null);
  const [showsAll, setShowsAll] = useState(false);
  const plain: Way = tokens !== null ? "json" : isMostlyText(body) ? "text" : "hex";
  const fitting: Way = error === undefined ? plain : "error";
  const way = chosen !== null && ways.includes(chosen) ? chosen : fitting;
  const bytes = way === "error" ? (error ?? body) : body;
  const isLong = bytes.length > SHOWN_FIRST_BYTES && way !== "json";
  const shown = isLong && !showsAll ? SHOWN_FIRST_BYTES : bytes.length;
  if (body.length === 0) return <p class="nothing">Empty: 0 bytes.</p>;
  return (
    <div class="payload">
      <div class="segmented" role="group" aria-label={`Show ${label} as`}>
        {ways.map((one) => (
          <button key={one} type="button" aria-pressed={one === way} onClick={() => choose(one)}>
            {NAMES[one]}
          </button>
        ))}
      </div>
      <PayloadText
        way={way}
        tokens={tokens}
        body={bytes}
        shown={shown}
        isWhole={isWhole}
        label={label}
      />
      {isLong && (
        <button type="button" class="show-all" onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? "Show the beginning only" : `Show all ${size(bytes.length)}`}
        </button>
      )}
    </div>
  );
}

function PayloadText({
  way,
  tokens,
  body,
  shown,
  isWhole,
  label,
}: {
  readonly way: Way;
  readonly tokens: readonly Token[] | null;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly shown: number;
  readonly isWhole: boolean;
  readonly label: string;
}): JSX.Element {
  const content = useMemo(() => {
    if (way === "json" && tokens !== null) return <Tokens tokens={tokens} />;
    if (way === "hex") return hexRows(body.subarray(0, shown), narrow.matches ? 8 : 16);
    return <Pieces pieces={piecesOf(beginningOf(body, shown, isWhole || shown < body.length))} />;
  }, [way, tokens, body, shown, isWhole]);
  return (
    // Focusable, since what scrolls must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre class={`payload-text ${way}`} tabIndex={0} aria-label={label}>
      {content}
    </pre>
  );
}

function Tokens({ tokens }: { readonly tokens: readonly Token[] }): JSX.Element {
  const encoder = new TextEncoder();
  return (
    <>
      {tokens.map(({ text, kind }, index) =>
        kind === "mark" ? (
          text
        ) : (
          <span key={index} class={`json-${kind}`}>
            <Pieces pieces={piecesOf(encoder.encode(text))} />
          </span>
        ),
      )}
    </>
  );
}

function tokensOf(body: Uint8Array<ArrayBuffer>): Token[] | null {
  const text = textOf(body);
  return text === null ? null : prettyJson(text);
}
