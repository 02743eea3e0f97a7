// Makes this process trust the CA certificates of one file, whatever they are at each connection.
//
// Node reads its certificates once, and `tls.setDefaultCACertificates` (22.19, 24.5) leaves open connections alone, and
// cached sessions, which resume without verification. So this looks at the file before each connection. Where an anchor has
// left, no older session is resumed, and what is connected under it is closed. What brings a `ca` of its own is left alone.
'use strict';
const { X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const path = require('node:path');
const tls = require('node:tls');

const POLL_MILLISECONDS = 10_000; // for connections that idle where a file system tells nothing of changes
const { connect, createSecureContext } = tls;
const roots = new Map(); // open socket -> fingerprint of the anchor that it was verified under
let sessions = new WeakSet(); // those that were made since the last anchor left
let file, mark, complaint, anchors = new Map(); // fingerprint -> PEM

/** Follows this PEM file from now on; throws where it cannot be used at first. */
function follow(name) {
  if (file !== undefined) throw new Error(`trust-adapter follows ${file} already`);
  if (!name) throw new Error('trust-adapter: name the file of CA certificates, or set SSL_CERT_FILE');
  take(read(name), state(name));
  file = path.resolve(name);
  tls.connect = connectFollowing;
  if (!tls.setDefaultCACertificates) tls.createSecureContext = createContextFollowing;
  syncBuiltinESMExports();
  setInterval(check, POLL_MILLISECONDS).unref();
  watch(path.dirname(file));
}

/** Looks at the file, and takes what it holds if that has changed; a file that cannot be used changes nothing. */
function check() {
  let found;
  try {
    found = state(file);
    if (found !== mark) take(read(file), found);
    complaint = undefined;
  } catch (error) {
    if (complaint !== error.message) process.emitWarning(`${file}: ${error.message}; what was trusted before stays`);
    complaint = error.message;
  }
}

function state(name) {
  const { dev, ino, mtimeNs, size } = fs.statSync(name, { bigint: true });
  return [dev, ino, mtimeNs, size].join();
}

function read(name) {
  const blocks = fs.readFileSync(name, 'latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (!blocks) throw new Error('no certificate in it');
  return new Map(blocks.map((pem) => [new X509Certificate(pem).fingerprint256, pem]));
}

function take(next, found) {
  tls.setDefaultCACertificates?.([...next.values()]);
  const left = [...anchors.keys()].some((fingerprint) => !next.has(fingerprint));
  [anchors, mark] = [next, found];
  if (!left) return;
  sessions = new WeakSet();
  // Without an error: one that nobody listens to would end the process.
  for (const [socket, root] of roots) if (!anchors.has(root)) socket.destroy();
}

function connectFollowing(...args) {
  check();
  const at = args.findIndex((argument) => argument !== null && typeof argument === 'object');
  const options = args[at] ?? {};
  if (options.session && !sessions.has(options.session)) args[at] = { ...options, session: undefined };
  const socket = connect.apply(this, args);
  socket.on('session', (session) => sessions.add(session));
  if (!options.ca && !options.secureContext) {
    socket.prependOnceListener('secureConnect', () => roots.set(socket, rootOf(socket)));
    socket.once('close', () => roots.delete(socket));
  }
  return socket;
}

/** The end of the chain; a resumed session has lost it, and its connection is then closed with whichever anchor leaves. */
function rootOf(socket) {
  let certificate = socket.getPeerCertificate(true); // none where somebody has closed the connection already
  while (certificate?.issuerCertificate && certificate.issuerCertificate !== certificate) {
    certificate = certificate.issuerCertificate;
  }
  return certificate?.fingerprint256;
}

function createContextFollowing(options = {}) {
  return createSecureContext.call(this, options.ca ? options : { ...options, ca: [...anchors.values()] });
}

/** The agent's exports change by a rename of `..data`, in the file's folder or above it. */
function watch(folder) {
  const holds = fs.existsSync(path.join(folder, '..data'));
  if (!holds && folder !== path.dirname(folder)) return watch(path.dirname(folder));
  if (holds) fs.watch(folder, { persistent: false }, check).on('error', () => {});
}

module.exports = { follow };
