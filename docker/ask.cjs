// Asks the gateway in this container, for deploy.sh, which runs it by
// `docker exec`: the API key stays in the container's environment and shows on
// no command line.
//
//   node docker/ask.cjs status   lines of name=value
//   node docker/ask.cjs qr       the QR code, drawn in characters
//
// Exit code: 0 answered, 1 no answer, 3 there is no QR code now.
'use strict';
const { get } = require('./local-request.cjs');

const oneLine = (value) =>
  String(value ?? '')
    .replace(/\s+/g, ' ')
    .trim();

async function status() {
  const [health, answer] = await Promise.all([get('/health'), get('/api/whatsapp/status')]);
  const body = JSON.parse(answer.body);
  const { account, reason, qr } = body;
  const lines = {
    health: health.status,
    status: answer.status,
    state: body.status,
    has_qr: body.hasQr,
    attempt: qr?.attempt,
    progress: body.progress,
    message: body.message,
    account: account && [account.name, account.phone ?? account.id].filter(Boolean).join(', '),
    reason: reason?.code,
    reason_message: reason?.message,
    action: reason?.action,
  };
  for (const [name, value] of Object.entries(lines)) process.stdout.write(`${name}=${oneLine(value)}\n`);
}

async function qr() {
  const answer = await get('/api/whatsapp/qr?format=text');
  if (answer.status === 200) process.stdout.write(`${answer.body.replace(/\n+$/, '')}\n`);
  else process.exitCode = 3;
}

const ask = { status, qr }[process.argv[2]];
if (ask === undefined) {
  process.stdout.write('usage: node docker/ask.cjs status|qr\n');
  process.exitCode = 64;
} else {
  ask().catch((error) => {
    process.stdout.write(`no answer: ${oneLine(error.message)}\n`);
    process.exitCode = 1;
  });
}
