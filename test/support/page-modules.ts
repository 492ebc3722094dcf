import type { z } from 'zod';

import type { messageViewSchema } from '../../src/http/message-view.ts';
import type { StatusBody } from '../../src/session/status.ts';

/** The page's own modules that need no browser, typed as far as tests use them. */
const ASSETS = new URL('../../src/ui/public/assets/', import.meta.url);

async function load<T>(path: string): Promise<T> {
  return (await import(/* @vite-ignore */ new URL(path, ASSETS).href)) as T;
}

export type MessageView = z.infer<typeof messageViewSchema>;

export type Words = Readonly<Record<string, string>>;

export interface PageModel {
  readonly link: 'connecting' | 'online' | 'offline' | 'locked';
  readonly status: StatusBody | null;
  readonly pending: string | null;
  readonly keyRefused: boolean;
  readonly version: string | null;
  readonly notice: null;
}

export interface CardView {
  readonly face: { readonly busy: boolean; readonly actions: readonly string[] };
  readonly title: string;
  readonly text: string;
  readonly percent: number | null;
  readonly note: object | null;
  readonly items: readonly RemedyItem[];
  readonly details: string | null;
  readonly retry: { readonly at: string | null; readonly words: string } | null;
}

export interface RemedyItem {
  readonly kind: string;
  readonly text: string;
}

export const { en } = await load<{ en: Words }>('words/en.js');
export const { ru } = await load<{ ru: Words }>('words/ru.js');
export const { pickLanguage, hasWords } = await load<{
  pickLanguage: (chosen: string | null, preferred: readonly string[]) => string;
  hasWords: (key: string) => boolean;
}>('js/i18n.js');
export const { formatSpan, formatMoment, formatPhone, formatCode, phoneDigits } = await load<{
  formatSpan: (ms: number) => string;
  formatMoment: (iso: string, language: string, today: Date) => string;
  formatPhone: (digits: string) => string;
  formatCode: (code: string) => string;
  phoneDigits: (typed: string) => string | null;
}>('js/format.js');
export const { GatewayClock } = await load<{
  GatewayClock: new (local: () => number) => {
    now(): number;
    learn(date: string | null, sentAt: number): void;
  };
}>('js/clock.js');
export const { remediesIn } = await load<{ remediesIn: (remedy: string) => RemedyItem[] }>(
  'js/remedies-in.js',
);
export const { accountWords } = await load<{
  accountWords: (account: object) => { initial: string; name: string; line: string };
}>('js/account.js');
export const { cardView } = await load<{ cardView: (model: PageModel) => CardView }>('js/status-view.js');
export const { connectView } = await load<{
  connectView: (model: PageModel, way: 'qr' | 'phone') => { panel: string; title: string; text: string };
}>('js/connect-view.js');

interface Look {
  readonly kind: string;
  readonly tone: string;
  readonly steps: readonly { readonly status: string; readonly at: string }[];
  readonly reason: { readonly words: string | null; readonly details: string | null } | null;
  readonly waitsUntil: string | null;
  readonly action: 'cancel' | 'retry' | null;
}

export const { rowView, chips, withChange, withMove, STATUSES } = await load<{
  rowView: (message: MessageView, now: number) => Look;
  chips: (
    counts: object,
    chosen: string | null,
  ) => { readonly status: string | null; readonly count: number; readonly pressed: boolean }[];
  withChange: (messages: readonly MessageView[], change: object, at: string) => readonly MessageView[];
  withMove: (counts: object, from: string, to: string) => object;
  STATUSES: readonly string[];
}>('traffic/outbox-view.js');
export const { EventFeed, KEPT, TYPES } = await load<{
  EventFeed: new () => {
    add(event: object): void;
    addEarlier(events: readonly object[]): void;
    pause(): void;
    resume(): void;
    clear(): void;
    visible(type: string): readonly { readonly id: string }[];
    waiting(type: string): number;
  };
  KEPT: number;
  TYPES: readonly string[];
}>('traffic/event-feed.js');
export const { eventWords } = await load<{ eventWords: (event: object) => { who: string; what: string } }>(
  'traffic/event-words.js',
);

/** The page's model with a status, online unless told otherwise. */
export function modelWith(status: StatusBody | null, change: Partial<PageModel> = {}): PageModel {
  return { link: 'online', status, pending: null, keyRefused: false, version: null, notice: null, ...change };
}
