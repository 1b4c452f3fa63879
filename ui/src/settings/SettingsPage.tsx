import { Link, Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useIsOperator, useMay } from "@/shell/useMay";
import "./settings.css";

const PARTS = [
  { to: "/settings/project", word: "Project", needs: "owner" },
  { to: "/settings/keys", word: "Keys", needs: "owner" },
  { to: "/settings/redaction", word: "Redaction", needs: "owner" },
  { to: "/settings/prices", word: "Prices", needs: "viewer" },
  { to: "/settings/audit", word: "Audit log", needs: "owner" },
  { to: "/settings/projects", word: "All projects", needs: "operator" },
  { to: "/settings/about", word: "About", needs: "viewer" },
] as const;

/** What a project is like, who may do what in it, and what was done. A reader sees the parts that the role allows. */
export function SettingsPage(): ReactNode {
  const [isOwner, isOperator] = [useMay("owner"), useIsOperator()];
  const shown = PARTS.filter(
    ({ needs }) => needs === "viewer" || (needs === "owner" && isOwner) || (needs === "operator" && isOperator),
  );
  return (
    <div className="settings">
      <header className="page-head">
        <h1>Settings</h1>
      </header>
      <nav className="settings-nav" aria-label="Settings">
        {shown.map(({ to, word }) => (
          <Link key={to} to={to} className="tab" activeProps={{ "aria-current": "page" }}>
            {word}
          </Link>
        ))}
      </nav>
      <div className="settings-part">
        <Outlet />
      </div>
    </div>
  );
}
