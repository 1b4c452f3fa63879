import { useRouter } from "@tanstack/react-router";
import { type MouseEvent, type ReactNode, useRef } from "react";
import { MOUNT } from "@/api/client";
import { DEFAULT_PROJECT, useProject } from "@/shell/project";

const REST_MS = 80;

type Props = { runId: string; index: number; title: string };

/** A link to a run that costs a list little to draw: a router's link follows every change of the address. */
export function RowLink({ runId, index, title }: Props): ReactNode {
  const router = useRouter();
  const project = useProject();
  const resting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const target = { to: "/runs/$runId", params: { runId } } as const;
  const search = project === DEFAULT_PROJECT ? "" : `?project=${encodeURIComponent(project)}`;
  function open(event: MouseEvent): void {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void router.navigate(target);
  }
  function rest(): void {
    clearTimeout(resting.current);
    resting.current = setTimeout(() => void router.preloadRoute(target), REST_MS);
  }
  const leave = () => clearTimeout(resting.current);
  return (
    <a
      href={`${MOUNT}/runs/${runId}${search}`}
      className="row-link truncate"
      data-row={index}
      title={title}
      onClick={open}
      onPointerEnter={rest}
      onPointerLeave={leave}
      onFocus={rest}
      onBlur={leave}
    >
      {title}
    </a>
  );
}
