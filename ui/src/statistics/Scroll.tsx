import type { ReactNode } from "react";

/** A table that may be wider than the screen; the arrow keys move it once it has the focus. */
export function Scroll({ label, children }: { label: string; children: ReactNode }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section className="study-scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
