// Holds an AsyncAPI document to the reference parser, which knows the specification and its rules.
//
// Reads the document from standard input. Writes each error and warning as a line; the exit status
// says whether there was none. @asyncapi/parser is a development dependency of the root package.json.

import { text } from "node:stream/consumers";

import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(await text(process.stdin));
// 0 is an error, 1 a warning; what is below is advice, such as to use the latest version.
const wrong = diagnostics.filter(({ severity }) => severity <= 1);
for (const { code, message, path } of wrong) console.log(`${code} ${path.join(".")}: ${message}`);
if (document) console.log(`${document.operations().all().length} operations`);
process.exitCode = document && wrong.length === 0 ? 0 : 1;
