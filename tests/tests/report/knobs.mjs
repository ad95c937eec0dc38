// Runs the simulator that a report's page contains: node knobs.mjs PAGE REQUEST. Prints the answer as JSON.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const [page, request] = process.argv.slice(2);
const html = readFileSync(page, "utf8");
const unpack = (id) => {
  const [, text] = html.match(new RegExp(`<script id="${id}"[^>]*>([^<]*)</script>`));
  return gunzipSync(Buffer.from(text, "base64"));
};
const { instance: { exports: simulator } } = await WebAssembly.instantiate(unpack("simulator"), {});
const call = (name, bytes) => {
  const at = simulator.knobs_reserve(bytes.length);
  new Uint8Array(simulator.memory.buffer, at, bytes.length).set(bytes);
  simulator[name]();
  const answer = new Uint8Array(simulator.memory.buffer, simulator.knobs_answer_at(), simulator.knobs_answer_length());
  return new TextDecoder().decode(answer);
};
const opened = call("knobs_open", unpack("experiment"));
if (opened !== "{}") throw new Error(opened);
const began = performance.now();
const answer = call("knobs_run", new TextEncoder().encode(request));
process.stderr.write(`${Math.round(performance.now() - began)} ms, ${Math.round(process.cpuUsage().user / 1000)} ms of CPU\n`);
process.stdout.write(answer);
