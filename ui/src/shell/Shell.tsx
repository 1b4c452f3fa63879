import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { ApiError, setCsrfToken } from "@/api/client";
import { me } from "@/api/queries";
import { Icon, type IconName } from "@/design/icons";
import { QueueBar } from "@/lists/QueueBar";
import { useKeys } from "./keys";
import { Login } from "./Login";
import { Logo } from "./Logo";
import { ProjectMenu } from "./ProjectMenu";
import { ProjectProvider, useNamedProject } from "./project";
import { Shortcuts } from "./Shortcuts";
import { ThemeButton } from "./ThemeButton";

const PAGES = [
  { to: "/", word: "Runs", icon: "list" },
  { to: "/overview", word: "Overview", icon: "chart" },
  { to: "/failures", word: "Failures", icon: "warn" },
  { to: "/compare", word: "Compare", icon: "lanes" },
  { to: "/agreement", word: "Agreement", icon: "agents" },
  { to: "/lists", word: "Queues", icon: "flag" },
  { to: "/gateway", word: "Gateway", icon: "gate" },
  { to: "/models", word: "Models", icon: "brain" },
  { to: "/settings", word: "Settings", icon: "gear" },
] as const satisfies ReadonlyArray<{ to: string; word: string; icon: IconName }>;

/** The frame of every page: where one is, and the way to everywhere else. */
export function Shell(): ReactNode {
  const caller = useQuery(me());
  const navigate = useNavigate();
  const project = useNamedProject();
  const shortcuts = useRef<HTMLDialogElement>(null);
  const token = caller.data?.csrf_token ?? null;
  useEffect(() => setCsrfToken(token), [token]);
  const place = useLocation({ select: ({ pathname }) => pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a narrow screen the items scroll, to where one is.
  useEffect(() => {
    document.querySelector(".side-item.active")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [place]);
  useKeys({ "?": () => shortcuts.current?.showModal(), g: () => void navigate({ to: "/" }) });

  if (caller.error instanceof ApiError && caller.error.status === 401) return <Login />;
  return (
    <ProjectProvider value={project}>
      <div className="shell">
        <a className="skip" href="#main">
          Skip to content
        </a>
        <nav className="side" aria-label="Main">
          <Link to="/" className="brand" aria-label="Masthead: all runs">
            <Logo />
            <span className="side-label">Masthead</span>
          </Link>
          <ProjectMenu />
          <div className="side-items">
            {PAGES.map(({ to, word, icon }) => (
              <Link
                key={to}
                to={to}
                className="side-item"
                aria-label={word}
                title={word}
                activeOptions={{ exact: to === "/", includeSearch: false }}
              >
                <Icon name={icon} />
                <span className="side-label">{word}</span>
              </Link>
            ))}
          </div>
          <div className="side-foot">
            <button
              type="button"
              className="side-item"
              onClick={() => shortcuts.current?.showModal()}
              aria-label="Keyboard shortcuts"
            >
              <Icon name="code" />
              <span className="side-label">Shortcuts</span>
              <kbd className="kbd side-label">?</kbd>
            </button>
            <ThemeButton />
          </div>
        </nav>
        <main id="main" className="main" tabIndex={-1}>
          <QueueBar />
          <div className="main-page">
            <Outlet />
          </div>
        </main>
        <Shortcuts ref={shortcuts} />
      </div>
    </ProjectProvider>
  );
}
