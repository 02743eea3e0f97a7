// What every test needs: certificates, a folder as the agent exports it, and HTTPS servers.
'use strict';
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'trust-adapter-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
execFileSync('sh', [path.join(__dirname, '../../pki.sh'), folder]);
const pem = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
const file = path.join(folder, 'exports/services/hub.pem');
let generation = 0;

/** What the agent does: a new generation, and one rename. */
function exportText(text) {
  const name = `..release-${++generation}`;
  const exports = path.join(folder, 'exports');
  fs.mkdirSync(path.join(exports, name, 'services'), { recursive: true });
  fs.writeFileSync(path.join(exports, name, 'services/hub.pem'), text);
  if (generation === 1) fs.symlinkSync('..data/services', path.join(exports, 'services'));
  fs.symlinkSync(name, path.join(exports, '..next'));
  fs.renameSync(path.join(exports, '..next'), path.join(exports, '..data'));
}

const exportRoots = (...names) => exportText(names.map((name) => pem(`${name}-root.pem`)).join('# a comment\n'));

/** A server of `localhost` under this root; it says how many connections it took, and how many of these were resumed. */
async function serve(name) {
  const counts = { connections: 0, resumed: 0 };
  const server = https.createServer({ cert: pem(`${name}.pem`), key: pem(`${name}.key`) }, (_, response) => response.end('ok\n'));
  server.on('secureConnection', (socket) => {
    counts.connections += 1;
    counts.resumed += socket.isSessionReused() ? 1 : 0;
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  server.unref();
  const close = () => { server.closeAllConnections(); server.close(); };
  return { port: server.address().port, counts, close };
}

/** `accepted`, or the code of the error. */
function get(server, agent) {
  return new Promise((resolve) => {
    https.get({ host: 'localhost', port: server.port, agent }, (response) => response.resume().on('end', () => resolve('accepted')))
      .on('error', (error) => resolve(error.code ?? error.message));
  });
}

module.exports = { exportRoots, exportText, file, get, serve };
