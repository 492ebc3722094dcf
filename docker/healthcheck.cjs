// The image's HEALTHCHECK: exit code 0 when GET /health answers 200 within 5 s,
// else 1 and one line that says why. A program of its own, in plain Node, so
// that the image needs no curl; silent when all is well, because an engine
// writes every word of it to disk.
'use strict';
const http = require('node:http');

const listening = process.env.HOST ?? '0.0.0.0';
const host = { '0.0.0.0': '127.0.0.1', '': '127.0.0.1', '::': '::1' }[listening] ?? listening;
const port = Number(process.env.PORT ?? 3000);

function fail(why) {
  process.stdout.write(`unhealthy: GET http://${host}:${port}/health: ${why}\n`);
  process.exit(1);
}

const request = http.get({ host, port, path: '/health', timeout: 5000, agent: false }, (response) => {
  response.resume();
  if (response.statusCode !== 200) fail(`answered ${response.statusCode}`);
});
request.on('timeout', () => fail('no answer within 5 s'));
request.on('error', (error) => fail(error.message));
