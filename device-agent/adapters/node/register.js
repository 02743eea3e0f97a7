// Without a change of code: `node --require trust-adapter/register`, or `--import`, with the file's name in SSL_CERT_FILE.
'use strict';
require('./index.js').follow(process.env.SSL_CERT_FILE);
