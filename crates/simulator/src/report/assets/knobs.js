"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  if (!window.Worker || !window.WebAssembly || !window.DecompressionStream) return;
  const [first, rest, change, now, state] = ["first", "rest", "change", "now", "state"].map(find);
  const tiles = () => Object.fromEntries(["within", "cost", "p99", "peak"].map((id) => [id, find(id).querySelector(".big").textContent.trim()]));
  const own = {
    first: first.innerHTML, rest: rest.innerHTML, tiles: tiles(), broken: document.body.classList.contains("broken"),
    report: JSON.parse(find("data").textContent),
  };
  const copies = all(".copy", change).map((button) => [button, button.textContent]);
  const knobs = all(".knob").map((one) => {
    const input = one.querySelector("input, select");
    return { one, input, text: input.type === "text", name: one.dataset.knob, now: +one.dataset.now, values: JSON.parse(one.dataset.values), label: one.querySelector("label").firstChild.textContent };
  });

  /// The simulator, in a thread of its own. It simulates one run, then the range, then what AWS doesn't document.
  const work = () => {
    let simulator;
    const call = (name, text) => {
      const bytes = new TextEncoder().encode(text), at = simulator.knobs_reserve(bytes.length);
      new Uint8Array(simulator.memory.buffer, at, bytes.length).set(bytes);
      simulator[`knobs_${name}`]();
      return new TextDecoder().decode(new Uint8Array(simulator.memory.buffer, simulator.knobs_answer_at(), simulator.knobs_answer_length()));
    };
    const simulate = async ({ module, experiment, turns, id }) => {
      simulator = (await WebAssembly.instantiate(module, {})).exports;
      const opened = JSON.parse(call("open", experiment));
      if (opened.error) { postMessage({ id, answer: opened }); return; }
      for (const extent of ["phase", "phases", "all"]) {
        const began = performance.now(), answer = JSON.parse(call("run", JSON.stringify({ turns, extent })));
        const took = performance.now() - began;
        // What AWS doesn't document takes up to a hundred runs.
        const last = answer.error || extent === "all" || (extent === "phases" && took > 4000);
        postMessage({ id, answer, extent, took, last });
        if (last) return;
      }
    };
    // A trap in the module, or no memory, rejects the promise, which isn't an error event of the worker.
    onmessage = ({ data }) => simulate(data).catch((error) => {
      postMessage({ id: data.id, answer: { error: { message: `The simulator stopped: ${error.message}` } }, last: true });
    });
  };
  const source = URL.createObjectURL(new Blob([`"use strict";(${work})();`], { type: "text/javascript" }));
  let worker = null, id = 0, waiting = null, words = "";
  const unpack = (name) => {
    const bytes = Uint8Array.from(atob(find(name).textContent.trim()), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  };
  let ready = null;
  const prepare = () => ready ??= Promise.all([
    unpack("simulator").arrayBuffer().then((bytes) => WebAssembly.compile(bytes)), unpack("experiment").text(),
  ]);

  /// A knob's value and the text for it: the chosen one, or the definition's.
  const chosen = (knob) => knob.text ? [knob.input.value.trim(), knob.input.value.trim()] : knob.values[+knob.input.value];
  const given = (knob) => knob.values[knob.now];
  const turned = () => knobs.filter((knob) => !knob.one.hidden && chosen(knob)[0] !== given(knob)[0]);
  const show = (first_html, rest_html, broken, report) => {
    [first.innerHTML, rest.innerHTML] = [first_html, rest_html];
    document.body.classList.toggle("broken", broken);
    react(report);
  };
  const stale = (is) => {
    [first, rest, change, ...all("[data-tile]", now)].forEach((part) => part.classList.toggle("stale", is));
    // What can be copied is of the values before.
    change.inert = is;
  };
  const say = (text, wrong = false) => {
    state.textContent = text;
    now.classList.toggle("wrong", wrong);
    document.documentElement.dataset.knobs = wrong ? "wrong" : "computing";
  };
  const fill = () => {
    const found = tiles();
    all("[data-tile]", now).forEach((one) => {
      const tile = one.dataset.tile;
      one.querySelector("b").textContent = found[tile];
      one.querySelector("small").textContent = found[tile] === own.tiles[tile] ? "as before" : `was ${own.tiles[tile]}`;
    });
  };
  const answered = ({ answer, extent, took, last }) => {
    if (answer.error) {
      say([answer.error.message, answer.error.help].filter(Boolean).join(": "), true);
      change.hidden = true;
      return;
    }
    show(answer.first, answer.rest, !answer.meets, answer.report);
    stale(false);
    const line = document.createElement("p");
    line.className = "changed";
    line.textContent = `Changed in this page: ${words}. The definition’s values are in brackets.`;
    find("verdict").after(line);
    find("yaml").textContent = answer.yaml;
    find("yaml").parentElement.hidden = !answer.yaml;
    find("same").textContent = answer.command ?? answer.arguments.join(" ");
    change.hidden = false;
    copies.forEach(([button, text]) => { button.textContent = text; });
    fill();
    const runs = answer.report.phases?.runs, seconds = (took / 1000).toFixed(took < 1000 ? 2 : 1);
    const simulated = extent === "phase" ? `One run, in ${seconds} s.` : `Range of ${runs} phases.`;
    say(simulated + (last ? "" : extent === "phase" ? " The range follows …" : " What AWS doesn’t document follows …"));
    document.documentElement.dataset.knobs = last ? "done" : extent;
  };
  const stop = () => {
    id += 1;
    worker?.terminate();
    worker = null;
    clearTimeout(waiting);
  };
  const reset = () => {
    stop();
    knobs.forEach((knob) => { knob.input.value = knob.text ? given(knob)[0] : knob.now; label(knob); });
    arrange();
    stale(false);
    show(own.first, own.rest, own.broken, own.report);
    now.hidden = change.hidden = true;
    document.documentElement.dataset.knobs = "reset";
  };
  const simulate = async () => {
    stop();
    const mine = id, turns = Object.fromEntries(turned().map((knob) => [knob.name, chosen(knob)[0]]));
    words = turned().map((knob) => `${knob.label.toLowerCase()} ${chosen(knob)[1]} (${given(knob)[1]})`).join(", ");
    if (!Object.keys(turns).length) { reset(); return; }
    now.hidden = false;
    if (!all("[data-tile] b", now).some((one) => one.textContent)) fill();
    stale(true);
    say("Simulating …");
    waiting = setTimeout(async () => {
      try {
        const [module, experiment] = await prepare();
        if (mine !== id) return;
        worker = new Worker(source);
        worker.onmessage = ({ data }) => data.id === id && answered(data);
        worker.onerror = (event) => { event.preventDefault(); say(`The simulator stopped: ${event.message}`, true); };
        worker.postMessage({ module, experiment, turns, id: mine });
      } catch (error) {
        say(`The simulator can’t run here: ${error.message}`, true);
      }
    }, 80);
  };
  const label = (knob) => {
    const [value, text] = chosen(knob), output = knob.one.querySelector("output");
    if (output) { output.textContent = text; knob.input.setAttribute("aria-valuetext", text); }
    knob.one.classList.toggle("turned", value !== given(knob)[0]);
  };
  /// Only the knobs that mean something for the chosen policy, and the minimum of a schedule if there is one.
  const arrange = () => {
    const value = (name) => { const knob = knobs.find((one) => one.name === name); return knob && chosen(knob)[0]; };
    const policy = value("policy"), hours = value("schedule");
    for (const { one, name } of knobs) {
      const policies = one.dataset.policies.split(" ").filter(Boolean);
      one.hidden = (policies.length > 0 && !policies.includes(policy)) || (name === "schedule_min" && ["none", "own"].includes(hours));
    }
  };
  knobs.forEach((knob) => knob.input.addEventListener(knob.text ? "change" : "input", () => { label(knob); arrange(); simulate(); }));
  find("reset").addEventListener("click", reset);
  for (const [button, text] of copies) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await copy_before(button);
      setTimeout(() => { button.textContent = text; }, 2000);
    });
  }
  const section = find("whatif");
  section.hidden = false;
  arrange();
  for (const kind of ["pointerover", "focusin"]) section.addEventListener(kind, () => prepare().catch(() => {}), { once: true });
})();
