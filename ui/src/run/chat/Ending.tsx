import type { ReactNode } from "react";
import type { Turn } from "@/api/types";
import { Icon } from "@/design/icons";
import { Fold } from "@/text/Fold";
import { Prose } from "@/text/Prose";

/** The turn that ends the run. */
export function Ending({ turn, isOpen }: { turn: Turn; isOpen: boolean }): ReactNode {
  return (
    <div className={turn.is_error ? "end is-bad" : "end"}>
      <span className="end-label">
        <Icon name="flag" size={14} />
        Ending
      </span>
      {turn.text.trim() ? (
        <Fold text={turn.text} isOpen={isOpen}>
          {(text) => <Prose text={text} />}
        </Fold>
      ) : null}
    </div>
  );
}
