"use strict";
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const series = report.series;
  const root = document.documentElement;
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const column = (name) => series.map((point) => point[name]);
  const times = column("at");
  const width = times.length > 1 ? times[1] - times[0] : times[0] || 1;

  /// 90 → "1m 30s": two units at most.
  const length = (seconds) => {
    const units = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
    let rest = Math.round(seconds), parts = [];
    for (const [size, name] of units) {
      const whole = Math.floor(rest / size);
      if (whole > 0 || (parts.length === 0 && size === 1)) parts.push(whole + name);
      else if (parts.length > 0) break;
      rest -= whole * size;
      if (parts.length === 2) break;
    }
    return parts.join(" ");
  };
  const number = (value) => value == null ? "–" : value.toLocaleString("en", { maximumFractionDigits: 2 });

  /// From and to of each run of stretches in which an alarm was in ALARM.
  const bands = (name) => {
    const found = [];
    series.forEach((point, index) => {
      if (!point[name]) return;
      const from = index > 0 ? series[index - 1].at : 0;
      const last = found[found.length - 1];
      if (last && last[1] >= from) last[1] = point.at;
      else found.push([from, point.at]);
    });
    return found;
  };
  const alarms = [["--out", bands("scale_out_alarm")], ["--in", bands("scale_in_alarm")]];
  const shade = (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const [name, spans] of alarms) {
      ctx.fillStyle = colour(name);
      for (const [from, to] of spans) {
        const left = plot.valToPos(from, "x", true), right = plot.valToPos(to, "x", true);
        ctx.fillRect(left, bbox.top, Math.max(right - left, 1), bbox.height);
      }
    }
    ctx.restore();
  };

  const stepped = uPlot.paths.stepped({ align: -1 });
  const line = (label, name, more) => ({
    label, stroke: () => colour(name), width: 1.5, paths: stepped, points: { show: false },
    value: (_, value) => number(value), ...more,
  });
  /// What was predicted for the load of a measured run, at the measured points' times.
  const predicted = report.predicted && report.predicted.series;
  const forecast = (name) => {
    let next = 0;
    return times.map((at) => {
      while (next < predicted.length && predicted[next].at < at - 1e-6) next += 1;
      return next < predicted.length ? predicted[next][name] : null;
    });
  };
  /// Lines and their columns, each with its prediction dashed beside it.
  const beside = (...columns) => {
    const lines = [], data = [];
    for (const [label, name, field, more] of columns) {
      lines.push(line(label, name, more));
      data.push(column(field));
      if (!predicted) continue;
      lines.push(line(`${label}, predicted`, name, { ...more, dash: [5, 4], width: 1 }));
      data.push(forecast(field));
    }
    return [lines, data];
  };
  const constant = (value) => times.map(() => value);
  const limit = { dash: [6, 4], paths: uPlot.paths.linear() };
  const axis = { stroke: () => colour("--soft"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { stroke: () => colour("--line"), width: 1 } };
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];
  const plots = [];

  /// What a panel shows stands in its attributes: the points, and the part of the time.
  const note = (figure) => (plot) => {
    const { min, max } = plot.scales.x;
    Object.assign(figure.dataset, { points: plot.data[0].length, from: min, to: max });
  };
  const panel = (id, lines, data) => {
    const place = document.querySelector(`#${id} .plot`);
    const options = {
      width: Math.max(place.clientWidth, 200), height: 190,
      scales: { x: { time: false }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.05 : 1] } },
      cursor: { sync: { key: "time", scales: ["x", null] }, drag: { x: true, y: false } },
      axes: [
        { ...axis, incrs: steps, values: (_, values) => values.map(length), space: 70 },
        { ...axis, size: 56, values: (_, values) => values.map(number) },
      ],
      series: [{ label: "time", value: (_, value) => value == null ? "–" : length(value) }, ...lines],
      hooks: { drawAxes: [shade], draw: [note(place.parentElement)] },
    };
    plots.push(new uPlot(options, [times, ...data], place));
  };

  panel("load", ...beside(["load", "--load", "load"]));
  const target = report.target == null ? [[], []] : [[line("target", "--limit", limit)], [constant(report.target)]];
  const join = ([lines, data], more) => [[...lines, ...more[0]], [...data, ...more[1]]];
  panel("backlog", ...join(beside(["backlog per task", "--backlog", "backlog_per_task"]), target));
  const needed = [[line("needed", "--needed")], [column("needed")]];
  // Where dashes mean a prediction, the desired count is a thin line.
  const desired = predicted ? { width: 1 } : { dash: [3, 3] };
  panel("tasks", ...join(beside(["desired", "--desired", "desired", desired], ["running", "--running", "running"]), needed));
  panel("wait", ...join(beside(["longest wait", "--wait", "worst_wait"]), [[line("objective", "--limit", limit)], [constant(report.slo)]]));

  const whole = [0, times[times.length - 1] || 1];
  const show = (from, to) => {
    const span = Math.min(Math.max(to - from, 2 * width), whole[1]);
    const begin = Math.min(Math.max(from, 0), whole[1] - span);
    plots.forEach((plot) => plot.setScale("x", { min: begin, max: begin + span }));
  };
  document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
    const { min, max } = plots[0].scales.x, span = max - min, middle = (min + max) / 2;
    switch (button.dataset.zoom) {
      case "in": return show(middle - span / 4, middle + span / 4);
      case "out": return show(middle - span, middle + span);
      case "back": return show(min - span / 2, max - span / 2);
      case "on": return show(min + span / 2, max + span / 2);
      default: return show(...whole);
    }
  }));
  show(...whole);

  const fit = (wide) => plots.forEach((plot) => plot.setSize({ width: Math.max(wide || plot.root.parentElement.clientWidth, 200), height: 190 }));
  const redraw = () => plots.forEach((plot) => plot.redraw(false));
  new ResizeObserver(() => fit()).observe(document.querySelector("main"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  // Paper is light, and as wide as a page.
  addEventListener("beforeprint", () => { root.classList.add("print"); fit(660); redraw(); });
  addEventListener("afterprint", () => { root.classList.remove("print"); fit(); redraw(); });
  root.dataset.ready = "true";
})();
