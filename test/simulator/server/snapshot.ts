import type { Journal } from './journal.ts';
import type { World } from './world.ts';

/** Everything that a page needs to be a linked device: account, people, chats with their newest messages. */
export function snapshot(world: World, journal: Journal, from: number): Record<string, unknown> {
  const { options, directory, chats, groups, messages } = world;
  return {
    account: options.account,
    me: directory.me,
    seen: from,
    people: [...directory.people.values()],
    groups: groups.all.filter(({ participants }) => participants.some(({ id }) => id === directory.me.id)),
    chats: chats.all.map((chat) => ({
      ...chat,
      messages: messages
        .ofChat(chat.id)
        .filter((message) => !journal.announcedAfter(message, from))
        .slice(-options.initialMessages),
    })),
    sync: { ms: options.syncMs, progress: options.progress },
  };
}
