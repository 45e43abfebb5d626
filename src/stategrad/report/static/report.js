"use strict";

(() => {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const choice = { ...page.defaults };
  const drawn = new Map(); // figure name → { variant, result }
  const waiting = new Map(); // figure name → promise of its latest drawing, so that drawings never overtake each other

  const records = ({ columns, rows }) =>
    rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));

  const variantOf = (charts) =>
    Object.keys(charts).find((key) => key.split(" ").every((part) => !part || part === choice.scale || part === choice.values || part === choice.n));

  const parameters = () => ({
    chosen_state: choice.state,
    chosen_rule: choice.rule,
    chosen_whitened: choice.whitened === "true",
    chosen_sentence: Number(choice.sentence),
  });

  async function draw(name) {
    const place = document.getElementById(`chart-${name}`);
    const { dataset, charts } = page.figures[name];
    const variant = variantOf(charts);
    const known = (charts[variant].params ?? []).map((parameter) => parameter.name);
    if (drawn.get(name)?.variant !== variant) {
      drawn.get(name)?.result.finalize();
      // a chart writes into its rows: each gets its own
      const datasets = { ...charts[variant].datasets, [dataset]: records(page.tables[dataset]) };
      const spec = { ...charts[variant], datasets };
      const result = await vegaEmbed(place, spec, {
        actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
        ast: true,
        downloadFileName: name,
        renderer: "svg",
        scaleFactor: { png: 3 },
      });
      place.querySelector("summary")?.setAttribute("aria-label", "Save this figure as SVG or PNG");
      drawn.set(name, { variant, result });
    }
    const { view } = drawn.get(name).result;
    for (const [signal, value] of Object.entries(parameters())) {
      if (known.includes(signal)) view.signal(signal, value);
    }
    // the legend has as many columns as fit, which is known only after a first layout: lay out once more
    await view.runAsync();
    await view.resize().runAsync();
    place.dataset.shown = [variant, choice.state, choice.rule, choice.whitened, choice.sentence].join(" ");
    place.removeAttribute("aria-busy");
  }

  function update() {
    for (const element of document.querySelectorAll("[data-when]")) {
      const when = JSON.parse(element.dataset.when);
      element.hidden = Object.entries(when).some(([control, value]) => choice[control] !== value);
    }
    for (const name of Object.keys(page.figures)) {
      document.getElementById(`chart-${name}`).setAttribute("aria-busy", "true");
      waiting.set(name, Promise.resolve(waiting.get(name)).then(() => draw(name)).catch((error) => {
        const place = document.getElementById(`chart-${name}`);
        place.removeAttribute("aria-busy");
        place.textContent = `This figure could not be drawn: ${error.message}`;
        console.error(error);
      }));
    }
  }

  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  function download(name) {
    const { columns, rows } = page.tables[name];
    const text = [columns, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = `${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  document.getElementById("controls").addEventListener("change", (event) => {
    choice[event.target.name] = event.target.value;
    update();
  });
  document.getElementById("controls").reset(); // a reloaded page may remember choices that the charts do not
  for (const button of document.querySelectorAll("button[data-download]")) {
    button.addEventListener("click", () => download(button.dataset.download));
  }
  let settling;
  window.addEventListener("resize", () => {
    clearTimeout(settling);
    settling = setTimeout(update, 150);
  });
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("main > details")) details.open = true;
  });
  update();
})();
