// Plays the calls on its standard input through the npm package soap; doc.go says how.
'use strict';
const readline = require('node:readline');
const { createRequire } = require('node:module');

// The packages are in the cache, not beside this file.
const soap = createRequire(process.argv[3] + '/package.json')('soap');

async function play(client, call) {
  try {
    const [answer] = await client[call.method + 'Async'](call.args);
    return { value: answer[call.method + 'Return'] };
  } catch (err) {
    const fault = err.root?.Envelope?.Body?.Fault;
    if (!fault) throw err;
    return { fault: fault.faultstring };
  }
}

async function main() {
  const client = await soap.createClientAsync(process.argv[2]);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await play(client, JSON.parse(line))));
  }
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
