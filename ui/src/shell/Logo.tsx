import type { ReactNode } from "react";

/** The mast, and the light at its head. */
export function Logo(): ReactNode {
  return (
    <svg className="logo" width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="logo-plate" width="32" height="32" rx="8" />
      <path className="logo-mast" d="M11 26V6M7 26h10" strokeWidth="2.6" strokeLinecap="round" />
      <path className="logo-pennant" d="M11 6.500 24 10.750 11 15z" />
    </svg>
  );
}
