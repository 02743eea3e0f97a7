// A long-running program on Node's https. It names no certificates: how it is started decides what it trusts.
'use strict';
const https = require('node:https');
const { createInterface } = require('node:readline');

const REFUSALS = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA)/;
// Every request on a connection of its own; sessions are resumed, as Node has it.
const agent = new https.Agent();

function connect(host, port) {
  return new Promise((answer) => {
    const request = https.get({ host, port, agent, timeout: 10_000 }, (response) => {
      response.resume().on('end', () => answer('accepted'));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => answer(`${REFUSALS.test(error.code) ? 'refused' : 'failed'} ${error.message}`));
  });
}

async function main() {
  console.log(`ready https ${process.versions.node}, OpenSSL ${process.versions.openssl}`);
  for await (const line of createInterface({ input: process.stdin })) {
    const [, host, port] = line.split(' ');
    console.log(await connect(host, port));
  }
}

main();
