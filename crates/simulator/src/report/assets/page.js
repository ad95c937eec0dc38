"use strict";
const all = (selector, of = document) => [...of.querySelectorAll(selector)];
/// Copies the text before a button, or selects it if the browser refuses.
const copy_before = async (button) => {
  const code = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = "selected";
  }
};
/// Makes the drawings of a report react. Again for another report, whose drawings have replaced the first one's.
const react = (report) => {
  const lasts = report.duration, whole = { from: 0, to: lasts, points: report.series };
  const areas = all(".chart .area"), axis = document.querySelector(".axis .xl");
  const labels = axis.innerHTML, drawn = all(".area path[data-y]").map((path) => [path, path.getAttribute("d")]);
  const bars = all("[data-alarm]").map((group) => [group, group.innerHTML]);
  let view = whole;

  /// 90 → "1m 30s": two units at most.
  const length = (seconds) => {
    if (seconds < 0.0005) return "0s";
    if (seconds < 1) return Math.round(seconds * 1000) + "ms";
    if (seconds < 60) return +seconds.toFixed(1) + "s";
    let rest = Math.round(seconds), parts = [];
    for (const [size, name] of [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]]) {
      const some = Math.floor(rest / size);
      if (some > 0) parts.push(some + name);
      else if (parts.length) break;
      rest -= some * size;
      if (parts.length === 2) break;
    }
    return parts.join(" ");
  };
  const number = (value) => value == null ? "–" : value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
  const day = { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" };
  const clock = (at) => new Date(at * 1000).toISOString().slice(11, view.to - view.from < 600 ? 19 : 16);
  const moment = (at) => {
    if (report.begins_at != null) {
      const date = new Date((report.begins_at + at) * 1000);
      return date.toLocaleDateString("en-GB", day).replace(",", "") + " " + clock(report.begins_at + at);
    }
    return lasts > 86400 ? `day ${Math.floor(at / 86400) + 1}, ${clock(at)}` : "after " + length(at);
  };

  /// The points of a part of the time in at most 520 columns: [begin, end, points].
  const columns = (points) => {
    const inside = points.filter((point, place) => point.at > view.from && (points[place - 1]?.at ?? 0) < view.to);
    const many = Math.max(1, Math.ceil(inside.length / 520)), found = [];
    let begin = points[points.indexOf(inside[0]) - 1]?.at ?? (points === whole.points ? 0 : view.from);
    for (let place = 0; place < inside.length; place += many) {
      const group = inside.slice(place, place + many), end = group[group.length - 1].at;
      found.push([begin, end, group]);
      begin = end;
    }
    return found;
  };
  const x = (at) => +(((at - view.from) / (view.to - view.from)) * 1000).toFixed(1);
  const redraw = () => {
    const own = columns(view.points), predicted = report.predicted && columns(report.predicted.series);
    for (const [path, before] of drawn) {
      if (view === whole) { path.setAttribute("d", before); continue; }
      const { y: key, lo } = path.dataset, has = (name) => name in path.dataset;
      const top = +path.closest(".area").dataset.top;
      const y = (value) => +Math.min(100, Math.max(0, 100 - value / top * 100)).toFixed(1);
      const parts = has("predicted") ? predicted : own, value = (point, name) => point[name] ?? point[key] ?? 0;
      let d = "";
      // The course of a time has no means of the backlog, and no least and most.
      if (view.points.length && view.points[0][key] === undefined) {
        path.setAttribute("d", d);
        continue;
      }
      if (has("steps")) {
        parts.forEach(([begin, end, points]) => {
          const at = y(Math.max(...points.map((point) => value(point, key))));
          d += (d ? `V${at}` : `M${x(begin)} ${at}`) + `H${x(end)}`;
        });
        if (has("area") && d) d += `V100H${x(parts[0][0])}Z`;
      } else {
        const middle = ([begin, end]) => x((begin + end) / 2);
        const mean = (points) => points.reduce((sum, point) => sum + value(point, key), 0) / points.length;
        const most = (points) => Math.max(...points.map((point) => value(point, key)));
        const least = (points) => lo ? Math.min(...points.map((point) => value(point, lo))) : 0;
        d = parts.map((part, place) => `${place ? "L" : "M"}${middle(part)} ${y((has("band") ? most : mean)(part[2]))}`).join("");
        if (has("band") && d) d += [...parts].reverse().map((part) => `L${middle(part)} ${y(least(part[2]))}`).join("") + "Z";
      }
      path.setAttribute("d", d);
    }
    for (const [group, before] of bars) {
      group.innerHTML = before;
      if (view === whole) continue;
      const bar = group.querySelector("rect"), key = group.dataset.alarm;
      group.replaceChildren(...own.filter(([, , points]) => bar && points.some((point) => point[key])).map(([begin, end]) => {
        const one = bar.cloneNode();
        one.setAttribute("x", x(begin));
        one.setAttribute("width", x(end) - x(begin));
        return one;
      }));
    }
    if (view === whole) axis.innerHTML = labels;
    else {
      const span = view.to - view.from, steps = innerWidth < 640 ? 2 : 5;
      axis.innerHTML = Array.from({ length: steps }, (_, place) => {
        const at = view.from + span * place / steps;
        return `<span style="left:${place / steps * 100}%;display:inline">${place ? (report.begins_at != null || lasts > 3600 ? clock((report.begins_at ?? 0) + at) : length(at)) : moment(at)}</span>`;
      }).join("");
    }
  };
  /// Numbers the events of the chosen time, above the charts and as lines through them.
  const number_events = (chosen) => {
    all(".event").forEach((line) => line.remove());
    const numbers = document.getElementById("numbers"), row = numbers.querySelector(".row");
    all("ol.events").forEach((list) => { list.hidden = list.dataset.late !== chosen; });
    const events = chosen == null ? [] : all(`ol.events[data-late="${chosen}"] li`);
    numbers.hidden = !events.length;
    let last = -20;
    events.forEach((event, place) => {
      const left = x(+event.dataset.at) / 10, width = row.clientWidth / 100;
      // Numbers that would overlap stand side by side.
      const shift = Math.max(0, last + 19 - left * width);
      last = left * width + shift;
      [row, ...areas].forEach((area) => {
        const line = document.createElement(area === row ? "b" : "i");
        line.className = "event";
        line.style.left = area === row ? `calc(${left}% + ${shift}px)` : left + "%";
        if (area === row) line.textContent = place + 1;
        area.append(line);
      });
    });
  };
  const show = (next, chosen) => {
    view = next;
    Object.assign(document.getElementById("time").dataset, { from: view.from, to: view.to });
    document.getElementById("zoom").hidden = view === whole;
    document.getElementById("zoomed").textContent = `${moment(view.from)} to ${moment(view.to)}`;
    all("tr[data-late]").forEach((row) => row.classList.toggle("chosen", row.dataset.late === chosen));
    redraw();
    number_events(chosen);
  };
  const part = (from, to) => {
    const least = 4 * lasts / Math.max(report.series.length, 4), middle = (from + to) / 2;
    const half = Math.min(Math.max(to - from, least), lasts) / 2;
    const begin = Math.min(Math.max(middle - half, 0), lasts - 2 * half);
    return { from: begin, to: begin + 2 * half, points: report.series };
  };
  document.getElementById("whole").addEventListener("click", () => show(whole));
  all("button[data-late]").forEach((button) => button.addEventListener("click", () => {
    const { course } = report.late_times.worst[button.dataset.late], [first, next] = course;
    if (course.length < 2) return;
    const from = Math.max(0, 2 * first.at - next.at);
    show({ from, to: course[course.length - 1].at, points: course }, button.dataset.late);
    document.getElementById("time").scrollIntoView();
  }));

  /// What a chart's values are where the pointer is.
  const read = {
    load: (point) => `${number(point.load)}/s`,
    tasks: (point) => `desired ${number(point.desired)}, running ${number(point.running)}, needed ${number(point.needed)}`,
    backlog: (point) => point.backlog == null ? `at most ${number(point.backlog_max)}` : `mean ${number(point.backlog)}, at most ${number(point.backlog_max)}`,
    wait: (point) => length(point.worst_wait),
  };
  const point = (at) => {
    areas.forEach((area) => {
      const line = area.querySelector(".cursor");
      line.style.cssText = at == null ? "" : `display:block;left:${x(at) / 10}%`;
    });
    const found = at == null ? null : view.points.find((one) => one.at >= at) ?? view.points[view.points.length - 1];
    all(".chart").forEach((chart) => {
      const told = read[chart.id];
      if (told) chart.querySelector("output").textContent = found ? `${chart.id === "load" ? moment(at) + ": " : ""}${told(found)}` : "";
    });
  };
  const time = (area, event) => {
    const box = area.getBoundingClientRect(), share = (event.clientX - box.left) / box.width;
    return view.from + Math.min(Math.max(share, 0), 1) * (view.to - view.from);
  };
  let dragged = null;
  areas.forEach((area) => {
    area.addEventListener("pointermove", (event) => {
      const at = time(area, event);
      point(at);
      if (dragged == null) return;
      const [from, to] = [Math.min(dragged, at), Math.max(dragged, at)].map((one) => x(one) / 10);
      areas.forEach((one) => {
        const line = one.querySelector(".cursor");
        line.className = "cursor range";
        line.style.cssText = `display:block;left:${from}%;width:${to - from}%`;
      });
    });
    area.addEventListener("pointerleave", () => dragged == null && point(null));
    area.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      event.preventDefault();
      dragged = time(area, event);
      area.setPointerCapture(event.pointerId);
    });
    area.addEventListener("pointerup", (event) => {
      if (dragged == null) return;
      const [from, to] = [dragged, time(area, event)].sort((one, other) => one - other);
      dragged = null;
      areas.forEach((one) => { one.querySelector(".cursor").className = "cursor"; });
      point(null);
      if (to - from > (view.to - view.from) / 100) show(part(from, to));
    });
    area.addEventListener("dblclick", () => show(whole));
  });
  all(":is(#first, #rest) .copy").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => copy_before(button));
  });
  onbeforeprint = () => { show(whole); all("details").forEach((one) => { one.open = true; }); };
  document.documentElement.classList.add("ready");
  document.documentElement.dataset.ready = "true";
};
react(JSON.parse(document.getElementById("data").textContent));
