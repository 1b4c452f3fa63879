import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { records } from "@/api/gateway";
import { Icon } from "@/design/icons";
import { clock } from "@/formats/time";
import { useProject } from "@/shell/project";

/** Says so where calls were answered and not recorded, or where their records wait and pile up. Nothing otherwise. */
export function RecordsAlerts(): ReactNode {
  const alerts = useQuery(records(useProject())).data?.alerts ?? [];
  if (alerts.length === 0) return null;
  return (
    <ul className="gateway-alerts" role="alert">
      {alerts.map(({ kind, process, since, message }) => (
        <li key={`${process}${kind}`} className={kind === "lost" || kind === "set_aside" ? "is-bad" : "is-warn"}>
          <Icon name="warn" size={14} />
          <span>
            <strong>{TITLES[kind]}</strong> in {process}
            {since ? ` since ${clock(since)}` : ""}: {message}
          </span>
        </li>
      ))}
    </ul>
  );
}

const TITLES = {
  lost: "Records lost",
  set_aside: "Records refused",
  stalled: "Records wait",
  growing: "Records pile up",
} as const;
