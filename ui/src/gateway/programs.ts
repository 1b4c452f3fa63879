/** How a program is pointed at the gateway: with one base URL, whatever it is written with. */

export type Place = {
  /** Where the gateway is, without `/v1`. */
  origin: string;
  key: string;
  model: string;
  /** The project, where no key says which one it is. */
  project: string | null;
};

const HEADER = "X-Masthead-Project";

function environment({ origin, key, project }: Place): string {
  const lines = [
    `export OPENAI_BASE_URL="${origin}/v1"`,
    `export OPENAI_API_KEY="${key}"`,
    `export ANTHROPIC_BASE_URL="${origin}"`,
    `export ANTHROPIC_API_KEY="${key}"`,
  ];
  if (project !== null) lines.push(`# without a key, calls belong to the project default: make a key of ${project}`);
  return lines.join("\n");
}

function sdk(module: string, client: string, more: readonly string[]): (place: Place) => string {
  return (place) =>
    [
      `from ${module} import ${client}`,
      "",
      `client = ${client}(`,
      `    base_url="${place.origin}${module === "openai" ? "/v1" : ""}",`,
      `    api_key="${place.key}",`,
      ...headers(place),
      ")",
      ...more.map((line) => line.replace("MODEL", place.model)),
    ].join("\n");
}

function langchain(place: Place): string {
  return [
    "from langchain_openai import ChatOpenAI",
    "",
    "model = ChatOpenAI(",
    `    model="${place.model}",`,
    `    base_url="${place.origin}/v1",`,
    `    api_key="${place.key}",`,
    ...headers(place),
    ")",
  ].join("\n");
}

function headers({ project }: Place): string[] {
  return project === null ? [] : [`    default_headers={"${HEADER}": "${project}"},`];
}

function curl({ origin, key, model, project }: Place): string {
  return [
    `curl ${origin}/v1/chat/completions \\`,
    `  -H "Authorization: Bearer ${key}" \\`,
    ...(project === null ? [] : [`  -H "${HEADER}: ${project}" \\`]),
    `  -H "Content-Type: application/json" \\`,
    `  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'`,
  ].join("\n");
}

export const PROGRAMS = [
  {
    word: "OpenAI SDK",
    language: "python",
    write: sdk("openai", "OpenAI", [
      "reply = client.chat.completions.create(",
      '    model="MODEL", messages=[{"role": "user", "content": "Hello"}]',
      ")",
    ]),
  },
  {
    word: "Anthropic SDK",
    language: "python",
    write: sdk("anthropic", "Anthropic", [
      "reply = client.messages.create(",
      '    model="MODEL", max_tokens=500, messages=[{"role": "user", "content": "Hello"}]',
      ")",
    ]),
  },
  { word: "LangChain", language: "python", write: langchain },
  { word: "curl", language: "bash", write: curl },
  { word: "Environment", language: "bash", write: environment },
] as const;
