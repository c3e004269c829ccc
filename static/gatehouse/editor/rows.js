// Messages and variables as rows that are added, taken out and put in order; without this the server does the same.
const NAMES = { messages: "message", variables: "variable" };

export function rowsOf(form, noun) {
  return [...form.querySelectorAll(`[data-row="${noun}"]`)];
}

export function renumber(form, noun) {
  const rows = rowsOf(form, noun);
  rows.forEach((row, place) => {
    row.querySelector("[data-number]").textContent = place + 1;
    for (const element of row.querySelectorAll("[id], [name], [for], [aria-describedby]")) {
      for (const name of ["id", "name", "for", "aria-describedby"]) {
        const said = element.getAttribute(name);
        if (said) element.setAttribute(name, said.replaceAll(new RegExp(`${noun}-(?:\\d+|__prefix__)-`, "g"), `${noun}-${place}-`));
      }
    }
    for (const button of row.querySelectorAll("button[name=row]")) {
      const way = button.value.split(":")[2];
      button.value = `${noun}:${place}:${way}`;
      button.setAttribute("aria-label", { up: `Move ${NAMES[noun]} ${place + 1} up`, down: `Move ${NAMES[noun]} ${place + 1} down`, out: `Take ${NAMES[noun]} ${place + 1} out` }[way]);
      button.disabled = (way === "up" && place === 0) || (way === "down" && place === rows.length - 1);
    }
  });
  form.elements[`${noun}-TOTAL_FORMS`].value = rows.length;
}

export function add(form, noun) {
  const blank = document.getElementById(`blank-${noun}`).content.cloneNode(true);
  const button = form.querySelector(`button[value="${noun}:add"]`);
  button.parentElement.before(blank);
  renumber(form, noun);
  return rowsOf(form, noun).at(-1);
}

export function act(form, button) {
  const [noun, place, way] = button.value.split(":");
  if (place === "add") return { row: add(form, noun), said: `${NAMES[noun]} added` };
  const rows = rowsOf(form, noun);
  const row = rows[Number(place)];
  if (way === "out") row.remove();
  if (way === "up") rows[Number(place) - 1]?.before(row);
  if (way === "down") rows[Number(place) + 1]?.after(row);
  renumber(form, noun);
  const next = way === "out" ? form.querySelector(`button[value="${noun}:add"]`) : button.disabled ? row.querySelector("button[name=row]:not(:disabled)") : button;
  next?.focus();
  return { said: way === "out" ? `${NAMES[noun]} ${Number(place) + 1} taken out` : `${NAMES[noun]} moved ${way}` };
}

// Bounds that the type does not have are neither shown nor sent.
export function fit(row) {
  const type = row.querySelector("[name$=-type]").value;
  for (const input of row.querySelectorAll("[data-applies]")) {
    const applies = input.dataset.applies.split(" ").includes(type);
    input.disabled = !applies;
    input.closest(".field").hidden = !applies;
  }
}
