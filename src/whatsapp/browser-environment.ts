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
  return { ...allowed, ...extra };
}
