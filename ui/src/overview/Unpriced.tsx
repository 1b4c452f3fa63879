import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type RunsFilter, unpriced } from "@/api/queries";
import { plural } from "@/formats/numbers";
import { useProject } from "@/shell/project";

/** Models whose price nobody knows: what they cost is missing from every sum above. */
export function Unpriced({ filter }: { filter: RunsFilter }): ReactNode {
  const found = useQuery(unpriced(useProject(), filter)).data?.items ?? [];
  if (found.length === 0) return null;
  return (
    <p className="unpriced">
      Cost leaves out {plural(found.length, "model")} without a known price:{" "}
      {found.map((model) => `${model.model} (${plural(model.spans, "call")})`).join(", ")}.
    </p>
  );
}
