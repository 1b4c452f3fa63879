import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { projects } from "@/api/queries";
import { DEFAULT_PROJECT, useProject } from "./project";

/** The project whose runs are shown. A plain select: the system's own list is the best one on a phone. */
export function ProjectMenu(): ReactNode {
  const current = useProject();
  const navigate = useNavigate();
  const known = useQuery(projects());
  const items = known.data?.items ?? [];
  const isListed = !known.isSuccess || items.some((item) => item.id === current);
  const options = isListed && known.isSuccess ? items : [{ id: current, name: current }, ...items];
  return (
    <label className="project">
      <span className="sr-only">Project</span>
      <select
        value={current}
        title={`Project: ${current}`}
        onChange={(event) => {
          const chosen = event.target.value;
          void navigate({ to: "/", search: chosen === DEFAULT_PROJECT ? { project: undefined } : { project: chosen } });
        }}
      >
        {options.map((item) => (
          <option key={item.id} value={item.id}>
            {item.name}
          </option>
        ))}
      </select>
    </label>
  );
}
