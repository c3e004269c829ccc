// What was typed and not saved outlives the page, and is offered when it comes back.
const LONGEST = 1_000_000;
const DAYS = 14;

export class Unsaved {
  constructor(form) {
    this.form = form;
    this.place = `gatehouse:prompt:${form.dataset.prompt}`;
    this.shown = null; // what the page came with
    this.saved = null; // the same, where it can be had again
    this.waits = false; // an offer that nobody has answered yet must not be overwritten
  }

  // Once the rows are as this script shows them. What was refused stands nowhere but here.
  begin() {
    this.shown = this.typed();
    if (!this.form.dataset.refused) this.saved = this.shown;
  }

  typed() {
    const ours = [...new FormData(this.form)].filter(([name]) => name !== "csrfmiddlewaretoken");
    return JSON.stringify(ours);
  }

  keep(sent = false) {
    if (this.waits && !sent) return;
    const typed = this.typed();
    const base = this.form.elements.base.value;
    try {
      if (typed === this.saved && !sent) localStorage.removeItem(this.place);
      else if (typed.length <= LONGEST) localStorage.setItem(this.place, JSON.stringify({ typed, base, sent, at: Date.now() }));
    } catch {
      // the browser keeps nothing, or no more
    }
  }

  // What waits to be brought back; not what the page shows already, nor what was saved since.
  found() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.place));
      if (!kept || kept.typed === this.shown) return null;
      const saved = kept.sent && kept.base !== this.form.elements.base.value;
      if (!saved && Date.now() - kept.at < DAYS * 86_400_000) return kept;
      this.discard();
    } catch {
      this.discard();
    }
    return null;
  }

  discard() {
    try {
      localStorage.removeItem(this.place);
    } catch {
      // as above
    }
  }
}
