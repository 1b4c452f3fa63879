import { Link, Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { RecordsAlerts } from "./RecordsAlerts";
import "@/settings/settings.css";
import "@/overview/overview.css";
import "./gateway.css";

const PARTS = [
  { to: "/gateway", word: "Traffic" },
  { to: "/gateway/usage", word: "Usage" },
  { to: "/gateway/targets", word: "Targets" },
  { to: "/gateway/configuration", word: "Configuration" },
  { to: "/gateway/try", word: "Try a model" },
  { to: "/gateway/connect", word: "Connect" },
] as const;

/** The door to models: what passes through it now, what that uses, and how those behind it fare. */
export function GatewayPage(): ReactNode {
  return (
    <div className="settings gateway">
      <header className="page-head">
        <h1>Gateway</h1>
        <RecordsAlerts />
      </header>
      <nav className="settings-nav" aria-label="Gateway">
        {PARTS.map(({ to, word }) => (
          <Link
            key={to}
            to={to}
            className="tab"
            activeOptions={{ exact: to === "/gateway", includeSearch: false }}
            activeProps={{ "aria-current": "page" }}
          >
            {word}
          </Link>
        ))}
      </nav>
      <div className="gateway-part">
        <Outlet />
      </div>
    </div>
  );
}
