import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { CopyButton } from "@/design/CopyButton";
import { Icon } from "@/design/icons";
import { prettyJson } from "@/formats/json";
import { exact } from "@/formats/numbers";
import { withoutAnsi } from "@/text/ansi";
import { Fold } from "@/text/Fold";
import { Plain } from "@/text/Plain";
import { Prose } from "@/text/Prose";
import { CallFacts, useRecord } from "./CallFacts";
import { CopyCode } from "./CopyCode";
import type { Call } from "./reply";
import type { Answer } from "./useAnswer";
import type { Piece } from "./words";

type Props = { answer: Answer; name: string; marked: Piece[] | null; onGoOn: () => void };

/** What a model answered, as it comes, and what the call took. */
export function AnswerView({ answer, name, marked, onGoOn }: Props): ReactNode {
  const { reply, state } = answer;
  const isAsking = state === "asking";
  return (
    <section className="try-answer" aria-label={`Answer of ${name}`} aria-busy={isAsking}>
      <p className="sr-only" role="status">
        {isAsking ? `${name} is answering` : `${name}: ${WORDS[state]}`}
      </p>
      {answer.head?.isHit ? <span className="badge">From the cache</span> : null}
      <Reasoning text={reply.reasoning} />
      {marked ? <Words pieces={marked} /> : <Said text={reply.text} isGrowing={isAsking} />}
      {reply.calls.map((call, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: calls of one answer never reorder.
        <ToolCall key={at} call={call} />
      ))}
      {isAsking && isEmpty(answer) ? <div className="skeleton try-waiting" aria-hidden="true" /> : null}
      <Ending answer={answer} />
      <CallFacts answer={answer} />
      {isAsking ? null : <After answer={answer} name={name} onGoOn={onGoOn} />}
    </section>
  );
}

function isEmpty({ reply }: Answer): boolean {
  return reply.text === "" && reply.calls.length === 0 && reply.reasoning === "";
}

function Reasoning({ text }: { text: string }): ReactNode {
  if (text === "") return null;
  return (
    <details className="try-reasoning">
      <summary>
        <Icon name="brain" size={14} /> Reasoning <span className="quiet num">{exact(text.length)} characters</span>
      </summary>
      <Fold text={withoutAnsi(text)} isOpen={false}>
        {(shown) => <div className="plain">{shown}</div>}
      </Fold>
    </details>
  );
}

/** How it ended, where that is not simply with the last word. */
function Ending({ answer }: { answer: Answer }): ReactNode {
  const { error, state, reply } = answer;
  if (error !== null)
    return (
      <div className="try-error" role="alert">
        <Icon name="warn" size={14} />
        <div>
          <strong>{failed(answer)}</strong>
          <p>{withoutAnsi(error)}</p>
        </div>
      </div>
    );
  if (state === "stopped") return <p className="quiet">Stopped. The provider was told to stop too.</p>;
  if (state !== "done") return null;
  if (isEmpty(answer)) return <p className="quiet">The answer is empty.</p>;
  return reply.finish === "length" ? <p className="tone-warn">Cut off: the limit of tokens was reached.</p> : null;
}

function After({ answer, name, onGoOn }: { answer: Answer; name: string; onGoOn: () => void }): ReactNode {
  const { head, reply } = answer;
  const isRecorded = useRecord(answer).data !== undefined;
  return (
    <div className="form-row try-after">
      {answer.state === "done" && !isEmpty(answer) ? (
        <button type="button" className="button" onClick={onGoOn}>
          Go on from this answer
        </button>
      ) : null}
      {reply.text === "" ? null : (
        <CopyButton text={reply.text} label={`Copy the answer of ${name}`}>
          Copy
        </CopyButton>
      )}
      <CopyCode body={answer.body} />
      {head && isRecorded ? (
        <Link
          to="/runs/$runId"
          params={{ runId: head.run ?? answer.run }}
          search={(current) => ({ project: current.project })}
          className="detail-link"
        >
          Recorded run <Icon name="arrow" size={12} />
        </Link>
      ) : null}
    </div>
  );
}

const WORDS = { asking: "", done: "the answer is complete", stopped: "stopped", failed: "no whole answer" };

function failed({ head, reply }: Answer): string {
  if (head === null) return "No answer";
  if (head.status < 400)
    return reply.text === "" ? "The answer broke off before it began" : "The answer broke off here";
  return `Refused with status ${head.status}`;
}

/** While it grows only its end is drawn, so that a very long answer does not slow the page down. */
const GROWING = 20_000;
/** A longer text is shown as it is: nobody reads so much markup. */
const LONGEST_PROSE = 100_000;

function Said({ text: raw, isGrowing }: { text: string; isGrowing: boolean }): ReactNode {
  const text = useMemo(() => withoutAnsi(raw), [raw]);
  if (text === "") return null;
  if (isGrowing) {
    const hidden = Math.max(0, text.length - GROWING);
    return (
      <div className="try-growing">
        {hidden > 0 ? <p className="quiet">{exact(hidden)} characters before this are shown at the end.</p> : null}
        {hidden > 0 ? text.slice(hidden) : text}
      </div>
    );
  }
  const isPlain = text.length > LONGEST_PROSE || prettyJson(text) !== null;
  return (
    <Fold text={text} isOpen={false}>
      {(shown) => (isPlain ? <Plain text={shown} /> : <Prose text={shown} />)}
    </Fold>
  );
}

function ToolCall({ call }: { call: Call }): ReactNode {
  return (
    <div className="try-tool">
      <p>
        <Icon name="tool" size={14} /> <strong className="tool-name">{call.name || "unnamed"}</strong>{" "}
        <code className="quiet">{call.id}</code>
      </p>
      <Fold text={call.arguments} isOpen={false}>
        {(shown) => <Plain text={shown} />}
      </Fold>
    </div>
  );
}

function Words({ pieces }: { pieces: Piece[] }): ReactNode {
  return (
    <div className="try-growing">
      {pieces.map(({ kind, text }, at) =>
        kind === "same" ? (
          text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text never reorder.
          <mark key={at} className="try-only">
            {text}
          </mark>
        ),
      )}
    </div>
  );
}
