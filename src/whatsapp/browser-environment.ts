/**
 * What of the gateway's environment a browser may see. An allow-list, because the rest holds the API key
 * and whatever else the operator keeps there, and /proc/<pid>/environ of a renderer is a poor place for it.
 * The proxy variables are Chromium's only proxy setting on a machine without a desktop.
 */
const ALLOWED =
  /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|TMP|TEMP|TZ|LANG|LANGUAGE|LC_[A-Z]+|XDG_[A-Z_]+|FONTCONFIG_(?:FILE|PATH|SYSROOT)|LD_LIBRARY_PATH|CHROME_DEVEL_SANDBOX|(?:https?|all|no|auto)_proxy)$/i;

/**
 * The environment of a browser process.
 *
 * @param env the gateway's own environment
 * @param extra what this browser needs besides ({@link FoundBrowser.env}); wins
 */
export function browserEnvironment(
  env: NodeJS.ProcessEnv,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const allowed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && ALLOWED.test(name)) allowed[name] = value;
  }
  return { ...allowed, ...utf8(allowed), ...extra };
}

/**
 * Chromium reads the bytes of file names in the charset of the locale. Where that is not UTF-8 (no LANG: services,
 * cron, containers), IndexedDB cannot be opened in a profile whose path has other letters than ASCII, and WhatsApp Web
 * never gets as far as a QR (measured). The language is left as it is.
 */
function utf8(env: Readonly<Record<string, string>>): Record<string, string> {
  const set = (['LC_ALL', 'LC_CTYPE', 'LANG'] as const).find((name) => (env[name] ?? '') !== '');
  if (set !== undefined && /utf-?8/i.test(env[set] ?? '')) return {};
  return { [set === 'LC_ALL' ? 'LC_ALL' : 'LC_CTYPE']: 'C.UTF-8' };
}
