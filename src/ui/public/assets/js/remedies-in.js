/**
 * @typedef {'command' | 'setting' | 'volume' | 'advice'} RemedyKind
 *
 * @typedef {object} RemedyItem one way out, in the form in which a person pastes it
 * @property {RemedyKind} kind where it goes: a terminal, the settings, the compose file; or the whole advice
 * @property {string} text
 */

/** Programs that a remedy of the gateway tells people to run. */
const PROGRAMS =
  'sudo|doas|npx|npm|mkdir|mv|rm|df|ls|lsattr|chmod|chown|podman|docker|apk|apt-get|dnf|pacman|zypper|snap';

/** A quoted word, a quoted sign, or any that ends neither the command nor the brackets around it. */
const SIGN = String.raw`(?:'[^']*'|\\.|(?! {2}|; )[^()'])`;

/**
 * A command stands at the beginning or after a colon, and ends with brackets, two spaces or a semicolon;
 * a setting is one word; a line of the compose file goes on to the end.
 */
const ITEM = new RegExp(
  [
    `(?<=^|: )(?<command>(?:${PROGRAMS}) ${SIGN}+)`,
    String.raw`\b(?<setting>[A-Z][A-Z_]{3,}=(?:'[^']*'|[^\s',;)])+)`,
    String.raw`(?<=: to {2}|: {2})(?<volume>- .+)$`,
  ].join('|'),
  'g',
);

/**
 * What a person can paste out of a remedy such as `On the host: sudo ./a.sh  (or: sudo chown …)`, without the
 * words around it. A remedy that holds nothing of the kind is one item as a whole.
 * @param {string} remedy
 * @returns {RemedyItem[]}
 */
export function remediesIn(remedy) {
  const items = [...remedy.matchAll(ITEM)].map(({ groups = {} }) => {
    const [kind, text] = Object.entries(groups).find(([, found]) => found !== undefined) ?? [
      'advice',
      remedy,
    ];
    return { kind: /** @type {RemedyKind} */ (kind), text: text.trim().replace(/[.,;]$/, '') };
  });
  return items.length > 0 ? items : [{ kind: 'advice', text: remedy }];
}
