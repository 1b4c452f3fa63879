import type { ReactNode } from "react";
import { type Look, lookOf } from "@/agents/looks";
import type { Turn } from "@/api/types";
import { Icon } from "@/design/icons";
import { argumentsLine, firstLine } from "@/formats/json";
import { between, duration } from "@/formats/time";
import { withoutAnsi } from "@/text/ansi";
import { Fold } from "@/text/Fold";
import { Marked } from "@/text/Marked";
import { Plain } from "@/text/Plain";
import { Prose } from "@/text/Prose";
import { useRun } from "../RunContext";
import { Reasoning } from "./Message";

/** Up to this long an answer is shown whole: folding it would save no room. */
const SHORT = 240;
/** The first line is looked for in so much. */
const MOST_PREVIEWED = 4000;

type Props = { turn: Turn; owner: Look; isOpen: boolean; onToggle: () => void };

/** A tool's call or its answer, as one line that unfolds. */
export function ToolTurn({ turn, owner, isOpen, onToggle }: Props): ReactNode {
  return turn.act === "tool_call" ? (
    <ToolCall turn={turn} isOpen={isOpen} onToggle={onToggle} />
  ) : (
    <ToolResult turn={turn} owner={owner} isOpen={isOpen} onToggle={onToggle} />
  );
}

function ToolCall({ turn, isOpen, onToggle }: Omit<Props, "owner">): ReactNode {
  const took = between(turn.start, turn.end);
  return (
    <>
      {turn.reasoning ? <Reasoning text={turn.reasoning} isOpen={false} /> : null}
      {turn.text.trim() ? (
        <Fold text={turn.text} isOpen={false}>
          {(text) => <Prose text={text} />}
        </Fold>
      ) : null}
      <div className="tool">
        <button type="button" className="tool-line" aria-expanded={isOpen} onClick={onToggle}>
          <Icon name="chevron" size={12} />
          <Icon name="tool" size={13} />
          <span className="tool-name">{turn.tool_name ?? "tool"}</span>
          {isOpen ? null : (
            <code className="tool-preview truncate">
              <Marked text={argumentsLine(turn.tool_arguments)} />
            </code>
          )}
          {took !== null && took > 0 ? <span className="tool-took num">{duration(took)}</span> : null}
        </button>
        {isOpen ? (
          <div className="tool-whole">
            <Plain text={turn.tool_arguments ?? "(no arguments)"} />
          </div>
        ) : null}
      </div>
    </>
  );
}

function ToolResult({ turn, owner, isOpen, onToggle }: Props): ReactNode {
  const isShort = turn.text.length <= SHORT && !turn.text.trim().includes("\n");
  const showsWhole = isOpen && !isShort;
  return (
    <div className={turn.is_error ? "tool result is-bad" : "tool result"}>
      <button type="button" className="tool-line" aria-expanded={isOpen} onClick={onToggle} disabled={isShort}>
        <span className="result-mark">
          {isShort && !turn.is_error ? (
            "↳"
          ) : (
            <Icon name={turn.is_error ? "warn" : isOpen ? "down" : "chevron"} size={12} />
          )}
        </span>
        <ResultSource turn={turn} owner={owner} />
        {showsWhole ? null : <ResultPreview text={turn.text} isWhole={isShort} />}
        {isShort ? null : <span className="tool-took num">{turn.text.split("\n").length} lines</span>}
      </button>
      {showsWhole ? (
        <div className="tool-whole">
          <Fold text={turn.text} isOpen={false}>
            {(text) => <Plain text={text} />}
          </Fold>
        </div>
      ) : null}
    </div>
  );
}

function ResultSource({ turn, owner }: { turn: Turn; owner: Look }): ReactNode {
  const speaker = lookOf(useRun().looks, turn.speaker);
  const isNamed = speaker.id !== owner.id && speaker.name !== turn.tool_name;
  return (
    <span className="tool-from">
      {turn.is_error ? "Error" : "Result"}
      {isNamed ? <span className="quiet"> from {speaker.name}</span> : null}
    </span>
  );
}

function ResultPreview({ text: raw, isWhole }: { text: string; isWhole: boolean }): ReactNode {
  const text = withoutAnsi(isWhole ? raw : raw.slice(0, MOST_PREVIEWED));
  return (
    <code className={isWhole ? "tool-preview whole" : "tool-preview truncate"}>
      <Marked text={isWhole ? text.trim() || "(empty)" : firstLine(text)} />
    </code>
  );
}
