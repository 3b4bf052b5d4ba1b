"use strict";
/* The headings of tables become buttons that sort: a first press puts the largest number, or the first name, on top, a
   second the other end. Long tables are folded to their first rows. */
(() => {
  const announcement = document.getElementById("sorted");
  const SHOWN = 12; // as in the style sheet
  const words = new Intl.Collator("en", { numeric: true });
  const key = (cell) => ("v" in cell.dataset ? Number(cell.dataset.v) : cell.textContent);
  const compare = (a, b) => (typeof a[0] === "number" ? a[0] - b[0] : words.compare(a[0], b[0]));

  const sort = (table, heads, column) => {
    const head = heads[column];
    const was = head.getAttribute("aria-sort");
    const rises = was ? was === "descending" : head.classList.contains("text");
    const rows = Array.from(table.tBodies[0].rows, (row) => [key(row.cells[column]), row]);
    rows.sort(rises ? compare : (a, b) => compare(b, a));
    const sorted = document.createDocumentFragment();
    for (const [, row] of rows) sorted.append(row);
    table.tBodies[0].append(sorted);
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rises ? "ascending" : "descending");
    announcement.textContent = `${table.caption.textContent}: sorted by ${head.textContent}, ${rises ? "rising" : "falling"}`;
  };

  const fold = (table) => {
    const all = table.tBodies[0].rows.length;
    const button = document.createElement("button");
    const show = (isFolded) => {
      table.classList.toggle("folded", isFolded);
      button.setAttribute("aria-expanded", String(!isFolded));
      button.firstChild.data = isFolded ? `Show all ${all}` : `Show the first ${SHOWN}`;
    };
    button.type = "button";
    button.className = "unfold";
    const about = document.createElement("span");
    about.className = "hidden";
    about.textContent = ` (${table.caption.textContent})`;
    button.append("", about);
    button.addEventListener("click", () => show(!table.classList.contains("folded")));
    show(true);
    table.after(button);
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, heads, column));
      head.append(button);
    });
    if (table.tBodies[0].rows.length > SHOWN) fold(table);
  }
})();
