// What came of a column: its state, its figures, its text. What models say is only ever text.

import { worded } from "./calls.js";

const STATES = { waiting: "Waiting", streaming: "Answering", finished: "Finished", stopped: "Stopped", failed: "Failed" };
const ENDS = { stop: "came to its end", length: "the longest answer was reached", tool_calls: "asks for a tool", content_filter: "the vendor's filter" };
const CLASSES = { finished: "finished", failed: "failed" };

export const begun = () => ({ state: "waiting", over: false, text: "", began: Date.now() });

export const failed = (answer, message) => Object.assign(answer, { state: "failed", over: true, error: message });

/** What a message of the socket makes of `answer`. */
export function heard(answer, message) {
  const passed = Date.now() - answer.began;
  answer.generation = message.generation_id ?? answer.generation;
  if (message.type === "chunk") {
    if (message.delta || message.reasoning_delta) answer.first ??= passed;
    answer.state = "streaming";
    answer.text += message.delta;
  } else if (message.type === "done") {
    const { response } = message;
    Object.assign(answer, { state: "finished", over: true, took: passed, text: response.content ?? answer.text, figures: figures(response) });
    answer.note = [response.refusal && `It refused: ${response.refusal}`, ...response.metadata.warnings].filter(Boolean).join(" ");
  } else if (message.type === "cancelled") Object.assign(answer, { state: "stopped", over: true, took: passed });
  else failed(answer, worded(message.error));
}

const figures = (response) => ({
  Tokens: `${number(response.usage.prompt_tokens)} in, ${number(response.usage.completion_tokens)} out${response.usage.estimated ? ", estimated" : ""}`,
  Cost: response.cost === null ? "price unknown" : `${response.cost} USD${response.metadata.cache_hit ? ", from the cache" : ""}`,
  Ended: ENDS[response.finish_reason] ?? response.finish_reason ?? "it did not say why",
  By: [response.provider, response.upstream_model].filter(Boolean).join(", "),
});

const number = (value) => value.toLocaleString("en");
const time = (value) => (value < 10_000 ? `${number(value)} ms` : `${(value / 1000).toFixed(1)} s`);

/** `part` finds a piece of the column by its name. */
export function show(answer, part, record) {
  part("state").textContent = answer ? STATES[answer.state] : "";
  part("state").className = `badge ${CLASSES[answer?.state] ?? ""}`;
  write(part("error"), answer?.error ?? "");
  write(part("answer"), answer?.text ?? "");
  part("empty").hidden = Boolean(answer);
  const known = answer ? { ...(answer.first !== undefined && { "First token": time(answer.first) }), ...(answer.took !== undefined && { Took: time(answer.took) }), ...answer.figures } : {};
  part("figures").hidden = !Object.keys(known).length;
  part("figures").replaceChildren(...Object.entries(known).map(([name, value]) => figure(name, value)));
  part("after").hidden = !(answer?.over && (answer.note || (record && answer.generation)));
  part("warnings").textContent = answer?.note ?? "";
  part("record").hidden = !(record && answer?.generation);
  if (!part("record").hidden) part("record").href = record.replace(/[0-9a-f-]{36}/, answer.generation.replace("gen_", ""));
}

function write(place, text) {
  place.hidden = !text;
  if (place.textContent === text) return;
  const below = place.scrollHeight - place.scrollTop - place.clientHeight < 40;
  place.textContent = text;
  if (below) place.scrollTop = place.scrollHeight;
}

function figure(name, value) {
  const pair = document.createElement("div");
  pair.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value }));
  return pair;
}
