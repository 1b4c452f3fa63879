import { type RefObject, useEffect, useMemo, useState } from "react";
import type { Flow } from "@/api/types";
import { type Placed, place } from "./layout";

/** Smaller than this cannot be read: then one scrolls. */
const SMALLEST = 0.72;

/** The flow laid out across or down, whichever can be drawn larger in its box, and by how much it must shrink. */
export function useFit(box: RefObject<HTMLElement | null>, flow: Flow): { placed: Placed; scale: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  const across = useMemo(() => place(flow, "LR"), [flow]);
  const down = useMemo(() => place(flow, "TB"), [flow]);
  const scaleOf = ({ width, height }: Placed) => Math.min(size.width / width, size.height / height, 1);
  const placed = scaleOf(down) > scaleOf(across) ? down : across;
  return { placed, scale: size.width === 0 ? 1 : Math.max(SMALLEST, scaleOf(placed)) };
}
