// The form for the variables of all prompts that are asked, made of their declarations.

import { declared } from "./asking.js";

const TYPED = { number: "number", integer: "whole number", boolean: "yes or no", array: "list, as JSON", object: "object, as JSON", enum: "one of a few", image: "address of an image, https or data" };

export function variables(place, state, changed) {
  const wanted = new Map(state.columns.flatMap(declared).map((variable) => [variable.name, variable]));
  place.replaceChildren(...[...wanted.values()].map((variable) => row(variable, state.shared.variables, changed)));
}

function row(variable, given, changed) {
  const field = input(variable);
  field.id = `variable-${variable.name}`;
  field.value = given[variable.name] ?? "";
  field.oninput = () => changed((given[variable.name] = field.value));
  const label = Object.assign(document.createElement("label"), { htmlFor: field.id, textContent: variable.name });
  const notes = [TYPED[variable.type], variable.required === false && "may be left out", variable.description].filter(Boolean);
  label.append(Object.assign(document.createElement("small"), { textContent: notes.join("; ") }));
  const line = document.createElement("div");
  line.append(label, field);
  return line;
}

function input(variable) {
  const choices = { boolean: ["true", "false"], enum: variable.choices }[variable.type];
  if (choices) {
    const field = document.createElement("select");
    field.append(new Option(variable.required === false ? "Left out" : "Choose", ""), ...choices.map((choice) => new Option(choice, choice)));
    return field;
  }
  const field = document.createElement(["number", "integer", "image"].includes(variable.type) ? "input" : "textarea");
  if (field.rows) field.rows = variable.type === "string" ? 2 : 4;
  if (variable.default !== undefined) field.placeholder = `Left out: ${short(variable.default)}`;
  else if (variable.example !== undefined) field.placeholder = `Such as: ${short(variable.example)}`;
  field.dir = "auto";
  return field;
}

const short = (value) => (typeof value === "string" ? value : JSON.stringify(value)).slice(0, 80);
