import { type RefObject, useEffect, useRef } from "react";

/** So close to the end counts as being there. */
const NEAR = 120;

/** Stays at the end while a run grows, as long as the reader was there; a reader who scrolled up is left in peace. */
export function useTail(scroller: RefObject<HTMLElement | null>, rows: number, toEnd: () => void): void {
  const isAtEnd = useRef(false);
  const before = useRef(rows);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const note = () => {
      isAtEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - NEAR;
    };
    note();
    element.addEventListener("scroll", note, { passive: true });
    return () => element.removeEventListener("scroll", note);
  }, [scroller]);
  useEffect(() => {
    if (rows > before.current && before.current > 0 && isAtEnd.current) toEnd();
    before.current = rows;
  }, [rows, toEnd]);
}
