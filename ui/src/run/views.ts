import type { IconName } from "@/design/icons";

export const VIEWS = ["chat", "lanes", "flow", "timeline", "raw"] as const;
export type View = (typeof VIEWS)[number];

export const VIEW_LABELS: Record<View, { label: string; icon: IconName }> = {
  chat: { label: "Chat", icon: "chat" },
  lanes: { label: "Lanes", icon: "lanes" },
  flow: { label: "Flow", icon: "flow" },
  timeline: { label: "Timeline", icon: "timeline" },
  raw: { label: "Raw", icon: "raw" },
};
