// A button with data-copies="<id>" copies that element's text and says so in the status beside it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copies]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copies);
  const status = button.parentElement.querySelector("[role=status]");
  try {
    await navigator.clipboard.writeText(source.textContent);
    status.textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(source);
    status.textContent = "Selected: copy it with your keyboard.";
  }
});
