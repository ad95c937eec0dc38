// Unpacks the Chromium of the npm package that package-lock.json names: `node unpack.mjs FOLDER MODULES`.
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const [folder, modules] = process.argv.slice(2);
const require = createRequire(join(modules, "here.js"));
const tar = require("tar-fs");
const packed = join(modules, "@sparticuz/chromium/bin");

const unpack = (name, to) =>
  pipeline(createReadStream(join(packed, name)), createBrotliDecompress(), to);

await mkdir(folder, { recursive: true });
const program = join(folder, "chromium");
await unpack("chromium.br", createWriteStream(program));
await chmod(program, 0o755);
for (const name of ["swiftshader.tar.br", "al2023.tar.br", "fonts.tar.br"]) {
  await unpack(name, tar.extract(folder));
}
await writeFile(join(folder, "fonts.conf"), `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`);
