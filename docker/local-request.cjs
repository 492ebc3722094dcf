// One GET to the gateway in this container, for the programs that stand beside it.
'use strict';
const http = require('node:http');

const listening = process.env.HOST ?? '';
const host = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' }[listening] ?? listening;
const port = Number(process.env.PORT ?? '') || 3000;

/** Resolves to {url, status, body}; rejects after 5 s without an answer. */
exports.get = function get(path) {
  const headers = { accept: 'application/json, text/plain' };
  const key = process.env.API_KEY?.trim();
  if (key) headers['x-api-key'] = key;
  const url = `http://${host}:${port}${path}`;
  return new Promise((resolve, reject) => {
    const request = http.get({ host, port, path, headers, agent: false }, (response) => {
      response.setEncoding('utf8');
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ url, status: response.statusCode, body }));
      response.on('error', reject);
    });
    request.on('error', reject);
    setTimeout(() => request.destroy(new Error('no answer within 5 s')), 5000).unref();
  });
};
