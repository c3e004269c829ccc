// A page whose #progress says it is running looks again each second until it does not, and keeps its place.
(async () => {
  const shown = document.getElementById("progress");
  while (shown.dataset.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok || answer.redirected) continue;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("progress");
    if (!fresh || fresh.innerHTML === shown.innerHTML) continue;
    shown.dataset.state = fresh.dataset.state;
    shown.replaceChildren(...fresh.childNodes);
  }
})();
