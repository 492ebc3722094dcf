import type { Typing } from '../../src/messages/chats.ts';
import {
  MediaMissingError,
  NotConnectedError,
  OutcomeUnknownError,
  RejectedError,
  type LookUp,
  type MessageTransport,
  type Receipt,
  type SendableMessage,
  type SentMessage,
} from '../../src/messages/transport.ts';

/** What the next hand-over meets. */
export type Fault =
  | { readonly type: 'reject'; readonly error: Error }
  /** The page takes it and dies before it can say so. */
  | { readonly type: 'taken_then_lost' }
  /** The page dies before it takes it. */
  | { readonly type: 'lost' }
  | { readonly type: 'hang'; readonly until: Promise<unknown> }
  /** The page is so slow that the wait for it ends first; `finish` lets it take the message. */
  | { readonly type: 'slow' };

/** A page with a WhatsApp behind it, in memory: it knows what it has taken and counts what was delivered. */
export class FakeTransport implements MessageTransport {
  /** What WhatsApp has, by id; the value counts how often it was handed over. */
  readonly delivered = new Map<string, { readonly message: SendableMessage; handOvers: number }>();
  readonly order: SendableMessage[] = [];
  readonly lookUps: string[] = [];
  readonly resolved: string[] = [];
  readonly unknownNumbers = new Set<string>();
  /** Files that can be read; null: all. */
  files: Set<string> | null = null;
  /** Messages that can be quoted. */
  readonly quotable = new Set<string>();
  /** The acknowledgement that a hand-over answers with. */
  ack = 1;
  connected = true;
  faults: Fault[] = [];
  lookUpFaults: Error[] = [];
  /** The page does not answer when it is asked for one of these. */
  readonly neverFound = new Set<string>();
  /** What the page is still sending, by id, although nobody waits for it any more. */
  readonly underWay = new Map<string, () => void>();
  /** What was shown, in order. */
  readonly typing: { readonly id: string; readonly state: Typing }[] = [];
  typingFaults: Error[] = [];

  async send(message: SendableMessage): Promise<Receipt> {
    if (!this.connected) throw new NotConnectedError('not connected');
    const fault = this.faults.shift();
    if (fault?.type === 'hang') await fault.until;
    if (fault?.type === 'reject') throw fault.error;
    const { chatId, content } = message;
    if (this.unknownNumbers.has(chatId.replace('@c.us', ''))) throw new RejectedError('no such chat');
    if ('media' in content && this.files?.has(content.media.sha256) === false) {
      throw new MediaMissingError('no such file');
    }
    const quoted = content.quotedMessageId;
    const sent = [...this.delivered].map(([id, each]) => `true_${each.message.chatId}_${id}`);
    if (quoted !== undefined && !this.quotable.has(quoted) && !sent.includes(quoted))
      throw new RejectedError('no such message');
    if (fault?.type === 'slow' || this.underWay.has(message.waId)) {
      this.underWay.set(message.waId, () => this.#take(message));
      throw new OutcomeUnknownError('no answer within 30000 ms');
    }
    if (fault?.type === 'lost') throw new OutcomeUnknownError('Target closed');
    this.#take(message);
    if (fault?.type === 'taken_then_lost') throw new OutcomeUnknownError('Target closed');
    return { ack: this.ack };
  }

  async lookUp(waId: string): Promise<LookUp> {
    await Promise.resolve();
    this.lookUps.push(waId);
    if (!this.connected) throw new NotConnectedError('not connected');
    const fault = this.lookUpFaults.shift();
    if (fault !== undefined) throw fault;
    if (this.neverFound.has(waId)) throw new OutcomeUnknownError('no answer within 15000 ms');
    const known = this.delivered.get(waId);
    if (known === undefined) {
      return this.underWay.has(waId) ? { found: false, isUnderWay: true } : { found: false };
    }
    return { found: true, ack: this.ack, id: `true_${known.message.chatId}_${waId}` };
  }

  async lookUpAll(messages: readonly SentMessage[]): Promise<LookUp[]> {
    if (!this.connected) throw new NotConnectedError('not connected');
    return Promise.all(messages.map(({ waId }) => this.lookUp(waId)));
  }

  async resolveNumber(digits: string): Promise<string | null> {
    await Promise.resolve();
    if (!this.connected) throw new NotConnectedError('not connected');
    this.resolved.push(digits);
    return this.unknownNumbers.has(digits) ? null : `${digits}@c.us`;
  }

  async showTyping(id: string, state: Typing): Promise<void> {
    await Promise.resolve();
    if (!this.connected) throw new NotConnectedError('not connected');
    const fault = this.typingFaults.shift();
    if (fault !== undefined) throw fault;
    this.typing.push({ id, state });
  }

  /** A slow page is done. @param taken false: it gives up instead */
  finish(waId: string, taken: boolean): void {
    const take = this.underWay.get(waId);
    this.underWay.delete(waId);
    if (taken) take?.();
  }

  #take(message: SendableMessage): void {
    const known = this.delivered.get(message.waId);
    if (known !== undefined) known.handOvers += 1;
    else {
      this.delivered.set(message.waId, { message, handOvers: 1 });
      this.order.push(message);
    }
  }

  texts(): string[] {
    return this.order.map(({ content }) => (content.type === 'text' ? content.text : content.type));
  }
}
