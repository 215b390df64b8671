// Packs what was built, so that the server need not do it at each request.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = new URL("../dist/", import.meta.url).pathname;
for (const name of readdirSync(folder, { recursive: true })) {
  if (!/\.(js|css|svg)$/.test(name)) continue;
  const content = readFileSync(join(folder, name));
  const brotli = {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  };
  writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content, brotli));
  writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
}
