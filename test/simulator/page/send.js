// Sending: the message is added here first and handed over to the server independently of the answer.
import { config, faults } from './config.js';
import { chatOf } from './chats.js';
import { Message, messageFromWire, messageToWire } from './messages.js';
import { define } from './registry.js';
import { server } from './server.js';
import { outbox } from './storage.js';

const never = () => new Promise(() => {});
const step = (name, key) => server.call('step', { step: name, key });

async function handOver(message) {
  const key = message.id.toString();
  const wire = messageToWire(message);
  await step('before-hand-over', key);
  if (faults.sendLost) return never();
  const { ack } = await server.call('send', { message: wire });
  if (ack > message.ack || ack < 0) message.set('ack', ack);
  await outbox.remove(key);
  return { messageSendResult: ack < 0 ? 'ERROR_UNKNOWN' : 'OK', t: message.t };
}

async function add(chat, attributes, handedOver) {
  const key = attributes.id.toString();
  await step('before-add', key);
  if (faults.sendHangs) await never();
  const message = new Message(attributes);
  await outbox.add(key, messageToWire(message));
  chat.addMessage(message);
  handedOver(handOver(message));
  if (faults.slowSendMs) await new Promise((resolve) => setTimeout(resolve, faults.slowSendMs));
  await step('before-resolve', key);
  return message;
}

/** Puts what the last page added and did not hand over back into the collections. */
export async function restoreOutbox() {
  if (!config.resendOnReload) return [];
  const messages = (await outbox.all()).map((wire) => messageFromWire(wire));
  return messages.map((message) => chatOf(message.id).addMessage(message, { silent: true }));
}

/** Hands it over now. */
export async function resend(messages) {
  for (const message of messages) await handOver(message);
}

export function addAndSendMsgToChat(chat, attributes) {
  if (faults.sendThrows) throw new Error('simulated: send failed');
  const { promise: handedOver, resolve } = Promise.withResolvers();
  return [add(chat, attributes, resolve), handedOver];
}

define('WAWebSendMsgChatAction', { addAndSendMsgToChat });
define('WAWebGetEphemeralFieldsMsgActionsUtils', {
  getEphemeralFields: (chat) => (chat.ephemeralDuration ? { ephemeralDuration: chat.ephemeralDuration } : {}),
});
define('WAWebLinkPreviewChatAction', { getLinkPreview: async () => null });
