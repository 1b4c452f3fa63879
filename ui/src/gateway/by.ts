/** What the use of models is added up by, and how pages call that. */
export const USAGE_BY = ["model", "key", "agent", "user", "run", "connection"] as const;
export type UsageBy = (typeof USAGE_BY)[number];

export const BY_WORDS: Record<UsageBy, { one: string; none: string }> = {
  model: { one: "Model", none: "no model named" },
  key: { one: "Key", none: "without a key" },
  agent: { one: "Agent", none: "no agent named" },
  user: { one: "End user", none: "no user named" },
  run: { one: "Run", none: "" },
  connection: { one: "Connection", none: "sent nowhere: kept answers and refusals" },
};
