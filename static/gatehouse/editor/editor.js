// The page on which a prompt is written. Without this script it is a form like any other.
import { dress, editorOf, goTo, mark } from "./field.js";
import { Preview } from "./preview.js";
import { act, add, fit, renumber, rowsOf } from "./rows.js";
import { Unsaved } from "./unsaved.js";

const form = document.getElementById("editor");
const unsaved = new Unsaved(form);
const preview = new Preview(form, heard);
preview.goTo = ({ field, line, column }) => {
  const input = field && form.elements[field];
  if (!input) return;
  for (let around = input.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
  if (editorOf(input)) goTo(input, { line, column });
  else input.focus();
};

const declared = () => new Set([...form.querySelectorAll("[name^=variables-][name$=-name]")].map((input) => input.value.trim()));
const texts = () => [...form.querySelectorAll("textarea[data-template]")];
let names = "";

function begin(row) {
  if (row.dataset.row === "variables") fit(row);
  const textarea = row.querySelector("textarea[data-template]");
  if (textarea && !editorOf(textarea)) dress(textarea, declared(), form.dataset.nonce);
}

function declare() {
  const now = [...declared()].sort().join(" ");
  if (now === names) return;
  names = now;
  for (const textarea of texts()) editorOf(textarea).declare(declared());
}

function heard({ problems }) {
  for (const textarea of texts()) mark(textarea, problems.filter(({ field }) => field === textarea.name));
}

function changed() {
  declare();
  unsaved.keep();
  preview.soon();
}

function bringBack({ typed }) {
  const said = JSON.parse(typed);
  for (const noun of ["messages", "variables"]) {
    const wanted = Number(said.find(([name]) => name === `${noun}-TOTAL_FORMS`)?.[1] ?? 0);
    for (const row of rowsOf(form, noun)) row.remove();
    for (let place = 0; place < wanted; place += 1) add(form, noun);
  }
  for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = false;
  for (const [name, value] of said) {
    const input = form.elements[name];
    if (!input || name === "base" || name.endsWith("_FORMS")) continue;
    if (input.type === "checkbox") input.checked = true;
    else input.value = value;
  }
  for (const row of form.querySelectorAll("[data-row]")) begin(row);
  changed();
}

function offer() {
  const kept = unsaved.found();
  if (!kept) return;
  const box = document.getElementById("unsaved");
  box.querySelector("span").textContent = `on ${new Date(kept.at).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" })}${kept.base === form.elements.base.value ? "" : `, when version ${kept.base} was the newest`}`;
  box.hidden = false;
  unsaved.waits = true;
  box.addEventListener("click", ({ target }) => {
    if (!target.value) return;
    box.hidden = true;
    unsaved.waits = false;
    if (target.value === "back") bringBack(kept);
    else unsaved.discard();
    form.querySelector("select")?.focus();
  });
}

form.addEventListener("input", changed);
form.addEventListener("change", ({ target }) => {
  if (target.name?.endsWith("-type")) fit(target.closest("[data-row]"));
  changed();
});
form.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=row]");
  if (!button) return;
  event.preventDefault();
  const { row, said } = act(form, button);
  if (row) {
    begin(row);
    row.querySelector("select, input:not([type=hidden])").focus();
  }
  document.getElementById("aloud").textContent = said;
  changed();
});
form.addEventListener("keydown", (event) => {
  const isField = event.target.matches("input:not([name=note])");
  if (event.key === "Enter" && isField) event.preventDefault(); // nobody saves a version by accident
});
form.addEventListener("submit", () => unsaved.keep(true));

document.documentElement.classList.add("scripts");
for (const noun of ["messages", "variables"]) renumber(form, noun);
for (const row of form.querySelectorAll("[data-row]")) begin(row);
declare();
unsaved.begin();
offer();
if (form.dataset.refused) unsaved.keep();
preview.ask();
