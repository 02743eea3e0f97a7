'use strict';
const assert = require('node:assert');
const https = require('node:https');
const { once } = require('node:events');
const { after, before, beforeEach, test } = require('node:test');
const tls = require('node:tls');
const { exportRoots, exportText, file, get, serve } = require('./scene.js');
const { follow } = require('../index.js');

const UNKNOWN = ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'];
let servers, imported;
before(async () => {
  imported = await import('node:tls');
  servers = { old: await serve('old'), new: await serve('new') };
  exportRoots('old');
  follow(file);
});
after(() => Object.values(servers).forEach((server) => server.close()));
beforeEach(async () => {
  exportRoots('old');
  await get(servers.new);
});

const refused = (answer) => assert.ok(UNKNOWN.includes(answer), answer);

test('an anchor that comes is trusted and one that leaves is not', async () => {
  assert.equal(await get(servers.old), 'accepted');
  refused(await get(servers.new));
  exportRoots('old', 'new');
  assert.deepEqual([await get(servers.old), await get(servers.new)], ['accepted', 'accepted']);
  exportRoots('new');
  assert.equal(await get(servers.new), 'accepted');
  refused(await get(servers.old));
});

test('no session is resumed that is older than a removal', async () => {
  const agent = new https.Agent({ keepAlive: false });
  exportRoots('old', 'new');
  await get(servers.old, agent);
  const { resumed } = servers.old.counts;
  await get(servers.old, agent);
  assert.equal(servers.old.counts.resumed, resumed + 1, 'sessions are resumed as long as nothing leaves');
  exportRoots('new');
  refused(await get(servers.old, agent));
  exportRoots('old', 'new');
  await get(servers.old, agent);
  assert.equal(servers.old.counts.resumed, resumed + 1);
});

test('an idle connection is closed when its anchor leaves, and another one is kept', async () => {
  const agent = new https.Agent({ keepAlive: true });
  exportRoots('old', 'new');
  await get(servers.old, agent);
  await get(servers.new, agent);
  const [idle] = Object.entries(agent.freeSockets).find(([name]) => name.includes(servers.old.port))[1];
  const { connections } = servers.new.counts;
  exportRoots('new');
  await once(idle, 'close');
  refused(await get(servers.old, agent));
  assert.equal(await get(servers.new, agent), 'accepted');
  assert.equal(servers.new.counts.connections, connections);
  agent.destroy();
});

test('a connection that was resumed is closed with whichever anchor leaves', async () => {
  exportRoots('old', 'new');
  const first = tls.connect({ host: 'localhost', servername: 'localhost', port: servers.new.port, maxVersion: 'TLSv1.2' });
  const [session] = await once(first, 'session');
  const second = tls.connect({ host: 'localhost', servername: 'localhost', port: servers.new.port, maxVersion: 'TLSv1.2', session });
  await once(second, 'secureConnect');
  assert.ok(second.isSessionReused());
  exportRoots('new');
  await once(second, 'close');
  first.destroy();
});

test('fetch follows too, and its pool is closed', async () => {
  const ask = (name) => fetch(`https://localhost:${servers[name].port}/`).then(async (response) => {
    await response.text();
    return 'accepted';
  }, (error) => error.cause.code);
  assert.equal(await ask('old'), 'accepted');
  refused(await ask('new'));
  exportRoots('new');
  assert.equal(await ask('new'), 'accepted');
  refused(await ask('old'));
});

test('a module that imported the functions by name follows too', async () => {
  const socket = imported.connect({ host: 'localhost', servername: 'localhost', port: servers.old.port });
  await once(socket, 'secureConnect');
  exportRoots('new');
  await once(socket, 'close');
});

test('a connection that is closed at once harms nothing', async () => {
  const socket = tls.connect({ host: 'localhost', servername: 'localhost', port: servers.old.port });
  let isSecure = false;
  socket.prependOnceListener('secureConnect', () => {
    isSecure = true;
    socket.destroy();
  });
  await once(socket, 'close');
  assert.ok(isSecure);
});

test('a file that cannot be used changes nothing, and is warned of', async () => {
  for (const text of ['', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
    const warned = once(process, 'warning');
    exportText(text);
    assert.equal(await get(servers.old), 'accepted');
    refused(await get(servers.new));
    assert.match(String(await warned), /hub\.pem: .*stays/);
  }
});

test('what brings a ca of its own is left alone', async () => {
  const ca = require('node:fs').readFileSync(file);
  const agent = new https.Agent({ ca, keepAlive: true });
  exportRoots('new');
  assert.equal(await get(servers.old, agent), 'accepted');
  agent.destroy();
});

test('one process follows one file', () => assert.throws(() => follow(file), /already/));
