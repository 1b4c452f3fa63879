import type { ReactNode } from "react";

/** Whether new runs appear by themselves. */
export function LiveButton({ isLive, onChange }: { isLive: boolean; onChange: (isLive: boolean) => void }): ReactNode {
  return (
    <button
      type="button"
      className="button live"
      aria-pressed={isLive}
      title={isLive ? "New runs appear by themselves" : "The list stands still"}
      onClick={() => onChange(!isLive)}
    >
      <span className={isLive ? "pulse" : "pulse is-off"} aria-hidden="true" />
      {isLive ? "Live" : "Paused"}
    </button>
  );
}
