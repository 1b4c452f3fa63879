import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { revokeKey } from "@/api/settings";
import type { Keys, LimitState } from "@/api/types";
import { plural, UNKNOWN, usd } from "@/formats/numbers";
import { ago, moment } from "@/formats/time";
import { boundsOf, UsedBar } from "@/gateway/LimitsPanel";
import { useProject } from "@/shell/project";
import { ChangeKey } from "./ChangeKey";
import { within } from "./limits";
import { Outcome } from "./Wait";

type Key = Keys["items"][number];

function stateOf(key: Key): { word: string; isUsable: boolean } {
  if (key.revoked) return { word: `revoked ${ago(key.revoked, Date.now())}`, isUsable: false };
  if (key.expires && Date.parse(key.expires) <= Date.now()) return { word: "expired", isUsable: false };
  return { word: key.expires ? `until ${moment(key.expires)}` : "in use", isUsable: true };
}

/** What a key may use at the gateway. */
function budgetOf({ window, cost_usd, tokens, requests }: Key["limits"][number]): string {
  const amounts = [
    cost_usd === null ? null : usd(cost_usd),
    tokens === null ? null : plural(tokens, "token"),
    requests === null ? null : plural(requests, "request"),
  ].filter((each) => each !== null);
  return `${amounts.join(", ")} ${within(window)}`;
}

/** Which models, and how much: with what is used of it, while the key works. */
function Allowance({ item, used }: { item: Key; used: readonly LimitState[] }): ReactNode {
  return (
    <ul className="key-limits">
      <li>{item.models.join(", ") || "any model"}</li>
      {used.length > 0
        ? used.map((limit) => (
            <li key={`${limit.window}${boundsOf(limit)}`}>
              <UsedBar limit={limit} /> {boundsOf(limit)} {within(limit.window)}
            </li>
          ))
        : item.limits.map((limit) => <li key={budgetOf(limit)}>{budgetOf(limit)}</li>)}
    </ul>
  );
}

/** One key, and its end: asked for twice, because nothing brings it back. */
export function KeyRow({ item, used }: { item: Key; used: readonly LimitState[] }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const [isChanging, setIsChanging] = useState(false);
  const revocation = useMutation({
    mutationFn: () => revokeKey(project, item.id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: [project, "keys"] }),
  });
  const { word, isUsable } = stateOf(item);
  return (
    <>
      <tr className={isUsable ? undefined : "is-off"}>
        <th scope="row" className="truncate">
          {item.name}
        </th>
        <td>{item.role}</td>
        <td>
          <code>{item.prefix}…</code>
        </td>
        <td>
          <Allowance item={item} used={isUsable ? used : []} />
        </td>
        <td title={moment(item.created)}>{ago(item.created, Date.now())}</td>
        <td title={item.last_used ? moment(item.last_used) : undefined}>
          {item.last_used ? ago(item.last_used, Date.now()) : UNKNOWN}
        </td>
        <td>{word}</td>
        <td className="actions">
          {!isUsable ? null : isAsking ? (
            <>
              <button
                type="button"
                className="button button-danger"
                disabled={revocation.isPending}
                onClick={() => revocation.mutate()}
              >
                Revoke for good
              </button>
              <button type="button" className="button" onClick={() => setIsAsking(false)}>
                Keep
              </button>
            </>
          ) : (
            <>
              {item.role === "editor" || item.role === "owner" ? (
                <button
                  type="button"
                  className="button button-ghost"
                  aria-label={`Change ${item.name}`}
                  aria-expanded={isChanging}
                  onClick={() => setIsChanging(!isChanging)}
                >
                  Change
                </button>
              ) : null}
              <button
                type="button"
                className="button button-ghost"
                aria-label={`Revoke ${item.name}`}
                onClick={() => setIsAsking(true)}
              >
                Revoke
              </button>
            </>
          )}
          {revocation.error ? <Outcome error={revocation.error} done={null} /> : null}
        </td>
      </tr>
      {isChanging && isUsable ? (
        <tr>
          <td colSpan={8}>
            <ChangeKey item={item} onDone={() => setIsChanging(false)} />
          </td>
        </tr>
      ) : null}
    </>
  );
}
