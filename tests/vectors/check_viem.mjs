// Holds digests and signers to viem, an independent implementation of EIP-712 and EIP-191.
//
// Reads one JSON object a line from standard input: {document, digest} or {text, digest}, and with
// {signature, signer} whom it has to name. Writes each mismatch as a line and how many were right;
// the exit status says whether all were. viem is a development dependency of the root package.json.

import { createInterface } from "node:readline";

import { hashMessage, hashTypedData, recoverMessageAddress, recoverTypedDataAddress } from "viem";

// JSON numbers end at 2**53: a document holds larger integers as text, and so it may its chain id.
const typedData = ({ domain, ...rest }) => ({
  ...rest,
  domain: { ...domain, chainId: BigInt(domain.chainId) },
});

async function check({ document, text, digest, signature, signer }) {
  const message = document && typedData(document);
  const found = document ? hashTypedData(message) : hashMessage(text);
  if (found !== digest) return `digest ${found}, expected ${digest}`;
  if (!signature) return null;
  const named = document
    ? await recoverTypedDataAddress({ ...message, signature })
    : await recoverMessageAddress({ message: text, signature });
  return named === signer ? null : `signer ${named}, expected ${signer}`;
}

let right = 0;
let wrong = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const vector = JSON.parse(line);
  const mismatch = await check(vector);
  if (mismatch === null) right += 1;
  else {
    wrong += 1;
    console.log(`${mismatch}: ${line}`);
  }
}
console.log(`${right} right, ${wrong} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
