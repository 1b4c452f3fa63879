import { type MouseEvent, memo, type ReactNode } from "react";
import type { Look } from "@/agents/looks";
import type { Turn } from "@/api/types";
import { exact } from "@/formats/numbers";
import { MarkQuotes } from "@/text/Marked";
import { Findings } from "../findings/Findings";
import { useQuotes } from "../findings/useQuotes";
import { Ending } from "./Ending";
import { Handoff } from "./Handoff";
import { Message } from "./Message";
import type { Row } from "./rows";
import { ToolTurn } from "./ToolTurn";
import { TurnHeading } from "./TurnHeading";

type Props = {
  row: Row;
  turn: Turn | undefined;
  owner: Look;
  height: number;
  isSelected: boolean;
  isOpen: boolean;
  onToggle: (index: number) => void;
  onSelect: (index: number) => void;
};

/** One turn in the transcript, in the form that its act asks for. */
export const TurnRow = memo(function TurnRow(props: Props): ReactNode {
  const { row, turn, owner, height, isSelected, onSelect } = props;
  const quotes = useQuotes(row.index);
  if (!turn)
    return (
      <div className="turn turn-pending skeleton" style={{ height: Math.max(24, height - 12) }} aria-hidden="true" />
    );

  function onClick(event: MouseEvent): void {
    const isOnControl = (event.target as Element).closest("a, button, summary, input") !== null;
    if (!isOnControl && getSelection()?.isCollapsed !== false) onSelect(row.index);
  }
  const classes = [
    "turn",
    `turn-${turn.act}`,
    owner.className,
    row.isFirst ? "is-first" : "",
    isSelected ? "is-selected" : "",
    turn.is_error ? "is-error" : "",
  ];
  return (
    // The pointer's shortcut for what the turn's number, a button, does for everyone.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above.
    <article
      className={classes.join(" ")}
      aria-label={`Turn ${row.index}, ${owner.name}`}
      aria-current={isSelected || undefined}
      onClick={onClick}
    >
      <button type="button" className="turn-index num" title="Select this turn" onClick={() => onSelect(row.index)}>
        {exact(row.index)}
      </button>
      <div className="turn-body">
        {row.isFirst ? <TurnHeading turn={turn} owner={owner} /> : null}
        <MarkQuotes value={quotes}>
          <Body {...props} turn={turn} />
        </MarkQuotes>
        <Findings turn={row.index} />
      </div>
    </article>
  );
});

function Body({ turn, owner, isOpen, onToggle }: Props & { turn: Turn }): ReactNode {
  switch (turn.act) {
    case "tool_call":
    case "tool_result":
      return <ToolTurn turn={turn} owner={owner} isOpen={isOpen} onToggle={() => onToggle(turn.index)} />;
    case "handoff":
      return <Handoff turn={turn} from={owner} isOpen={isOpen} />;
    case "ending":
      return <Ending turn={turn} isOpen={isOpen} />;
    default:
      return <Message turn={turn} isOpen={isOpen} />;
  }
}
