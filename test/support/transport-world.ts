import { createHash } from 'node:crypto';

import {
  MediaMissingError,
  NotTakenError,
  OutcomeUnknownError,
  type MessageTransport,
} from '../../src/messages/transport.ts';
import { WwebjsTransport } from '../../src/whatsapp/wwebjs-transport.ts';
import type { SentMessage } from '../simulator/server/messages.ts';
import type { Simulator } from '../simulator/server.ts';
import { FakeTransport } from './fake-transport.ts';
import { RealDriverWorld } from './real-driver-world.ts';

/** A number without an account. */
export const UNKNOWN = '19995550000';

/** The one file that can be sent. */
export const FILE = Buffer.from('%PDF-1.7 a file');

/** Where a send is when its page dies; see `SendStep` of the simulator. */
export type DeathMoment = 'before_add' | 'before_hand_over' | 'recorded';

/** A message as WhatsApp has it. */
export interface ArrivedMessage {
  readonly waId: string;
  /** As `Outgoing` names the types. */
  readonly type: string;
  readonly text: string | undefined;
  readonly caption: string | undefined;
  /** Of its file; null when it has none. */
  readonly sha256: string | null;
  readonly mentions: readonly string[];
  /** The id of the message that it quotes. */
  readonly quoted: string | undefined;
}

/** A transport with the WhatsApp behind it. */
export interface TransportWorld {
  readonly transport: MessageTransport;
  /** Another one to the same page, which soon gives up waiting: for what will not be answered in any case. */
  readonly impatient: MessageTransport;
  /** What WhatsApp has, in the order of its arrival. */
  sent(): ArrivedMessage[];
  /** What the other sides were shown, in order. */
  typing(): readonly { id: string; state: string }[];
  /** Somebody writes. @returns the message's id */
  receive(from: string, body: string): Promise<string>;
  setConnected(connected: boolean): void;
  /** The next hand-over fails in this way. */
  fail(how: 'not_taken' | 'no_answer'): Promise<void>;
  /** The next hand-over takes the page longer than anybody waits. @returns lets the page go on */
  slowDown(): Promise<() => Promise<void>>;
  /** From now on the page knows nobody but those of its chats. */
  forgetStrangers(): Promise<void>;
  heal(): Promise<void>;
  /** The page dies while `send` is there; afterwards there is another one. @returns what `send` threw */
  dieDuring(moment: DeathMoment, send: () => Promise<unknown>): Promise<unknown>;
  stop(): Promise<void>;
}

export function fakeWorld(): Promise<TransportWorld> {
  const transport = new FakeTransport();
  transport.unknownNumbers.add(UNKNOWN);
  transport.files = new Set([sha256Of(FILE)]);
  return Promise.resolve({
    transport,
    impatient: transport,
    sent: () =>
      transport.order.map(({ waId, content }) => ({
        waId,
        type: content.type,
        text: content.type === 'text' ? content.text : undefined,
        caption: 'caption' in content ? content.caption : undefined,
        sha256: 'media' in content ? content.media.sha256 : null,
        mentions: 'mentions' in content ? (content.mentions ?? []) : [],
        quoted: content.quotedMessageId,
      })),
    typing: () => transport.typing,
    receive: (from, body) => {
      const id = `false_${from}_${body}`;
      transport.quotable.add(id);
      return Promise.resolve(id);
    },
    setConnected: (connected) => (transport.connected = connected),
    fail: (how) => {
      const error = how === 'not_taken' ? new NotTakenError('no') : new OutcomeUnknownError('no answer');
      transport.faults.push({ type: 'reject', error });
      return Promise.resolve();
    },
    slowDown: () => {
      transport.faults.push({ type: 'slow' });
      return Promise.resolve(() => {
        for (const waId of [...transport.underWay.keys()]) transport.finish(waId, true);
        return Promise.resolve();
      });
    },
    forgetStrangers: () => Promise.resolve(),
    heal: () => Promise.resolve(),
    dieDuring: (moment, send) => {
      transport.faults.push({ type: moment === 'before_add' ? 'lost' : 'taken_then_lost' });
      return thrownBy(send());
    },
    stop: () => Promise.resolve(),
  });
}

export async function realWorld(vintage: 'serialized' | 'minified'): Promise<TransportWorld> {
  const world = await RealDriverWorld.create({ simulator: { vintage, minifiedName: '$q' } });
  let recorded = await world.ready();
  let connected = true;
  const page = () => (connected ? (world.library(recorded).pupPage ?? null) : null);
  const { simulator } = world;
  const readMedia = (sha256: string) =>
    sha256 === sha256Of(FILE) ? Promise.resolve(FILE) : Promise.reject(new MediaMissingError('no such file'));
  return {
    transport: new WwebjsTransport(page, readMedia),
    impatient: new WwebjsTransport(page, readMedia, { sendMs: 500 }),
    sent: () => simulator.sent().map((sent) => arrivedOf(simulator, sent)),
    typing: () => simulator.world.chatStates,
    receive: (from, body) => simulator.receive({ from, body }),
    setConnected: (is) => (connected = is),
    fail: (how) => simulator.setFault(how === 'not_taken' ? 'sendThrows' : 'sendHangs', true),
    slowDown: () => {
      const hold = simulator.hold('before-add');
      return Promise.resolve(async () => {
        await hold.reached();
        hold.release();
      });
    },
    forgetStrangers: () => simulator.setFault('strangersUnmet', true),
    heal: () => simulator.clearFaults(),
    dieDuring: async (moment, send) => {
      // The library's call settles when the page has the message, whatever the server does.
      const unsettled = simulator.hold('before-resolve');
      const hold = simulator.hold(STEPS[moment]);
      const thrown = thrownBy(send());
      await hold.reached();
      if (moment !== 'before_add') await unsettled.reached();
      await world.crashPage();
      const error = await thrown;
      await recorded.client.stop();
      hold.release();
      unsettled.release();
      recorded = await world.ready();
      return error;
    },
    stop: () => world[Symbol.asyncDispose](),
  };
}

const STEPS = {
  before_add: 'before-add',
  before_hand_over: 'before-hand-over',
  recorded: 'recorded',
} as const;

function arrivedOf(simulator: Simulator, { id, type, chatId, message }: SentMessage): ArrivedMessage {
  const { body, caption, directPath, mentionedJidList, quotedStanzaID } = message as Record<string, unknown>;
  const file = typeof directPath === 'string' ? simulator.media(directPath) : undefined;
  return {
    waId: id,
    type: type === 'chat' ? 'text' : type,
    text: type === 'chat' ? (body as string) : undefined,
    caption: caption as string | undefined,
    sha256: file === undefined ? null : sha256Of(file.data),
    mentions: (mentionedJidList as string[] | undefined) ?? [],
    quoted: quotedStanzaID === undefined ? undefined : `false_${chatId}_${quotedStanzaID as string}`,
  };
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}
