// The image's HEALTHCHECK: exit code 0 when GET /health answers 200 within 5 s,
// else 1 and one line that says why. In plain Node, so that the image needs no
// curl; silent when all is well, because an engine writes every word to disk.
'use strict';
const { get } = require('./local-request.cjs');

function unhealthy(why) {
  process.stdout.write(`unhealthy: GET /health: ${why}\n`);
  process.exitCode = 1;
}

get('/health').then(
  ({ status }) => status === 200 || unhealthy(`answered ${status}`),
  (error) => unhealthy(error.message),
);
