import type { ReactNode } from "react";
import { Icon } from "@/design/icons";
import { useRun } from "../RunContext";
import { About } from "./About";
import { Consequences } from "./Consequences";
import { Found } from "./Found";
import { Roster } from "./Roster";
import { TurnFacts } from "./TurnFacts";

/** Beside every view: the selected turn, who took part, what was found, and what the record says of the whole. */
export function Details({ onClose }: { onClose: () => void }): ReactNode {
  const { turn } = useRun();
  return (
    <aside className="details" aria-label="Details">
      <header className="details-head">
        <strong>Details</strong>
        <button
          type="button"
          className="button button-ghost button-icon"
          aria-label="Hide the details"
          onClick={onClose}
        >
          <Icon name="close" size={14} />
        </button>
      </header>
      {turn === null ? null : <TurnFacts index={turn} />}
      <Roster />
      <Found />
      <Consequences />
      <About />
    </aside>
  );
}
