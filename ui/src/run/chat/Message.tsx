import type { ReactNode } from "react";
import type { Turn } from "@/api/types";
import { Icon } from "@/design/icons";
import { exact } from "@/formats/numbers";
import { Fold } from "@/text/Fold";
import { Prose } from "@/text/Prose";

/** What was said, with what was thought before it kept apart. */
export function Message({ turn, isOpen }: { turn: Turn; isOpen: boolean }): ReactNode {
  return (
    <>
      {turn.reasoning ? <Reasoning text={turn.reasoning} isOpen={isOpen} /> : null}
      {turn.is_error ? (
        <span className="badge bad">
          <Icon name="warn" size={13} />
          Error
        </span>
      ) : null}
      {turn.text.trim() === "" ? (
        turn.reasoning ? null : (
          <p className="said-nothing">Said nothing</p>
        )
      ) : (
        <Fold text={turn.text} isOpen={isOpen}>
          {(text) => <Prose text={text} />}
        </Fold>
      )}
    </>
  );
}

export function Reasoning({ text, isOpen }: { text: string; isOpen: boolean }): ReactNode {
  return (
    <details className="reasoning" open={isOpen}>
      <summary>
        <Icon name="chevron" size={12} />
        Reasoning
        <span className="quiet num">{exact(text.length)} characters</span>
      </summary>
      <Fold text={text} isOpen={isOpen}>
        {(part) => <Prose text={part} />}
      </Fold>
    </details>
  );
}
