/** The floor of bench/accept.ts over HTTP: Express reads the JSON and answers 202. Nothing is checked or kept. */
import type { AddressInfo } from 'node:net';

import express from 'express';

const app = express();
app.post('/api/messages', express.json(), (request, response) => {
  response.status(202).json({ success: true, message: { ...(request.body as object), status: 'queued' } });
});
const server = app.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
