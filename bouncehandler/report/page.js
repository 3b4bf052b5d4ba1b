"use strict";
/* Makes the headings of tables buttons that sort: a first press by largest number, or by name, a second the other way. */
(() => {
  const said = document.getElementById("said");
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
    said.textContent = `${table.caption.textContent}: sorted by ${head.textContent}, ${rises ? "rising" : "falling"}`;
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
  }
})();
