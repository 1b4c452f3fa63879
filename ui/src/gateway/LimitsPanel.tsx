import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { limits } from "@/api/gateway";
import type { LimitState } from "@/api/types";
import { count, exact, percent, usd } from "@/formats/numbers";
import { moment } from "@/formats/time";
import { Wait } from "@/settings/Wait";
import { Wide } from "@/settings/Wide";
import { useProject } from "@/shell/project";

const ALMOST = 0.8;

/** How much of each limit is used up at present, the fullest first. */
export function LimitsPanel(): ReactNode {
  const asked = useQuery(limits(useProject()));
  return (
    <Wide label="Limits">
      <h2>Limits</h2>
      <Wait asked={asked}>
        {({ items, is_cut }) =>
          items.length === 0 ? (
            <p className="quiet">
              No limit is set. <Link to="/gateway/configuration">The configuration</Link> has rates and budgets by
              project, key, user, agent, run and model.
            </p>
          ) : (
            <>
              <table className="ledger usage">
                <thead>
                  <tr>
                    <th scope="col">Whose</th>
                    <th scope="col">Used up</th>
                    <th scope="col">Of what</th>
                    <th scope="col">Begins anew</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((one) => (
                    <LimitRow key={`${one.per}${one.only}${one.window}${one.subject}${boundsOf(one)}`} limit={one} />
                  ))}
                </tbody>
              </table>
              {is_cut ? <p className="quiet">The fullest {exact(items.length)} only.</p> : null}
            </>
          )
        }
      </Wait>
    </Wide>
  );
}

function LimitRow({ limit }: { limit: LimitState }): ReactNode {
  return (
    <tr>
      <th scope="row">
        {limit.per} {limit.label ?? limit.subject ?? <span className="quiet">nobody yet</span>}
        {limit.only.length > 0 ? <span className="quiet"> of {limit.only.join(", ")}</span> : null}
      </th>
      <td>
        <UsedBar limit={limit} />
      </td>
      <td>{boundsOf(limit)}</td>
      <td>
        {limit.until === null ? (
          "never"
        ) : (
          <>
            every {limit.window}, next at <time dateTime={limit.until}>{moment(limit.until)}</time>
          </>
        )}
      </td>
    </tr>
  );
}

/** How much of a limit is used up, as a bar and in per cent. */
export function UsedBar({ limit }: { limit: LimitState }): ReactNode {
  const tone = limit.share >= 1 ? "is-bad" : limit.share >= ALMOST ? "is-warn" : "";
  return (
    <span className="usage-share">
      <span className={`usage-bar ${tone}`} aria-hidden="true">
        <span style={{ width: `${Math.min(100, limit.share * 100)}%` }} />
      </span>
      <span className="num">{percent(limit.share, 1)}</span>
    </span>
  );
}

export function boundsOf(limit: LimitState): string {
  const parts = [
    limit.requests === null ? null : `${exact(limit.requests_used)} of ${exact(limit.requests)} calls`,
    limit.tokens === null ? null : `${count(limit.tokens_used)} of ${count(limit.tokens)} tokens`,
    limit.usd === null ? null : `${usd(limit.usd_used)} of ${usd(limit.usd)}`,
  ];
  return parts.filter((part) => part !== null).join(", ");
}
