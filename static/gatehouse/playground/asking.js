// From what stands on the page to a request in the gateway's native words.

/** The version that a column's edition means; a label shows what the newest version takes. */
export function version(column) {
  const versions = column.prompt?.versions ?? [];
  const number = Number(column.edition.replace(/^version:/, ""));
  return versions.find((one) => one.number === number) ?? (column.edition.startsWith("label:") ? versions[0] : undefined);
}

export const declared = (column) => version(column)?.variables ?? [];

/** Throws an Error in words for what is no value of its type. */
export function value(variable, text) {
  if (["string", "enum", "image"].includes(variable.type)) return text;
  if (variable.type === "boolean") return text === "true";
  try {
    return JSON.parse(text);
  } catch {
    const wanted = { array: 'a list such as ["a", "b"]', object: 'an object such as {"name": "Ada"}' }[variable.type] ?? "a number";
    throw new Error(`${variable.name} is to be ${wanted}.`);
  }
}

export function values(column, shared) {
  const given = declared(column).filter(({ name }) => (shared.variables[name] ?? "") !== "");
  return Object.fromEntries(given.map((variable) => [variable.name, value(variable, shared.variables[variable.name])]));
}

export function request(column, shared) {
  const messages = (column.own ?? shared.messages).filter(({ content }) => content.trim() !== "");
  if (!column.prompt && !messages.length) throw new Error("There is nothing to ask yet: write a message first.");
  const system = column.prompt || !column.system.trim() ? [] : [{ role: "system", content: column.system }];
  const options = Object.fromEntries(["temperature", "max_tokens"].filter((name) => column[name] !== "").map((name) => [name, Number(column[name])]));
  return {
    ...(column.model && { model: column.model }),
    ...(column.prompt && { prompt: reference(column, shared) }),
    messages: [...system, ...messages],
    options,
  };
}

function reference(column, shared) {
  const [kind, ...rest] = column.edition.split(":");
  const meant = rest.join(":");
  return { name: column.prompt.name, [kind]: kind === "version" ? Number(meant) : meant, variables: values(column, shared) };
}
