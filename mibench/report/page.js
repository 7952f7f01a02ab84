"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const column = Object.fromEntries(data.cell_columns.map((name, i) => [name, i]));
  const heads = [
    ["label", "estimator"], ["task", "task"], ["point", "point"], ["n_samples", "n"], ["n_ok", "ok"],
    ["n_failed", "failed"], ["truth", "truth"], ["mean", "mean"], ["sd", "sd"], ["ci_low", "95 % interval"],
    ["bias", "bias"], ["rmse", "RMSE"], ["fit_seconds", "seconds"], ["failures", "failures"], ["flags", "flags"],
  ];
  for (const name of ["failures", "flags"]) {  // a column of nothing takes room from the others
    if (data.cells.every((cell) => !cell[column[name]])) heads.splice(heads.findIndex(([other]) => other === name), 1);
  }
  const words = new Set(["label", "task", "point", "failures", "flags"]);
  const signs = { lower: " ≤", upper: " ≥", none: "" };
  const step = matchMedia("(max-width: 40rem)").matches ? 25 : 200;
  const get = (id) => document.getElementById(id);
  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text !== undefined && text !== null) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const fixed = (value) =>  // as mibench.tables.numbers writes them
    value === null ? "–" : Math.abs(value) >= 1e4 ? value.toPrecision(3) : value.toFixed(3).replace(/^-(0\.0*)$/, "$1");
  const shown = (cell, name) => {
    const value = cell[column[name]];
    if (name === "label") return value + signs[cell[column.bound]];
    const measured = !words.has(name) && !name.startsWith("n_") && name !== "truth";
    if (measured && cell[column.n_unsupported] === cell[column.n_seeds]) return "n/a";
    if (name === "ci_low") return value === null ? "–" : `${fixed(value)} to ${fixed(cell[column.ci_high])}`;
    if (words.has(name)) return value ?? "";
    if (name === "mean" && cell[column.n_codes] > 1) return `${fixed(value)} ‡`;
    if (name === "fit_seconds") return value === null ? "–" : String(+value.toPrecision(3));
    return name.startsWith("n_") ? String(value) : fixed(value);
  };
  const texts = data.cells.map((cell) => heads.map(([name]) => shown(cell, name)).join(" ").toLowerCase());

  let order = data.cells.map((_, i) => i);
  let sorted = { name: null, down: false };
  let limit = step;
  const compare = new Intl.Collator("en", { numeric: true }).compare;

  function sort(name) {
    sorted = { name, down: sorted.name === name && !sorted.down };
    const i = column[name], sign = sorted.down ? -1 : 1;
    order.sort((a, b) => {
      const x = data.cells[a][i], y = data.cells[b][i];
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return sign * (words.has(name) ? compare(x, y) : x - y) || a - b;
    });
    draw();
  }

  function wanted() {
    const asked = get("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = get("kind").value;
    return order.filter((i) => {
      const cell = data.cells[i];
      if (kind === "failed" && !cell[column.n_failed]) return false;
      if (kind === "flags" && !cell[column.flags]) return false;
      return asked.every((word) => texts[i].includes(word));
    });
  }

  function draw() {
    const found = wanted();
    const body = get("table").tBodies[0];
    const rows = found.slice(0, limit).map((i) => {
      const row = make("tr");
      heads.forEach(([name, title], place) => {
        const text = shown(data.cells[i], name);
        const cell = make(place ? "td" : "th", place ? text : undefined, place ? { "data-label": title } : { scope: "row" });
        if (!place) cell.append(make("a", text, { href: `#cell-${i}` }));
        if (!words.has(name)) cell.className = "num";
        else cell.className = place ? "name" : "";
        if (name === "failures" && text) cell.className = "name bad";
        row.append(cell);
      });
      return row;
    });
    body.replaceChildren(...rows);
    get("shown").textContent = `${found.length} of ${data.cells.length} cells`;
    get("more").hidden = found.length <= limit;
    get("more").textContent = `Show ${Math.min(step, found.length - limit)} more`;
    for (const head of get("table").tHead.rows[0].cells) {
      const here = head.dataset.name === sorted.name;
      if (here) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  }

  function strip(index) {
    const cell = data.cells[index], truth = cell[column.truth];
    const scale = data.unit === "bits" ? 1 / Math.LN2 : 1;
    const trials = data.trials[index].filter((row) => row[1] === "ok" && row[2] !== null);
    const values = trials.map((row) => row[2] * scale);
    if (!values.length || truth === null) return null;
    const space = "http://www.w3.org/2000/svg";
    const low = Math.min(truth, ...values), high = Math.max(truth, ...values), span = high - low || 1;
    const x = (value) => 20 + (460 * (value - low)) / span;
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 500 80");
    svg.setAttribute("class", "strip");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", "Estimates of the seeds beside the truth");
    const add = (tag, attributes, text) => {
      const element = document.createElementNS(space, tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      if (text) element.textContent = text;
      svg.append(element);
    };
    add("line", { x1: 10, x2: 490, y1: 50, y2: 50 });
    add("line", { x1: x(truth), x2: x(truth), y1: 24, y2: 62, "stroke-width": 2 });
    const anchor = x(truth) < 60 ? "start" : x(truth) > 440 ? "end" : "middle";
    add("text", { x: x(truth), y: 16, "text-anchor": anchor }, `truth ${fixed(truth)}`);
    values.forEach((value) => add("circle", { cx: x(value), cy: 50, r: 5 }));
    add("text", { x: 10, y: 76 }, fixed(low));
    add("text", { x: 490, y: 76, "text-anchor": "end" }, fixed(high));
    return svg;
  }

  function open(index) {
    const cell = data.cells[index], page = get("cell");
    const back = make("p");
    back.append(make("a", "← all cells", { href: "#cells" }));
    const facts = make("dl", null, { class: "facts" });
    for (const [name, title] of heads.slice(3)) {
      const text = shown(cell, name);
      if (text) facts.append(make("dt", title), make("dd", text));
    }
    facts.append(make("dt", "settings"), make("dd", data.settings[index][0]));
    facts.append(make("dt", "task"), make("dd", data.settings[index][1]));
    const scale = data.unit === "bits" ? 1 / Math.LN2 : 1;
    const titles = ["seed", "status", "estimate", "its own sd", "steps", "samples seen", "seconds", "flags", "path", "device", "trial", "message"];
    const used = titles.map((_, i) => data.trials[index].some((row) => row[i] !== null && row[i] !== ""));
    const table = make("table", null, { class: "cards" }), head = make("tr"), body = make("tbody");
    titles.forEach((title, i) => used[i] && head.append(make("th", title, { scope: "col" })));
    for (const trial of data.trials[index]) {
      const row = make("tr");
      trial.forEach((value, i) => {
        if (!used[i]) return;
        const number = i === 2 || i === 3;
        const text = value === null ? "–" : number ? fixed(value * scale) : i === 6 ? String(+value.toPrecision(3)) : String(value);
        const item = make(i ? "td" : "th", text, i ? { "data-label": titles[i] } : { scope: "row" });
        if (i && i < 7 && i !== 1) item.className = "num";
        if (i === 1 && value !== "ok" && value !== "unsupported") item.className = "bad";
        if (i === 11) item.className = "long";
        row.append(item);
      });
      body.append(row);
    }
    const top = make("thead");
    top.append(head);
    table.append(top, body);
    const wide = make("div", null, { class: "wide", tabindex: "0", role: "region", "aria-label": "Seeds" });
    wide.append(table);
    const title = make("h2", `${shown(cell, "label")} on ${cell[column.task]}/${cell[column.point]}, n = ${cell[column.n_samples]}`);
    const parts = [back, title, facts];
    const picture = strip(index);
    if (picture) parts.push(picture);
    parts.push(make("h3", "Seeds"), wide);
    for (const trial of data.trials[index]) {
      const log = data.logs[trial[10]];
      if (log) parts.push(make("h3", `Log of seed ${trial[0]}`), make("pre", log, { tabindex: "0" }));
    }
    page.replaceChildren(...parts);
  }

  let before = 0;
  function route() {
    const match = /^#cell-(\d+)$/.exec(location.hash);
    const index = match ? +match[1] : -1;
    const inside = index >= 0 && index < data.cells.length;
    if (inside) {
      if (!get("overview").hidden) before = scrollY;
      open(index);
    }
    const was = get("overview").hidden;
    get("overview").hidden = inside;
    get("cell").hidden = !inside;
    if (inside) {
      scrollTo(0, 0);
      get("cell").focus();
    } else if (was) {
      scrollTo(0, before);
    }
  }

  for (const [name, title] of heads) {
    const head = make("th", null, { scope: "col", "data-name": name });
    if (!words.has(name)) head.className = "num";
    const button = make("button", title, { type: "button" });
    button.addEventListener("click", () => sort(name));
    head.append(button);
    get("table").tHead.rows[0].append(head);
  }
  const again = () => { limit = step; draw(); };
  get("words").addEventListener("input", again);
  get("kind").addEventListener("change", again);
  document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
  get("more").addEventListener("click", () => { limit += step; draw(); });
  addEventListener("hashchange", route);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !get("cell").hidden) location.hash = "#cells";
  });
  draw();
  route();
})();
