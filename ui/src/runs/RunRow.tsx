import type { Row, useTable } from "@tanstack/react-table";
import { memo, type ReactNode } from "react";
import type { Run } from "@/api/types";
import { type features, titleOf } from "./columns";
import { RowLink } from "./RowLink";
import { BriefProvider, useAskedBrief } from "./useBrief";

type TableOfRuns = ReturnType<typeof useTable<typeof features, Run>>;
type Props = {
  row: Row<typeof features, Run>;
  index: number;
  top: number;
  isSelected: boolean;
  onToggle: (index: number, isRange: boolean) => void;
  FlexRender: TableOfRuns["FlexRender"];
};

/** One run: its title is a link over the whole row, so Enter and open-in-a-new-tab work by themselves. */
export const RunRow = memo(function RunRow({ row, index, top, isSelected, onToggle, FlexRender }: Props): ReactNode {
  const run = row.original;
  const brief = useAskedBrief(run);
  return (
    <BriefProvider value={brief}>
      <tr
        className={isSelected ? "row row-run is-selected" : "row row-run"}
        aria-rowindex={index + 2}
        aria-selected={isSelected}
        style={{ transform: `translateY(${top}px)` }}
      >
        {row.getAllCells().map((cell) => (
          <td className={`cell cell-${cell.column.id}`} key={cell.id}>
            {cell.column.id === "select" ? (
              <input
                type="checkbox"
                tabIndex={-1}
                checked={isSelected}
                aria-label={`Select ${titleOf(run)}`}
                onChange={() => undefined}
                onClick={(event) => onToggle(index, event.shiftKey)}
              />
            ) : cell.column.id === "task" ? (
              <RowLink runId={run.run_id} index={index} title={titleOf(run)} />
            ) : (
              <FlexRender cell={cell} />
            )}
          </td>
        ))}
      </tr>
    </BriefProvider>
  );
});
