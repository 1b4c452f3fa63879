import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { revokeKey } from "@/api/settings";
import type { Keys } from "@/api/types";
import { plural, UNKNOWN, usd } from "@/formats/numbers";
import { ago, moment } from "@/formats/time";
import { useProject } from "@/shell/project";
import { Outcome } from "./Wait";

type Key = Keys["items"][number];

function stateOf(key: Key): { word: string; isUsable: boolean } {
  if (key.revoked) return { word: `revoked ${ago(key.revoked, Date.now())}`, isUsable: false };
  if (key.expires && Date.parse(key.expires) <= Date.now()) return { word: "expired", isUsable: false };
  return { word: key.expires ? `until ${moment(key.expires)}` : "in use", isUsable: true };
}

/** What a key may use at the gateway, and how much. */
function allowance(key: Key): string {
  const budgets = key.limits.map(({ window, cost_usd, tokens, requests }) => {
    const amounts = [
      cost_usd === null ? null : usd(cost_usd),
      tokens === null ? null : plural(tokens, "token"),
      requests === null ? null : plural(requests, "request"),
    ].filter((each) => each !== null);
    return `${amounts.join(", ")} ${window === "total" ? "in all" : `a ${window}`}`;
  });
  return [...(key.models.length > 0 ? [key.models.join(", ")] : []), ...budgets].join("; ") || "any";
}

/** One key, and its end: asked for twice, because nothing brings it back. */
export function KeyRow({ item }: { item: Key }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const revocation = useMutation({
    mutationFn: () => revokeKey(project, item.id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: [project, "keys"] }),
  });
  const { word, isUsable } = stateOf(item);
  return (
    <tr className={isUsable ? undefined : "is-off"}>
      <th scope="row" className="truncate">
        {item.name}
      </th>
      <td>{item.role}</td>
      <td>
        <code>{item.prefix}…</code>
      </td>
      <td>{allowance(item)}</td>
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
          <button
            type="button"
            className="button button-ghost"
            aria-label={`Revoke ${item.name}`}
            onClick={() => setIsAsking(true)}
          >
            Revoke
          </button>
        )}
        {revocation.error ? <Outcome error={revocation.error} done={null} /> : null}
      </td>
    </tr>
  );
}
