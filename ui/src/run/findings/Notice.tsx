import { type ReactNode, useEffect } from "react";
import { Icon } from "@/design/icons";

const SHOWN_MS = 9000;

type Props = { text: string; canUndo: boolean; isBad?: boolean; onUndo: () => void; onClose: () => void };

/** What was just done, for a while, and the way back. */
export function Notice({ text, canUndo, isBad, onUndo, onClose }: Props): ReactNode {
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new text is shown anew for its whole time.
  useEffect(() => {
    const timer = setTimeout(onClose, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div className={isBad ? "done is-bad" : "done"} role={isBad ? "alert" : "status"}>
      <Icon name={isBad ? "warn" : "check"} size={14} />
      <span>{text}</span>
      {canUndo ? (
        <button type="button" className="button" onClick={onUndo}>
          Undo <kbd className="kbd">u</kbd>
        </button>
      ) : null}
      <button type="button" className="copy" aria-label="Close" onClick={onClose}>
        <Icon name="close" size={13} />
      </button>
    </div>
  );
}
