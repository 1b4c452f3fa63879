import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from "@tanstack/react-router";
import { MOUNT } from "./api/client";
import { CAPABILITIES, type Capability } from "./api/gateway";
import { me, outline, run as runQuery, runs, TURNS_A_PAGE, turnsPage } from "./api/queries";
import { USAGE_BY, type UsageBy } from "./gateway/by";
import { VIEWS, type View } from "./run/views";
import { askedBy } from "./runs/asked";
import { RunsPage } from "./runs/RunsPage";
import { NotFound } from "./shell/NotFound";
import { DEFAULT_PROJECT } from "./shell/project";
import { Shell } from "./shell/Shell";

/** `queue`: the list whose runs the reader labels one after the other. */
export type RootSearch = { project?: string | undefined; queue?: string | undefined };
export type RangeSearch = RootSearch & { since?: string | undefined; until?: string | undefined };
export type RunsSearch = RootSearch & {
  q?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
};
export type FailuresSearch = RunsSearch & { by?: string | undefined };
export type CompareSearch = RootSearch & {
  by?: string | undefined;
  first?: string | undefined;
  second?: string | undefined;
  within?: string | undefined;
  q?: string | undefined;
};
export type AgreementSearch = RootSearch & { evaluator?: string | undefined; code?: string | undefined };
export type RunSearch = RootSearch & {
  view?: View | undefined;
  turn?: number | undefined;
  find?: string | undefined;
  agent?: string | undefined;
  span?: string | undefined;
};

const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Shell,
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>): RootSearch =>
    compact({ project: text(search.project), queue: text(search.queue) }),
  search: { middlewares: [retainSearchParams(["project"])] },
});

export const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: RunsPage,
  validateSearch: (search: Record<string, unknown>): RunsSearch =>
    compact({ q: text(search.q), since: text(search.since), until: text(search.until) }),
  loaderDeps: ({ search }) => search,
  // Started before the page is drawn; a text is searched only once it stands.
  loader: ({ context, deps }) => {
    void context.queryClient.prefetchQuery(me());
    const { filter } = askedBy(deps, Date.now());
    if (filter.text === undefined)
      void context.queryClient.prefetchInfiniteQuery(runs(deps.project ?? DEFAULT_PROJECT, filter));
  },
});

export const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/runs/$runId",
  component: lazyRouteComponent(() => import("./run/RunPage"), "RunPage"),
  // Each key is named, also where it is undefined: what is left out would keep the address's own, unread value.
  validateSearch: (search: Record<string, unknown>): RunSearch => ({
    view: VIEWS.find((view) => view === search.view),
    turn: index(search.turn),
    find: text(search.find),
    agent: text(search.agent),
    span: text(search.span),
  }),
  loaderDeps: ({ search }) => ({
    project: search.project ?? DEFAULT_PROJECT,
    page: Math.floor((search.turn ?? 0) / TURNS_A_PAGE),
  }),
  // Started, not awaited: the page draws at once and its data is already on the way.
  loader: ({ context, params, deps }) => {
    void context.queryClient.prefetchQuery(runQuery(deps.project, params.runId));
    void context.queryClient.prefetchQuery(outline(deps.project, params.runId));
    void context.queryClient.prefetchQuery(turnsPage(deps.project, params.runId, deps.page));
  },
});

export type BesideSearch = RootSearch & { row?: number | undefined };

export const besideRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/runs/$runId/beside/$otherId",
  component: lazyRouteComponent(() => import("./beside/BesidePage"), "BesidePage"),
  validateSearch: (search: Record<string, unknown>): BesideSearch => ({ row: index(search.row) }),
});

export const overviewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/overview",
  component: lazyRouteComponent(() => import("./overview/OverviewPage"), "OverviewPage"),
  validateSearch: (search: Record<string, unknown>): RangeSearch =>
    compact({ since: text(search.since), until: text(search.until) }),
});

export const failuresRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/failures",
  component: lazyRouteComponent(() => import("./failures/FailuresPage"), "FailuresPage"),
  validateSearch: (search: Record<string, unknown>): FailuresSearch =>
    compact({ q: text(search.q), since: text(search.since), until: text(search.until), by: text(search.by) }),
});

export const compareRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/compare",
  component: lazyRouteComponent(() => import("./compare/ComparePage"), "ComparePage"),
  validateSearch: (search: Record<string, unknown>): CompareSearch =>
    compact({
      by: text(search.by),
      first: text(search.first),
      second: text(search.second),
      within: text(search.within),
      q: text(search.q),
    }),
});

export const agreementRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/agreement",
  component: lazyRouteComponent(() => import("./agreement/AgreementPage"), "AgreementPage"),
  validateSearch: (search: Record<string, unknown>): AgreementSearch =>
    compact({ evaluator: text(search.evaluator), code: text(search.code) }),
});

const gatewayRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/gateway",
  component: lazyRouteComponent(() => import("./gateway/GatewayPage"), "GatewayPage"),
});

