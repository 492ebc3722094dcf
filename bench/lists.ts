/**
 * A page of the list of chats, and of people, of a large account: the first request after `ready`, and those after it;
 * all pages, one after another; a search. Beside them, in the same run and on as large an account, what the bare library
 * does for the list of chats, which has no pages.
 *
 *   node bench/lists.ts [--chats 5000] [--rounds 30] [--smoke]
 */
import { startSimulator, type Simulator } from '../test/simulator/server.ts';
import { startLinkedGateway } from './support/linked-gateway.ts';
import { startLinkedLibrary } from './support/linked-library.ts';
import { median, percentile, print } from './support/report.ts';
import { sizes } from './support/sizes.ts';

const GOAL_MS = 100;
const LIBRARY_ROUNDS = 3;
const { chats, rounds } = sizes({ chats: [5_000, 50], rounds: [30, 2] });

const contacts = Array.from({ length: chats }, (_, index) => ({
  pn: String(15_550_100_000 + index),
  lid: String(200_000_000_100_000 + index),
  // One in five is not in the address book.
  ...(index % 5 !== 0 && { name: `${['Alice', 'Bob', 'Óscar', 'Юлия'][index % 4] ?? ''} ${index}` }),
  pushname: `someone ${index}`,
}));

/** No two of one second next to each other, in no order. */
function giveTimes(simulator: Simulator): void {
  for (const [index, chat] of simulator.world.chats.all.entries()) {
    chat.t = 1_750_000_000 + ((index * 7_919) % (chats * 2));
  }
}

interface Listing {
  readonly nextCursor: string | null;
  readonly chats?: readonly { readonly id: string }[];
  readonly contacts?: readonly { readonly id: string }[];
}

await using gateway = await startLinkedGateway({ simulator: { contacts, groups: [] }, before: giveTimes });

async function ask(path: string): Promise<{ ms: number; ids: string[]; next: string | null }> {
  const started = performance.now();
  const response = await fetch(gateway.url + path);
  const body = (await response.json()) as Listing;
  const ms = performance.now() - started;
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
  return { ms, ids: (body.chats ?? body.contacts ?? []).map(({ id }) => id), next: body.nextCursor };
}

async function measure(list: 'chats' | 'contacts'): Promise<string[][]> {
  const path = `/api/${list}?limit=50`;
  const first = await ask(path);
  const later: number[] = [];
  for (let round = 0; round < rounds; round += 1) later.push((await ask(path)).ms);
  const searches: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    searches.push((await ask(`${path}&search=${17 + round}`)).ms);
  const seen = new Set(first.ids);
  const walked = [first.ms];
  for (let { next } = first; next !== null;) {
    const page = await ask(`${path}&cursor=${encodeURIComponent(next)}`);
    for (const id of page.ids) seen.add(id);
    walked.push(page.ms);
    next = page.next;
  }
  // The account is in its own list of people.
  if (seen.size < chats || seen.size > chats + 1) throw new Error(`${list}: ${seen.size} of ${chats}`);
  const row = (name: string, values: readonly number[]) => [
    `${list}, ${name}`,
    `p50 ${median(values).toFixed(1)} ms`,
    `p99 ${percentile(values, 0.99).toFixed(1)} ms`,
  ];
  return [
    [`${list}, the first request`, `${first.ms.toFixed(1)} ms`],
    [
      ...row('first page, after that', later),
      `goal <= ${GOAL_MS} ms: ${median(later) <= GOAL_MS ? 'met' : 'missed'}`,
    ],
    row('a search', searches),
    row(`all ${walked.length} pages, each`, walked),
  ];
}

const idle: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const started = performance.now();
  await (await fetch(`${gateway.url}/health`)).text();
  idle.push(performance.now() - started);
}
const rows = [...(await measure('chats')), ...(await measure('contacts'))];

await using simulator = await startSimulator({ contacts, groups: [] });
giveTimes(simulator);
await using bare = await startLinkedLibrary(simulator.chromiumArgs, () => simulator.scan());
const library: number[] = [];
for (let round = 0; round < LIBRARY_ROUNDS; round += 1) {
  const started = performance.now();
  await bare.client.getChats();
  library.push(performance.now() - started);
}
print(`pages of 50 of ${chats}`, [
  ['GET /health, the floor of a request', `p50 ${median(idle).toFixed(1)} ms`],
  ...rows,
  ['bare client.getChats(), the whole list', `p50 ${median(library).toFixed(0)} ms`],
]);
