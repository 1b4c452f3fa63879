import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

export function NotFound(): ReactNode {
  return (
    <div className="notice">
      <h1>There is no such page</h1>
      <p>The address may be cut off, or belong to another version of Masthead.</p>
      <Link to="/" className="button">
        All runs
      </Link>
    </div>
  );
}
