// The form of an example: of each check only those fields are shown that its type has. Without this script all are.
const TEXTS = { regex: "Pattern", json_schema: "JSON Schema", graded: "Question" };

const form = document.getElementById("example");
const checks = [...form.querySelectorAll("[data-check]")];

function fit(check) {
  const type = check.querySelector("[name=type]");
  for (const part of check.querySelectorAll("[data-applies]")) part.hidden = !part.dataset.applies.split(" ").includes(type.value);
  check.querySelector("[data-called]").textContent = type.value && `: ${type.selectedOptions[0].textContent}`;
  check.querySelector("label[for^=said]").textContent = TEXTS[type.value] ?? "Text";
}

for (const check of checks) {
  fit(check);
  check.querySelector("[name=type]").addEventListener("change", () => fit(check));
}

// What is not shown is not meant. Its fields are sent all the same: the server tells the checks apart by their order.
form.addEventListener("submit", () => {
  for (const part of checks.flatMap((check) => [...check.querySelectorAll("[data-applies][hidden]")])) {
    for (const field of part.querySelectorAll("input, textarea")) {
      if (field.type === "checkbox") field.checked = false;
      else field.value = "";
    }
  }
});
