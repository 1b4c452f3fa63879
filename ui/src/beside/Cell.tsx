import { type ReactNode, useState } from "react";
import { TurnRow } from "@/run/chat/TurnRow";
import { useRun } from "@/run/RunContext";
import { useTurn } from "@/run/useTurns";

/** One turn of the run that it stands in, as the chat shows it. */
export function Cell({ index }: { index: number }): ReactNode {
  const { outline, lookAt, select } = useRun();
  const [isOpen, setIsOpen] = useState(false);
  const turn = useTurn(index);
  const owner = outline.speaker[index] ?? 0;
  const act = outline.acts[outline.act[index] ?? 0] ?? "message";
  return (
    <div className="beside-cell">
      <TurnRow
        row={{ index, owner, isFirst: act !== "handoff" && act !== "ending", act }}
        turn={turn}
        owner={lookAt(owner)}
        height={90}
        isSelected={false}
        isOpen={isOpen}
        onToggle={() => setIsOpen(!isOpen)}
        onSelect={(chosen) => select({ turn: chosen })}
      />
    </div>
  );
}
