import type { ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import { type Look, lookOf } from "@/agents/looks";
import type { Turn } from "@/api/types";
import { Icon } from "@/design/icons";
import { Fold } from "@/text/Fold";
import { Prose } from "@/text/Prose";
import { useRun } from "../RunContext";

/** The seam between two agents: who hands over to whom, and what is handed over. */
export function Handoff({ turn, from, isOpen }: { turn: Turn; from: Look; isOpen: boolean }): ReactNode {
  const { looks } = useRun();
  const receivers = turn.addressees.map((id) => lookOf(looks, id));
  return (
    <div className="handoff">
      <div className="seam">
        <span className="seam-pill">
          <Avatar look={from} />
          <span>{from.name}</span>
          <Icon name="arrow" size={14} />
          <span className="sr-only">hands over to</span>
          {receivers.length === 0 ? <span className="quiet">nobody named</span> : null}
          {receivers.map((look) => (
            <span key={look.id} className="seam-agent">
              <Avatar look={look} />
              {look.name}
            </span>
          ))}
        </span>
      </div>
      {turn.text.trim() ? (
        <div className="handoff-text">
          <Fold text={turn.text} isOpen={isOpen}>
            {(text) => <Prose text={text} />}
          </Fold>
        </div>
      ) : null}
    </div>
  );
}
