// Reads the document that schema.py prints, and writes the TypeScript of its messages: types.mjs FROM TO
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const [from, to] = process.argv.slice(2);
const document = JSON.parse(readFileSync(from, "utf8"));
const nodes = await openapiTS(document, { alphabetize: true, defaultNonNullable: false });
const head = "// Written by `make web-types` from the app's own OpenAPI and AsyncAPI documents; do not edit.\n\n";
writeFileSync(to, head + astToString(nodes));
