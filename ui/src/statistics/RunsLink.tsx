import { Link, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";

type Props = { q: string | null; label?: string; className?: string; title?: string; children: ReactNode };

/** A way to the list of runs with this query, in the same project and time; plain text where there is no such query. */
export function RunsLink({ q, label, className = "study-link", title, children }: Props): ReactNode {
  const { since, until } = useSearch({ strict: false });
  const named = { ...(label === undefined ? {} : { "aria-label": label }), ...(title === undefined ? {} : { title }) };
  if (q === null) return <span title={title}>{children}</span>;
  return (
    <Link
      to="/"
      search={(current) => ({
        ...(current.project ? { project: current.project } : {}),
        q,
        ...(since ? { since } : {}),
        ...(until ? { until } : {}),
      })}
      className={className}
      {...named}
    >
      {children}
    </Link>
  );
}
