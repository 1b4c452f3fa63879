import type { ReactNode } from "react";

type Props = {
  isShared: boolean;
  isCompared: boolean;
  isComparable: boolean;
  onShare: (isShared: boolean) => void;
  onCompare: (isCompared: boolean) => void;
  /** Null where the role may not call models. */
  onSend: (() => void) | null;
  /** Null where nothing is asked. */
  onStop: (() => void) | null;
  onClear: () => void;
};

/** What concerns both panes. */
export function TryBar(props: Props): ReactNode {
  return (
    <div className="try-bar">
      <button
        type="button"
        className="button button-primary"
        disabled={props.onSend === null}
        onClick={() => props.onSend?.()}
      >
        Send <kbd className="kbd">Ctrl ↵</kbd>
      </button>
      {props.onStop ? (
        <button type="button" className="button" onClick={props.onStop}>
          Stop all
        </button>
      ) : null}
      <label className="check">
        <input type="checkbox" checked={props.isShared} onChange={(event) => props.onShare(event.target.checked)} />
        Same prompt in both
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={props.isCompared}
          disabled={!props.isComparable}
          onChange={(event) => props.onCompare(event.target.checked)}
        />
        Mark the words that differ
      </label>
      <button type="button" className="button button-ghost try-clear" onClick={props.onClear}>
        Clear
      </button>
    </div>
  );
}