export type UsageSearch = RangeSearch & { by?: UsageBy | undefined };

export const trafficRoute = createRoute({
  getParentRoute: () => gatewayRoute,
  path: "/",
  component: lazyRouteComponent(() => import("./gateway/TrafficPart"), "TrafficPart"),
});

export const usageRoute = createRoute({
  getParentRoute: () => gatewayRoute,
  path: "/usage",
  component: lazyRouteComponent(() => import("./gateway/UsagePart"), "UsagePart"),
  validateSearch: (search: Record<string, unknown>): UsageSearch =>
    compact({
      since: text(search.since),
      until: text(search.until),
      by: USAGE_BY.find((by) => by === search.by),
    }),
});

const targetsRoute = createRoute({
  getParentRoute: () => gatewayRoute,
  path: "/targets",
  component: lazyRouteComponent(() => import("./gateway/TargetsPart"), "TargetsPart"),
});

export type TrySearch = RootSearch & {
  run?: string | undefined;
  span?: string | undefined;
  model?: string | undefined;
};

const tryRoute = createRoute({
  getParentRoute: () => gatewayRoute,
  path: "/try",
  component: lazyRouteComponent(() => import("./gateway/try/TryPart"), "TryPart"),
  validateSearch: (search: Record<string, unknown>): TrySearch =>
    compact({ run: text(search.run), span: text(search.span), model: text(search.model) }),
});

export type ConfigurationSearch = RootSearch & { part?: string | undefined };

const configurationRoute = createRoute({
  getParentRoute: () => gatewayRoute,
  path: "/configuration",
  component: lazyRouteComponent(() => import("./gateway/config/ConfigurationPart"), "ConfigurationPart"),
  validateSearch: (search: Record<string, unknown>): ConfigurationSearch => compact({ part: text(search.part) }),
});

const connectRoute = createRoute({
  getParentRoute: () => gatewayRoute,
  path: "/connect",
  component: lazyRouteComponent(() => import("./gateway/ConnectPart"), "ConnectPart"),
});

const gatewayParts = [trafficRoute, usageRoute, targetsRoute, configurationRoute, tryRoute, connectRoute] as const;

export type ModelsSearch = RootSearch & {
  q?: string | undefined;
  provider?: string | undefined;
  capability?: Capability | undefined;
};

export const modelsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/models",
  component: lazyRouteComponent(() => import("./models/ModelsPage"), "ModelsPage"),
  validateSearch: (search: Record<string, unknown>): ModelsSearch =>
    compact({
      q: text(search.q),
      provider: text(search.provider),
      capability: CAPABILITIES.find((each) => each === search.capability),
    }),
});

const listsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/lists",
  component: lazyRouteComponent(() => import("./lists/ListsPage"), "ListsPage"),
});

const listRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/lists/$listId",
  component: lazyRouteComponent(() => import("./lists/ListPage"), "ListPage"),
});

const settingsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings",
  component: lazyRouteComponent(() => import("./settings/SettingsPage"), "SettingsPage"),
});

const settingsParts = [
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/",
    component: lazyRouteComponent(() => import("./settings/FirstPart"), "FirstPart"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/project",
    component: lazyRouteComponent(() => import("./settings/ProjectPart"), "ProjectPart"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/keys",
    component: lazyRouteComponent(() => import("./settings/KeysPart"), "KeysPart"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/redaction",
    component: lazyRouteComponent(() => import("./settings/RedactionPart"), "RedactionPart"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/prices",
    component: lazyRouteComponent(() => import("./settings/PricesPart"), "PricesPart"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/audit",
    component: lazyRouteComponent(() => import("./settings/AuditPart"), "AuditPart"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/projects",
    component: lazyRouteComponent(() => import("./settings/ProjectsPart"), "ProjectsPart"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/about",
    component: lazyRouteComponent(() => import("./settings/AboutPart"), "AboutPart"),
  }),
] as const;

function compact<T extends Record<string, unknown>>(search: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof compact<T>
  >;
}

function text(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function index(value: unknown): number | undefined {
  const number = Number(value);
  return value !== undefined && value !== "" && Number.isInteger(number) && number >= 0 ? number : undefined;
}

/** Addresses stay readable: plain strings, no JSON quoting. */
function parseSearch(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query));
}

function stringifySearch(search: Record<string, unknown>): string {
  const kept = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString();
  return query ? `?${query}` : "";
}

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: rootRoute.addChildren([
      runsRoute,
      runRoute,
      besideRoute,
      overviewRoute,
      failuresRoute,
      compareRoute,
      agreementRoute,
      gatewayRoute.addChildren(gatewayParts),
      modelsRoute,
      listsRoute,
      listRoute,
      settingsRoute.addChildren(settingsParts),
    ]),
    basepath: MOUNT || "/",
    context: { queryClient },
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    scrollRestoration: false,
    parseSearch,
    stringifySearch,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
