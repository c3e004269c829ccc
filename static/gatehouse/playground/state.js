// What stands on the page, kept for its tab: a reload brings it back, and one user's is not another's.

export const MOST = 4;

export const blank = (model) => ({
  model, prompt: null, edition: "", temperature: "", max_tokens: "", system: "", own: null, answer: null,
});

export const said = (role = "user", content = "") => ({ role, content });

export const fresh = (start) => ({
  organisation: start.organisations[0]?.id,
  shared: { messages: [said()], variables: {} },
  columns: [blank(start.default_model ?? start.models[0] ?? "")],
});

const place = (start) => `gatehouse.playground.${start.username}`;

export function kept(start) {
  try {
    const state = JSON.parse(sessionStorage.getItem(place(start)));
    if (!state?.columns?.length) return null;
    for (const { answer } of state.columns) {
      if (answer && !answer.over) Object.assign(answer, { over: true, state: "stopped", note: "The page was left while it was answered." });
    }
    return state;
  } catch {
    return null; // nothing was kept, or not by us
  }
}

export function keep(start, state) {
  try {
    sessionStorage.setItem(place(start), JSON.stringify(state));
  } catch {
    sessionStorage.removeItem(place(start)); // too large: then a reload begins anew
  }
}

/** The state that a link into the page asks for. */
export function opened(start) {
  const { organisation, column = {}, shared = {} } = start.opening;
  const state = fresh(start);
  state.organisation = organisation ?? state.organisation;
  const model = column.model ?? (column.prompt ? "" : state.columns[0].model);
  state.columns = [{ ...blank(model), ...column, model }];
  if (column.prompt || shared.messages) state.shared.messages = shared.messages?.length ? shared.messages : column.prompt ? [] : [said()];
  const values = Object.entries(shared.variables ?? {});
  state.shared.variables = Object.fromEntries(values.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
  return state;
}
