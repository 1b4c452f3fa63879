import { createColumnHelper, tableFeatures } from "@tanstack/react-table";
import { Avatars } from "@/agents/Avatar";
import type { Run } from "@/api/types";
import { Outcome } from "@/design/Outcome";
import { firstLine } from "@/formats/json";
import { count, exact, sum, usd } from "@/formats/numbers";
import { ago, duration, moment } from "@/formats/time";
import { BeganCell, CodesCell, TurnsCell } from "./FoundCell";

export const features = tableFeatures({});
const column = createColumnHelper<typeof features, Run>();

/** What a run is called in a list: what it was asked to do, else the name of its root span. */
export function titleOf(run: Run): string {
  return firstLine(run.task ?? "") || run.name || run.run_id.slice(0, 12);
}

/** How long a run took, unknown where its log has no times. */
export function durationOf({ duration_s }: { duration_s: number | null }): string {
  return duration(duration_s === null ? null : duration_s * 1000);
}

export const columns = column.columns([
  column.display({ id: "select", header: "" }),
  column.accessor("outcome", { header: "Outcome", cell: ({ row }) => <Outcome outcome={row.original.outcome} /> }),
  column.accessor(titleOf, {
    id: "task",
    header: "Task",
    cell: ({ getValue }) => <span className="truncate">{getValue()}</span>,
  }),
  column.accessor("system", {
    header: "System",
    cell: ({ row }) =>
      row.original.system ? <span className="truncate">{row.original.system}</span> : <span className="quiet">–</span>,
  }),
  column.accessor("agents", { header: "Agents", cell: ({ row }) => <Avatars names={row.original.agents} /> }),
  column.display({ id: "codes", header: "Failure codes", cell: () => <CodesCell /> }),
  column.display({ id: "began", header: "Began with", cell: ({ row }) => <BeganCell run={row.original} /> }),
  column.display({ id: "turns", header: "Turns", cell: ({ row }) => <TurnsCell run={row.original} /> }),
  column.accessor("duration_s", { header: "Duration", cell: ({ row }) => durationOf(row.original) }),
  column.accessor((run) => sum(run.input_tokens, run.output_tokens), {
    id: "tokens",
    header: "Tokens",
    cell: ({ row }) => (
      <span title={`${exact(row.original.input_tokens)} in, ${exact(row.original.output_tokens)} out`}>
        {count(sum(row.original.input_tokens, row.original.output_tokens))}
      </span>
    ),
  }),
  column.accessor("cost_usd", { header: "Cost", cell: ({ row }) => usd(row.original.cost_usd) }),
  column.accessor("start", {
    header: "Started",
    cell: ({ row }) => (
      <time dateTime={row.original.start} title={moment(row.original.start)}>
        {ago(row.original.start, Date.now())}
      </time>
    ),
  }),
]);
