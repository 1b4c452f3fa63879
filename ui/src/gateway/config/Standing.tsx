import type { ReactNode } from "react";
import type { GatewayConfig } from "@/api/schema";
import { plural } from "@/formats/numbers";
import { ago } from "@/formats/time";

type StandingProps = {
  config: GatewayConfig;
  isChanged: boolean;
  faults: number;
  changes: number | null;
  children: ReactNode;
};

/** Where the document stands: what holds since when, or what is changed and not saved. */
export function Standing({ config, isChanged, faults, changes, children }: StandingProps): ReactNode {
  if (isChanged) {
    return (
      <div className="config-standing is-changed" role="status">
        <span>
          {changes === null ? "Changed" : plural(changes, "change")}, not saved
          {faults > 0 ? <span className="tone-bad">; {plural(faults, "fault")} to look at</span> : null}
        </span>
        {children}
      </div>
    );
  }
  return (
    <div className="config-standing" role="status">
      <span className="quiet">
        {config.revision === 0 || config.updated === null
          ? "This project has no document of its own yet: the server's gateway.toml holds."
          : `Revision ${config.revision}, saved ${ago(config.updated, Date.now())} by ${config.updated_by}`}
      </span>
      {config.faults.map(({ where, message }) => (
        <p key={`${where} ${message}`} className="tone-bad">
          <code>{where}</code> {message}
        </p>
      ))}
      {config.warnings.map(({ where, message }) => (
        <p key={`${where} ${message}`} className="tone-warn">
          <code>{where}</code> {message}
        </p>
      ))}
    </div>
  );
}
