import type { ReactNode } from "react";

/** A panel that may be wider than the screen; the keyboard reaches it to scroll it. */
export function Wide({ label, children }: { label: string; children: ReactNode }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <section className="panel wide" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
