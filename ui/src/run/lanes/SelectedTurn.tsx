import { type ReactNode, useState } from "react";
import { MarkText } from "@/text/Marked";
import { TurnRow } from "../chat/TurnRow";
import { useRun } from "../RunContext";
import { useTurn } from "../useTurns";
import "../chat/chat.css";

/** What the selected turn says, under the lanes. */
export function SelectedTurn(): ReactNode {
  const { outline, lookAt, turn, find, select } = useRun();
  const [isFolded, setIsFolded] = useState(false);
  const said = useTurn(turn);
  if (turn === null) return <p className="lanes-hint">Choose a turn to read it here: a click, or j and k.</p>;
  const owner = outline.speaker[turn] ?? 0;
  const act = outline.acts[outline.act[turn] ?? 0] ?? "message";
  return (
    <MarkText value={find}>
      <section className="lanes-turn" aria-label="The selected turn">
        <TurnRow
          key={turn}
          row={{ index: turn, owner, isFirst: true, act }}
          turn={said}
          owner={lookAt(owner)}
          height={80}
          isSelected={false}
          isOpen={!isFolded}
          onToggle={() => setIsFolded(!isFolded)}
          onSelect={(index) => select({ turn: index })}
        />
      </section>
    </MarkText>
  );
}
