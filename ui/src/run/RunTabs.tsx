import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Icon } from "@/design/icons";
import { Find } from "./find/Find";
import { useRun } from "./RunContext";
import { VIEW_LABELS, VIEWS } from "./views";

type Props = { areDetailsOpen: boolean; onDetails: () => void; onCompare: () => void };

/** The views as links, so that each can be opened and shared on its own; then search within the run. */
export function RunTabs({ areDetailsOpen, onDetails, onCompare }: Props): ReactNode {
  const { runId, view } = useRun();
  return (
    <div className="run-tabs">
      <nav className="tabs" aria-label="Views of this run">
        {VIEWS.map((name) => (
          <Link
            key={name}
            to="/runs/$runId"
            params={{ runId }}
            search={(current) => ({ ...current, view: name === "chat" ? undefined : name })}
            activeOptions={{ exact: true, includeSearch: true }}
            className="tab"
            aria-current={name === view ? "page" : undefined}
          >
            <Icon name={VIEW_LABELS[name].icon} size={14} />
            <span>{VIEW_LABELS[name].label}</span>
          </Link>
        ))}
      </nav>
      <Find />
      <button type="button" className="button button-ghost" title="Beside another run (b)" onClick={onCompare}>
        <Icon name="beside" size={14} />
        <span className="tab-word">Compare</span>
      </button>
      <button type="button" className="button button-ghost" aria-pressed={areDetailsOpen} onClick={onDetails}>
        Details
      </button>
    </div>
  );
}
