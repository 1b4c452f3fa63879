import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
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
  const parts = useRef<HTMLElement>(null);
  const path = useLocation({ select: ({ pathname }) => pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a narrow screen the parts scroll, to the one shown.
  useEffect(() => {
    parts.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [path]);
  return (
    <div className="settings gateway">
      <header className="page-head">
        <h1>Gateway</h1>
        <RecordsAlerts />
      </header>
      <nav ref={parts} className="settings-nav" aria-label="Gateway">
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
